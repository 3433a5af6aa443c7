/** What earlier versions stored is there, and means the same, after every later step. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { BodyId } from '@coffer/protocol/api';
import type { AccountId, Digest, SpaceId } from '@coffer/protocol/core';
import { SCHEMA_FIXTURES, STEP_DIGESTS } from '../../testing/schema-fixtures.ts';
import { MIGRATIONS } from './migrations.ts';
import { openDatabase } from './open-database.ts';
import { createSqliteMetadataStore } from './sqlite-metadata-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'coffer-migrations-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ANN = 'a'.repeat(32) as AccountId;
const SPACE = '5'.repeat(32) as SpaceId;
const bodyOf = (digit: string) => digit.repeat(64) as BodyId;

test('no step that a server may have taken was edited', () => {
  const digests = MIGRATIONS.map((step) =>
    createHash('sha256').update(step).digest('hex').slice(0, 32),
  );
  assert.deepEqual(digests, STEP_DIGESTS, 'a change of the schema is a new step');
});

test('there is a fixture of every earlier schema', () => {
  assert.equal(SCHEMA_FIXTURES.length, MIGRATIONS.length - 1);
});

for (const [index, rows] of SCHEMA_FIXTURES.entries()) {
  const version = index + 1;
  test(`what was stored under schema ${version} is all there under the newest`, async () => {
    const file = join(folder, `${version}.sqlite`);
    const old = openDatabase(file, MIGRATIONS.slice(0, version));
    old.exec(rows);
    old.close();
    const database = openDatabase(file);
    assert.equal(database.pragma('user_version', { simple: true }), MIGRATIONS.length);
    const store = createSqliteMetadataStore(database, queueMicrotask);
    assert.deepEqual(await store.checkFiles(), []);
    assert.equal((await store.findAccountByName('ann@example.org'))?.id, ANN);
    assert.equal((await store.getChain(ANN, 0)).length, 2);
    assert.equal((await store.getSession('e'.repeat(64) as Digest))?.expiresAt, 99000);
    assert.equal((await store.getHead(SPACE))?.state.seq, 3);
    assert.equal((await store.readCommits(SPACE, 1, 1000))?.commits.length, 3);
    assert.equal(await store.getRole(SPACE, ANN), 'owner');
    assert.deepEqual(await store.usage(ANN, 4000), {
      usedBytes: 300,
      totalBytes: 5000,
      transferUsedBytes: 11,
    });
    const packs = await store.listPacks(0, 10);
    assert.deepEqual(
      packs.map(({ pack, liveBytes, isDead }) => [pack, liveBytes, isDead]),
      [
        ['living', 350, false],
        ['emptied', 0, true],
      ],
    );
    const whole = await store.findBodies(SPACE, ['1', '2', '3', '4'].map(bodyOf));
    assert.deepEqual(
      whole.map((place) => place?.offset),
      [version === 1 ? 10 : undefined, 110, 210, 260],
    );
    await store.close();
  });
}

test('bodies that nobody needed before there was collection get its whole grace', async () => {
  const file = join(folder, 'grace.sqlite');
  const old = openDatabase(file, MIGRATIONS.slice(0, 1));
  old.exec(SCHEMA_FIXTURES[0] ?? '');
  old.close();
  const store = createSqliteMetadataStore(openDatabase(file), queueMicrotask);
  const bodies = await store.listBodies(SPACE, undefined, 10);
  const [, leased, ended] = bodies;
  for (const body of [leased, ended]) assert.ok((body?.leaseUntil ?? 0) > Date.UTC(2026, 0));
  await store.close();
});
