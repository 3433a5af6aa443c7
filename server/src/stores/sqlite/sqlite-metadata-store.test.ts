import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nextTurn } from '../../adapters/platform.ts';
import { metadataStoreContract } from '../../testing/metadata-store-contract.ts';
import {
  chunkId,
  digest,
  headAt,
  newAccount,
  newBody,
  newPack,
  proposalTo,
  spaceId,
} from '../../testing/store-rows.ts';
import { openDatabase } from './open-database.ts';
import { createSqliteMetadataStore } from './sqlite-metadata-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'coffer-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let stores = 0;

metadataStoreContract('SQLite in memory', async () =>
  createSqliteMetadataStore(openDatabase(':memory:'), queueMicrotask),
);
metadataStoreContract('SQLite in a file', async () =>
  createSqliteMetadataStore(openDatabase(join(folder, `${stores++}.sqlite`)), nextTurn),
);

test('everything is there after the store was closed and opened again', async () => {
  const file = join(folder, 'again.sqlite');
  const first = createSqliteMetadataStore(openDatabase(file), nextTurn);
  await first.createAccount(newAccount('ann'), digest('b'));
  const space = spaceId('ann');
  await first.commit(proposalTo(space, headAt(2)));
  await first.registerPack(newPack(space, 'one', { bodies: [newBody(chunkId('a'))] }));
  await first.close();
  const second = createSqliteMetadataStore(openDatabase(file), nextTurn);
  assert.deepEqual((await second.getHead(space))?.state, headAt(2));
  assert.equal((await second.findBodies(space, [chunkId('a')]))[0]?.pack, 'one');
  await second.close();
});
