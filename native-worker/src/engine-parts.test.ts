import assert from 'node:assert/strict';
import test from 'node:test';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice } from './executor/testing/test-device.ts';

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `file-${n}`);

test('what is dirty is planned a part at a time, until all of it is in sync', async () => {
  const space = new MemorySpace();
  const anna = await pairedDevice(space, 'anna', { planNodesMax: 2 });
  const ben = await pairedDevice(space, 'ben', { planNodesMax: 3 });
  for (const name of names(7)) anna.write(`deep/${name}`, name);
  assert.equal((await anna.sync()).uploaded.files, 7);
  // A folder and seven files: the new folder brings nothing along into the first plan.
  assert.equal(space.requests.filter((request) => request === 'commit').length, 4);
  await ben.sync();
  for (const name of names(5)) ben.disk.user.rename(ben.at(`deep/${name}`), ben.at(name));
  await ben.sync();
  await anna.sync();
  assert.deepEqual(anna.tree(), ben.tree());
  assert.equal(Object.keys(anna.tree()).length, 8);
});

test('what only waits makes no round endless', { timeout: 60_000 }, async () => {
  const space = new MemorySpace();
  const anna = await pairedDevice(space, 'anna');
  const ben = await pairedDevice(space, 'ben', { planNodesMax: 2 });
  for (const name of names(7)) anna.write(name, name);
  await anna.sync();
  const denied = ben.restarted((_, { kind, to = '' }) =>
    kind === 'link' && /file-[0-5]$/.test(to) ? 'denied' : undefined,
  );
  const { downloaded, stalls } = await denied.sync();
  assert.deepEqual([downloaded.files, stalls], [1, 6]);
  ben.disk.clock.advance(600_000);
  assert.equal((await ben.restarted().sync()).downloaded.files, 6);
});

test('a mass deletion is judged whole, whatever waits before it', async () => {
  const space = new MemorySpace();
  const anna = await pairedDevice(space, 'anna', { planNodesMax: 2 });
  for (const name of names(20)) anna.write(name, name);
  await anna.sync();
  for (const name of names(12)) anna.disk.user.remove(anna.at(name));
  for (let n = 0; n < 5; n++) anna.write(`new-${n}`, `${n}`);
  const summary = await anna.sync();
  assert.equal(summary.uploaded.files, 5);
  assert.equal(summary.trashed, 0);
  assert.equal(summary.held, 12);
});

test('a dry run shows all parts', async () => {
  const device = await pairedDevice(new MemorySpace(), 'anna', { planNodesMax: 2 });
  for (const name of names(7)) device.write(name, name);
  device.disk.clock.advance(1000);
  assert.equal((await device.engine.dryRun({})).operations.length, 7);
});

test('what waits to go up is told whole, and less with each part', async () => {
  const space = new MemorySpace();
  const device = await pairedDevice(space, 'anna', { planNodesMax: 2 });
  for (const name of names(7)) device.write(name, 'four');
  const asked: ReturnType<typeof device.engine.status>[] = [];
  space.fault = (request, phase) => {
    if (request === 'commit' && phase === 'before') asked.push(device.engine.status({}));
  };
  await device.sync();
  const told = (await Promise.all(asked)).map(({ pairs: [pair] }) => pair?.pending);
  assert.deepEqual([told.at(0)?.uploads, told.at(0)?.uploadBytes], [7, 28]);
  assert.deepEqual([told.at(-1)?.uploads, told.at(-1)?.uploadBytes], [1, 4]);
});
