import assert from 'node:assert/strict';
import test from 'node:test';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice, type TestDevice } from './executor/testing/test-device.ts';

async function settled(): Promise<TestDevice> {
  const device = await pairedDevice(new MemorySpace(), 'anna');
  device.write('a.txt', 'aaaa');
  device.write('deep/b.txt', 'bbbbbb');
  // Whole milliseconds can be set again.
  device.disk.user.setTimes(device.at('deep/b.txt'), 1_700_000_000_000);
  device.disk.user.symlink('a.txt', device.at('link'));
  await device.sync();
  return device;
}

/** Other bytes under the size and time that the file had: what a disk does, and no program. */
function rot(device: TestDevice, path: string, content: string): void {
  const { fileSystem } = device.options;
  const before = fileSystem.lstat(device.at(path));
  assert.ok(before !== undefined);
  device.write(path, content);
  fileSystem.setTimes(device.at(path), Number(before.mtimeNs) / 1e6);
  assert.equal(fileSystem.lstat(device.at(path))?.mtimeNs, before.mtimeNs);
}

test('every synced file is read again, and all agree', async () => {
  const device = await settled();
  const report = await device.engine.verifyLocal({ pair: device.root });
  assert.deepEqual(report, { checked: 3, bytes: 10, pending: 0, mismatches: [] });
});

test('other content under equal size and time is a mismatch, an edit is not', async () => {
  const device = await settled();
  rot(device, 'deep/b.txt', 'bbbbbX');
  const { mismatches, checked } = await device.engine.verifyLocal({ pair: device.root });
  assert.equal(checked, 3);
  assert.deepEqual(
    mismatches.map(({ path, kind }) => [path, kind]),
    [[device.at('deep/b.txt'), 'content']],
  );
  assert.match(
    mismatches[0]?.detail ?? '',
    /^its SHA-256 is [0-9a-f]{64}, signed is [0-9a-f]{64}$/,
  );
  device.disk.clock.advance(5000);
  device.write('deep/b.txt', 'edited');
  device.disk.user.remove(device.at('a.txt'));
  const edited = await device.engine.verifyLocal({ pair: device.root });
  assert.deepEqual(edited, { checked: 1, bytes: 0, pending: 2, mismatches: [] });
});

test('a root that is away is no folder in which everything agrees', async () => {
  const device = await settled();
  device.disk.user.rename(device.root, `${device.root}-away`);
  await assert.rejects(device.engine.verifyLocal({ pair: device.root }), { code: 'unsuitable' });
});
