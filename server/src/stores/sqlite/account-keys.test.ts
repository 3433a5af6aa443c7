import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accountId,
  chunkId,
  deviceId,
  digest,
  headAt,
  keyOf,
  newAccount,
  newBody,
  newPack,
  newPage,
  nodeId,
  pageIdOf,
  proposalTo,
  spaceId,
  text,
} from '../../testing/store-rows.ts';
import { openDatabase } from './open-database.ts';
import { createSqliteMetadataStore } from './sqlite-metadata-store.ts';

/** A table that is in neither list has rows of the account, which end with it. */
const OF_NO_ACCOUNT = new Set(['counters', 'holds', 'job_runs', 'stray_packs']);
const UNTIL_COLLECTED = ['bodies', 'packs', 'page_entries', 'small_packs', 'spaces'];

test('an account that ends leaves rows in no table but those of bodies, and these are collected', async () => {
  const database = openDatabase(':memory:');
  const store = createSqliteMetadataStore(database, queueMicrotask);
  const names = database
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .pluck()
    .all();
  const tables = names.filter((name) => !OF_NO_ACCOUNT.has(name)).sort();
  const filled = () =>
    tables.filter((name) => database.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get() !== undefined);

  const [account, space] = [accountId('ann'), spaceId('ann')];
  await store.createAccount(newAccount('ann'), digest('first'));
  const device = deviceId('ann');
  await store.createSession({ tokenDigest: digest('t'), account, device, expiresAt: 1000 }, 1);
  await store.startSecondFactor(account, new Uint8Array(16));
  await store.confirmSecondFactor(account, { step: 1, backupCodes: [digest('code')] });
  const page = newPage(pageIdOf('p'), [chunkId('c')]);
  await store.registerPack(
    newPack(space, 'pack', { bodies: [newBody(chunkId('c')), page], bytes: text('pack') }),
  );
  const records = [[keyOf(nodeId('parent'), nodeId('node')), text('record')]] as const;
  const treeNodes = [['00', text('row')]] as const;
  await store.commit(proposalTo(space, headAt(2), { change: { records, treeNodes } }));
  assert.deepEqual(filled(), tables, 'this test gives the account a row in every table');

  await store.deleteAccount(account, 5);
  assert.deepEqual(filled(), UNTIL_COLLECTED);
  await store.collectBodies({ unneededSince: 5, now: 5, limit: 10 });
  await store.forgetPack('pack');
  assert.deepEqual(filled(), []);
  await store.close();
});
