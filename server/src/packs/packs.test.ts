import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SpaceId } from '@coffer/protocol/core';
import { packStoreContract } from '../testing/pack-store-contract.ts';
import { openFilePackStore } from './file-packs.ts';
import { createMemoryPackStore } from './memory-packs.ts';
import { PackDamagedError } from './pack-store.ts';
import { smallPackName, withSmallPacks } from './small-packs.ts';

const folder = await mkdtemp(join(tmpdir(), 'coffer-packs-'));
after(() => rm(folder, { recursive: true, force: true }));
let stores = 0;

packStoreContract('packs in memory', async () => createMemoryPackStore());
const noRows = { readSmallPack: async () => undefined };
packStoreContract('files beside small packs', async () =>
  withSmallPacks(createMemoryPackStore(), noRows),
);
packStoreContract('packs in files', () => openFilePackStore(join(folder, `store-${stores++}`)));

const SPACE = '11'.repeat(16) as SpaceId;

test('packs are private files, and what a crash left half written goes', async () => {
  const path = join(folder, 'private');
  const store = await openFilePackStore(path);
  await store.put(SPACE, 'a1', new Uint8Array(10));
  assert.equal((await stat(join(path, SPACE, 'a1'))).mode & 0o777, 0o600);
  assert.equal((await stat(join(path, SPACE))).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(join(path, 'incoming')), []);
  await writeFile(join(path, 'incoming', 'torn'), 'half');
  const again = await openFilePackStore(path);
  assert.deepEqual(await readdir(join(path, 'incoming')), []);
  await again.read(SPACE, 'a1', [{ offset: 0, lengthBytes: 10 }]);
});

test('a small pack is read from its row, and one whose row is gone is a damaged pack', async () => {
  const name = smallPackName('a1');
  const rows = new Map([[name, Uint8Array.of(1, 2, 3, 4)]]);
  const files = createMemoryPackStore();
  const store = withSmallPacks(files, { readSmallPack: async (_space, pack) => rows.get(pack) });
  const ranges = [
    { offset: 2, lengthBytes: 2 },
    { offset: 0, lengthBytes: 1 },
  ];
  assert.deepEqual(await store.read(SPACE, name, ranges), [Uint8Array.of(3, 4), Uint8Array.of(1)]);
  assert.equal(await store.sizeOf(SPACE, name), 4);
  await assert.rejects(
    store.read(SPACE, name, [{ offset: 3, lengthBytes: 2 }]),
    PackDamagedError,
    'it is shorter',
  );
  await store.remove(SPACE, name);
  assert.equal(await store.sizeOf(SPACE, name), 4, 'it goes with its row');
  rows.clear();
  await assert.rejects(store.read(SPACE, name, ranges), PackDamagedError);
  assert.equal(await store.sizeOf(SPACE, name), undefined);
});
