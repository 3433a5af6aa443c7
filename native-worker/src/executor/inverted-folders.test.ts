/** Folders that go into one of their own: what is in them leaves them while they wait in staging. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'node:test';
import { Crash, type DiskTurn } from '../testing/index.ts';
import { MemorySpace } from './testing/memory-space.ts';
import { cutPowerBack, LATER_BOOT } from './testing/power-cut.ts';
import { pairedDevice, syncAll, type TestDevice } from './testing/test-device.ts';

const INVERTED = { d: null, 'd/d': null, 'd/d/outer': 'outer', 'd/inner': 'inner' };

/** Two devices of which `b` has yet to hear that the two folders changed places and names. */
async function invertedThere(
  databasePath?: string,
): Promise<{ readonly a: TestDevice; readonly b: TestDevice }> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const b = await pairedDevice(space, 'bert', databasePath === undefined ? {} : { databasePath });
  a.write('d/outer', 'outer');
  a.write('d/d/inner', 'inner');
  await syncAll([a, b]);
  b.disk.sim?.writeBack(0);
  a.disk.user.rename(a.at('d/d'), a.at('t'));
  a.disk.user.rename(a.at('d'), a.at('t/d'));
  a.disk.user.rename(a.at('t'), a.at('d'));
  await a.sync();
  return { a, b };
}

test('a folder and one in it that change places are there once they are agreed on', async () => {
  const { a, b } = await invertedThere();
  await b.sync();
  assert.deepEqual(b.tree(), INVERTED);
  // What has no name on the disk after a power cut was not synced.
  cutPowerBack(b);
  assert.deepEqual(b.tree(), INVERTED);
  await syncAll([b.restarted(undefined, LATER_BOOT), a]);
  assert.deepEqual(a.tree(), INVERTED);
});

test('a folder that something left in staging is made durable where it is then', async () => {
  const { b } = await invertedThere();
  const synced: string[] = [];
  const watching = b.restarted((phase, call) => {
    if (phase === 'after' && call.kind === 'syncFolder') synced.push(call.path);
    return undefined;
  });
  await watching.sync();
  assert.ok(synced.includes(b.at('d/d')), synced.join(', '));
});

for (const powerLoss of [false, true]) {
  const how = powerLoss ? 'a power cut' : 'a crash';
  test(`folders that change places do so after ${how} at each rename of it`, async () => {
    for (let at = 1; at <= 3; at++) {
      const folder = mkdtempSync(
        `${existsSync('/dev/shm') ? '/dev/shm' : tmpdir()}/coffer-invert-`,
      );
      const { a, b } = await invertedThere(`${folder}/engine.db`);
      let isDead = false;
      let renames = 0;
      const die: DiskTurn = (phase, call) => {
        if (isDead) throw new Crash('the process is dead');
        if (phase !== 'after' || call.kind !== 'rename' || ++renames < at) return undefined;
        isDead = true;
        victim.database.close();
        if (powerLoss) b.disk.sim?.crash();
        throw new Crash('killed');
      };
      const victim = b.restarted(die);
      await assert.rejects(victim.engine.syncNow({}));
      const again = b.restarted(undefined, powerLoss ? LATER_BOOT : undefined);
      await syncAll([again, a, again]);
      assert.deepEqual(again.tree(), INVERTED, `rename ${at}`);
      assert.deepEqual(a.tree(), INVERTED, `rename ${at}`);
      again.database.close();
      rmSync(folder, { recursive: true });
    }
  });
}
