import assert from 'node:assert/strict';
import test from 'node:test';
import { SPACE_STORE_CONTRACT } from '@coffer/sdk/testing';
import { openEngineDatabase } from './engine-database.ts';
import { SqliteSpaceStore } from './space-store.ts';

for (const { title, check } of SPACE_STORE_CONTRACT) {
  test(`SQLite space store: ${title}`, () => {
    const database = openEngineDatabase(':memory:', 0);
    check(new SqliteSpaceStore(database));
    database.close();
  });
}

test('the contract looks at something', () => {
  assert.ok(SPACE_STORE_CONTRACT.length >= 8);
});
