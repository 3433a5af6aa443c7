import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT } from './device.ts';
import { contentsLeftOut } from './left-out.ts';
import { CONTENT, seen } from './planted.ts';

test('what is on a disk in a left-out folder is known until its engine has taken it away', async () => {
  await seen(async ({ world, sim, other, write }) => {
    const [synced, fresh] = [`${CONTENT} synced`, `${CONTENT} fresh`];
    sim.user.folder(`${ROOT}/f`);
    sim.user.folder(`${ROOT}/f/out`);
    write('/f/out/file', synced);
    write('/f/beside', `${CONTENT} beside`);
    await world.rest();
    assert.deepEqual([...contentsLeftOut(other)], []);
    const { engine } = await other.live(world.signal);
    await engine.exclude({ pair: ROOT, remote: ['/f/out'] });
    other.user.write(`${ROOT}/f/out/fresh`, fresh);
    assert.deepEqual([...contentsLeftOut(other)].sort(), [fresh, synced]);
    assert.deepEqual([...contentsLeftOut(sim)], []);
    await world.rest();
    assert.deepEqual([...contentsLeftOut(other)], []);
  });
});
