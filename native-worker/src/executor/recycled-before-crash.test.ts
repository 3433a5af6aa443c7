/** What was recycled here when the power went is no person's deletion. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test from 'node:test';
import { Crash, type DiskTurn } from '../testing/index.ts';
import { crashHistory } from './testing/crash-history.ts';
import { syncAll } from './testing/test-device.ts';

const FILES = ['d/one', 'd/two', 'd/three', 'd/mine'];

for (const powerLoss of [false, true]) {
  const how = powerLoss ? 'a power cut' : 'a crash';
  test(`after ${how} while a left-out folder goes, taken in again, it is whole everywhere`, async () => {
    const { a, b, folder } = await crashHistory();
    for (const name of FILES) a.write(name, name);
    await syncAll([a, b]);
    b.disk.sim?.writeBack(0);
    // An edit keeps the folder here until it went up: what is in it goes file by file.
    b.write('d/mine', 'edited');
    await b.engine.exclude({ pair: b.root, remote: ['/d'] });
    let isDead = false;
    let renames = 0;
    const die: DiskTurn = (phase, call) => {
      if (isDead) throw new Crash('the process is dead');
      if (phase !== 'after' || call.kind !== 'rename' || ++renames < 2) return undefined;
      isDead = true;
      victim.database.close();
      if (powerLoss) {
        b.disk.sim?.writeBack(0);
        b.disk.sim?.crash();
      }
      throw new Crash('killed');
    };
    const victim = b.restarted(die);
    await assert.rejects(victim.engine.syncNow({}));
    const again = b.restarted();
    await again.engine.include({ pair: b.root, remote: ['/d'] });
    await syncAll([again, a, again]);
    assert.deepEqual(Object.keys(a.tree()).sort(), ['d', ...FILES].sort());
    assert.deepEqual(again.tree(), a.tree());
    assert.equal(a.read('d/mine'), 'edited');
    again.database.close();
    rmSync(folder, { recursive: true });
  });
}

test('what a power cut brings back of a deletion by somebody else goes again', async () => {
  const { a, b, folder } = await crashHistory();
  for (const name of [...FILES, 'single', 'kept']) a.write(name, name);
  await syncAll([a, b]);
  b.disk.sim?.writeBack(0);
  a.disk.user.remove(a.at('d'));
  a.disk.user.remove(a.at('single'));
  await a.sync();
  await a.engine.approveHeld({});
  await a.sync();
  let isDead = false;
  const die: DiskTurn = (phase, call) => {
    if (isDead) throw new Crash('the process is dead');
    if (phase !== 'before' || call.kind !== 'syncFolder') return undefined;
    isDead = true;
    victim.database.close();
    b.disk.sim?.crash();
    throw new Crash('the power went');
  };
  const victim = b.restarted(die);
  await assert.rejects(victim.engine.syncNow({}));
  const again = b.restarted();
  assert.ok(again.tree()['single'] !== undefined, 'the power cut brought it back');
  // At once: what is back did not come to rest.
  await again.engine.syncNow({});
  await syncAll([again, a, again]);
  assert.deepEqual(Object.keys(a.tree()), ['kept']);
  assert.deepEqual(again.tree(), a.tree());
  again.database.close();
  rmSync(folder, { recursive: true });
});
