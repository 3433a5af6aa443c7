import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SpaceId } from '@coffer/protocol/core';
import { packStoreContract } from '../testing/pack-store-contract.ts';
import { openFilePackStore } from './file-packs.ts';
import { createMemoryPackStore } from './memory-packs.ts';

const folder = await mkdtemp(join(tmpdir(), 'coffer-packs-'));
after(() => rm(folder, { recursive: true, force: true }));
let stores = 0;

packStoreContract('packs in memory', async () => createMemoryPackStore());
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
