/** Clocks that jump by years: at a client, at all of them, at the server. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { EvilWorld, JumpingClock, signal, type Victim } from './evil-world.ts';
import { CALLS, decodeJson, encodeJson } from '@coffer/protocol/api';

const YEARS = 365 * 24 * 3600 * 1000;

const contents = (victim: Victim): readonly string[] =>
  Object.values(victim.tree()).map((entry) => entry.replace(/ mode .*/, ''));

test('T80 a clock that jumps ten years back or forth loses nothing and deletes nothing', async () => {
  for (const jump of [10 * YEARS, -10 * YEARS]) {
    await using world = await EvilWorld.create('laptop', 'desk');
    const clock = new JumpingClock();
    const laptop = await world.start('laptop', { clock });
    const desk = await world.start('desk');
    laptop.write('steady', 'before the jump');
    await laptop.sync();
    await desk.sync();
    clock.time += jump;
    laptop.write('after', 'after the jump');
    laptop.write('steady', 'changed after the jump');
    await laptop.sync();
    await desk.sync();
    desk.write('steady', 'changed by a right clock');
    await desk.sync();
    clock.time -= jump;
    await laptop.sync();
    for (const victim of [laptop, desk]) {
      assert.equal(victim.read('steady'), 'changed by a right clock', String(jump));
      assert.equal(victim.read('after'), 'after the jump', String(jump));
    }
    const versions = desk.drive.versions('/steady');
    assert.ok(versions.ok && versions.value.length >= 2);
  }
});

test('T80 of two changes at once both survive, whatever the clocks of their devices say', async () => {
  for (const ahead of [10 * YEARS, -10 * YEARS]) {
    await using world = await EvilWorld.create('laptop', 'desk');
    const clock = new JumpingClock();
    clock.time += ahead;
    const laptop = await world.start('laptop', { clock });
    const desk = await world.start('desk');
    laptop.write('both', 'base');
    await laptop.sync();
    await desk.sync();
    laptop.write('both', 'of the laptop');
    desk.write('both', 'of the desk');
    for (let turn = 0; turn < 3; turn++) {
      await desk.sync();
      await laptop.sync();
    }
    for (const victim of [laptop, desk]) {
      assert.deepEqual([...contents(victim)].sort(), ['of the desk', 'of the laptop']);
      // Who came second gave way: its clock made no difference.
      assert.equal(victim.read('both'), 'of the desk');
    }
  }
});

test('T80 T45 a server whose time is years off shortens no history and stops nothing', async () => {
  for (const serverTime of [0, 8_000_000_000_000_000]) {
    await using world = await EvilWorld.create('laptop', 'desk');
    const laptop = await world.start('laptop');
    const desk = await world.start('desk');
    laptop.write('kept', 'first');
    await laptop.sync();
    const { answer } = CALLS.head;
    world.evil.tell(({ call, status, body }) =>
      call === 'head' && status === 200
        ? encodeJson(answer, { ...decodeJson(answer, body), serverTime })
        : undefined,
    );
    laptop.write('new', 'new');
    laptop.clock.time += 10 * 60_000;
    await laptop.engine.syncNow({ timeoutMs: 60_000 });
    assert.ok(world.evil.fired > 0);
    world.evil.tell(() => undefined);
    laptop.clock.time += 60 * 60_000;
    laptop.write('kept', 'second');
    await laptop.sync();
    await desk.sync();
    assert.deepEqual([desk.read('kept'), desk.read('new')], ['second', 'new']);
    await desk.drive.refresh(signal);
    const versions = desk.drive.versions('/kept');
    assert.ok(versions.ok && versions.value.length === 2);
    for (const { keepUntil } of versions.value) {
      assert.ok(keepUntil === null || keepUntil > world.clock.time + 100 * 24 * 3600 * 1000);
    }
  }
});
