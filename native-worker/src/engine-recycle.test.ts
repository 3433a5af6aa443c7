/** What is kept of replaced and deleted local files, and what people can set about it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { EngineOptions } from './engine-options.ts';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice, type TestDevice } from './executor/testing/test-device.ts';

const DAY_MS = 86_400_000;

/** A device from which another one's edit and deletion sent `1` and `2` to the recycle area. */
async function recycling(settings: EngineOptions['settings'] = {}): Promise<TestDevice> {
  const space = new MemorySpace();
  const c = await pairedDevice(space, 'cleo');
  for (let n = 0; n < 12; n++) c.write(`d/${n}`, `content ${n}`);
  await c.sync();
  const d = await pairedDevice(space, 'dora', { settings });
  await d.sync();
  c.write('d/2', 'edited');
  c.disk.user.remove(c.at('d/1'));
  await c.sync();
  await d.sync();
  return d;
}

test('the recycle area gives up what is old and kept remotely, and nothing else', async () => {
  const d = await recycling();
  assert.deepEqual(recycledFiles(d), ['1', '2']);
  d.disk.clock.advance(29 * DAY_MS);
  await d.sync();
  assert.deepEqual(recycledFiles(d), ['1', '2']);
  d.disk.clock.advance(2 * DAY_MS);
  await d.sync();
  assert.deepEqual(recycledFiles(d), []);
});

test('recycle.days says how long replaced files are kept', async () => {
  const d = await recycling({ recycleKeepMs: 3 * DAY_MS });
  d.disk.clock.advance(2 * DAY_MS);
  await d.sync();
  assert.deepEqual(recycledFiles(d), ['1', '2']);
  d.disk.clock.advance(2 * DAY_MS);
  await d.sync();
  assert.deepEqual(recycledFiles(d), []);
});

test('recycle.maxBytes gives up the oldest first, and keeps what has room', async () => {
  // Both have 9 bytes: one has room.
  const d = await recycling({ recycleBytesMax: 10 });
  assert.equal(recycledFiles(d).length, 1);
});

/** Names of recycled files. */
function recycledFiles(device: TestDevice): string[] {
  const fileSystem = device.disk.sim?.programs ?? device.disk.fileSystem;
  const found: string[] = [];
  const visit = (folder: string): void => {
    if (fileSystem.lstat(folder)?.type !== 'folder') return;
    for (const name of fileSystem.readFolder(folder)) {
      if (typeof name !== 'string' || name === 'index.jsonl') continue;
      if (fileSystem.lstat(`${folder}/${name}`)?.type === 'file') found.push(name);
      else visit(`${folder}/${name}`);
    }
  };
  visit(device.at('.coffer/recycle'));
  return found.toSorted();
}
