import assert from 'node:assert/strict';
import test from 'node:test';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice, syncAll, type TestDevice } from './executor/testing/test-device.ts';
import { simTestDisk } from './testing/index.ts';

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

test('what is written while it is read is not judged', async () => {
  const device = await settled();
  rot(device, 'deep/b.txt', 'bbbbbX');
  let isEdited = false;
  const busy = device.restarted((phase, { kind, path }) => {
    if (isEdited || phase !== 'after' || kind !== 'file.read' || !path.endsWith('b.txt'))
      return undefined;
    isEdited = true;
    device.write('deep/b.txt', 'bbbbbY');
    return undefined;
  });
  const report = await busy.engine.verifyLocal({ pair: busy.root });
  assert.ok(isEdited);
  assert.deepEqual(report, { checked: 2, bytes: 4, pending: 1, mismatches: [] });
});

test('what changed on either side since the last sync is not checked, links too', async () => {
  const space = new MemorySpace();
  const [anna, bert] = [await pairedDevice(space, 'anna'), await pairedDevice(space, 'bert')];
  anna.write('theirs', 'first');
  anna.write('deleted', 'there');
  anna.disk.user.symlink('theirs', anna.at('link'));
  await syncAll([anna, bert]);
  bert.write('theirs', 'second');
  bert.disk.user.remove(bert.at('deleted'));
  await bert.sync();
  anna.disk.user.remove(anna.at('link'));
  anna.disk.user.symlink('deleted', anna.at('link'));
  await anna.client.pull(new AbortController().signal);
  const report = await anna.engine.verifyLocal({ pair: anna.root });
  assert.deepEqual(report, { checked: 0, bytes: 0, pending: 3, mismatches: [] });
});

test('an edit that kept size and time is no mismatch on a disk with coarse times', async () => {
  const disk = simTestDisk({ mtimeGranNs: 2_000_000_000n });
  const device = await pairedDevice(new MemorySpace(), 'anna', { disk });
  device.write('f', 'first');
  device.disk.user.setTimes(device.at('f'), 1_700_000_000_000);
  await device.sync();
  disk.clock.advance(5000);
  rot(device, 'f', 'other');
  const report = await device.engine.verifyLocal({ pair: device.root });
  assert.deepEqual(report, { checked: 0, bytes: 0, pending: 1, mismatches: [] });
});

test('who interrupts it gets no report', async () => {
  const device = await settled();
  const ending = new AbortController();
  const busy = device.restarted((_, { kind }) => {
    if (kind === 'file.read') ending.abort();
    return undefined;
  });
  const report = busy.engine.verifyLocal({ pair: busy.root }, { signal: ending.signal });
  await assert.rejects(report, { name: 'AbortError' });
});
