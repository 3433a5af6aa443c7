/** Nodes that come back from the trash with an entry that was here all the time, or was copied back. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { simTestDisk, type SimDiskOptions } from '../testing/index.ts';
import { MemorySpace } from './testing/memory-space.ts';
import { pairedDevice, syncAll, type TestDevice } from './testing/test-device.ts';

const WRITTEN_MS = 1_600_000_000_123;
const TOUCHED_MS = 1_500_000_000_456;

/** One file in the drive, deleted by the second device, and held on the first. */
async function heldDeletion(
  options: Omit<SimDiskOptions, 'now'> = {},
): Promise<{ a: TestDevice; b: TestDevice }> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna', { disk: simTestDisk(options) });
  const b = await pairedDevice(space, 'bert');
  b.write('f', 'content');
  b.disk.user.setTimes(b.at('f'), WRITTEN_MS);
  await syncAll([a, b]);
  b.disk.user.remove(b.at('f'));
  await b.sync();
  await b.engine.approveHeld({});
  await b.sync();
  assert.equal((await a.sync()).held, 1);
  return { a, b };
}

const timeOf = ({ disk, at }: TestDevice): number =>
  Number((disk.sim?.programs.lstat(at('f'))?.mtimeNs ?? 0n) / 1_000_000n);

test('a time that was set while the deletion was held is sent when that is undone', async () => {
  const { a, b } = await heldDeletion();
  a.disk.user.setTimes(a.at('f'), TOUCHED_MS);
  await a.sync();
  await a.engine.undoHeld({});
  await syncAll([a, b]);
  assert.deepEqual([timeOf(a), timeOf(b)], [TOUCHED_MS, TOUCHED_MS]);
});

test('what was not touched comes back with the time of its record, on a coarse disk, too', async () => {
  const { a, b } = await heldDeletion({ mtimeGranNs: 2_000_000_000n });
  await a.engine.undoHeld({});
  await syncAll([a, b]);
  assert.deepEqual([timeOf(a), timeOf(b)], [WRITTEN_MS - (WRITTEN_MS % 2000), WRITTEN_MS]);
});

test('a deleted file that is copied back keeps its new time, here and there', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const b = await pairedDevice(space, 'bert');
  for (const name of ['f', 'g', 'h']) a.write(name, `content of ${name}`);
  await syncAll([a, b]);
  a.disk.user.remove(a.at('f'));
  a.disk.clock.advance(10_000);
  await syncAll([a, b]);
  a.write('f', 'content of f');
  await syncAll([a, b]);
  assert.equal(timeOf(b), timeOf(a));
  assert.equal(b.read('f'), 'content of f');
});

test('what is held in a folder that is restored for something new stays in the trash and is held', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const b = await pairedDevice(space, 'bert');
  for (const name of ['f', 'g']) b.write(`d/${name}`, `content of ${name}`);
  await syncAll([a, b]);
  b.disk.user.remove(b.at('d'));
  await b.sync();
  await b.engine.approveHeld({});
  await b.sync();
  assert.equal((await a.sync()).held, 3);
  a.write('d/new', 'new');
  assert.equal((await a.sync()).held, 2);
  await b.sync();
  assert.deepEqual(b.tree(), { d: null, 'd/new': 'new' });
  assert.deepEqual(Object.keys(a.tree()), ['d', 'd/f', 'd/g', 'd/new']);
  await a.engine.approveHeld({});
  await syncAll([a, b]);
  assert.deepEqual(a.tree(), b.tree());
  assert.deepEqual(b.tree(), { d: null, 'd/new': 'new' });
});
