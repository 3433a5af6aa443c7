/** People who act while an entry waits in staging for its slot. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { simTestDisk } from '../testing/index.ts';
import { MemorySpace } from './testing/memory-space.ts';
import { pairedDevice, syncAll, type TestDevice } from './testing/test-device.ts';

/** Two files of a folder change places on one device; on the other, `action` comes when one is staged. */
async function swapped(action: (a: TestDevice) => void): Promise<readonly TestDevice[]> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna', { disk: simTestDisk() });
  const b = await pairedDevice(space, 'bert');
  for (const name of ['x', 'y']) a.write(`d/${name}`, name);
  a.disk.user.folder(`${a.root} outside`);
  await syncAll([a, b]);
  b.disk.user.rename(b.at('d/x'), b.at('aside'));
  b.disk.user.rename(b.at('d/y'), b.at('d/x'));
  b.disk.user.rename(b.at('aside'), b.at('d/y'));
  await b.sync();
  a.disk.clock.advance(5000);
  let isDone = false;
  const busy = a.restarted((phase, call) => {
    const isStaged = call.kind === 'rename' && call.to?.includes('/staging/') === true;
    if (isDone || phase !== 'after' || !isStaged) return undefined;
    isDone = true;
    action(a);
    return undefined;
  });
  await syncAll([busy, b]);
  assert.ok(isDone);
  return [busy, b];
}

const TREE = { d: null, 'd/x': 'y', 'd/y': 'x' };

describe('an entry that waits in staging', () => {
  test('is there once when its folder was deleted meanwhile', async () => {
    const devices = await swapped((a) => a.disk.user.remove(a.at('d')));
    for (const device of devices) assert.deepEqual(device.tree(), TREE);
  });

  test('goes through no link that stands where its folder was', async () => {
    const devices = await swapped((a) => {
      a.disk.user.remove(a.at('d'));
      a.disk.user.symlink(`${a.root} outside`, a.at('d'));
    });
    const [{ disk, root } = assert.fail()] = devices;
    assert.deepEqual(disk.sim?.programs.readFolder(`${root} outside`), []);
    for (const device of devices) {
      const contents = Object.values(device.tree()).filter((each) => each?.length === 1);
      assert.deepEqual(contents.toSorted(), ['x', 'y']);
    }
  });
});
