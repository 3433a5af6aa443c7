import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEngineDatabase } from './engine-database.ts';
import { RowCache } from './row-cache.ts';

function reader(): { readonly read: () => string; readonly times: () => number } {
  let times = 0;
  return { read: () => `row ${++times}`, times: () => times };
}

test('a row is read once until it is forgotten, an absent one too', () => {
  const cache = new RowCache<number, string>(10);
  const { read, times } = reader();
  assert.equal(cache.get(1, read), 'row 1');
  assert.equal(cache.get(1, read), 'row 1');
  assert.equal(
    cache.get(2, () => undefined),
    undefined,
  );
  assert.equal(cache.get(2, read), undefined);
  assert.equal(times(), 1);
  cache.forget(1);
  cache.forget(2);
  assert.equal(cache.get(1, read), 'row 2');
  assert.equal(cache.get(2, read), 'row 3');
});

test('a row that was written is not read', () => {
  const cache = new RowCache<number, string>(10);
  const { read } = reader();
  cache.get(1, read);
  cache.set(1, 'written');
  assert.equal(cache.get(1, read), 'written');
  cache.set(1, undefined);
  assert.equal(cache.get(1, read), undefined);
});

test('a full cache keeps what it was asked for again, and never an older form of it', () => {
  const cache = new RowCache<number, string>(4);
  cache.set(1, 'first');
  cache.set(2, 'second');
  cache.set(3, 'third');
  cache.set(1, 'newer');
  cache.set(4, 'fourth');
  assert.equal(
    cache.get(1, () => 'read'),
    'newer',
  );
  cache.forget(1);
  assert.equal(
    cache.get(1, () => 'read'),
    'read',
  );
});

test('a full cache drops the row that came first', () => {
  const cache = new RowCache<number, string>(2);
  const { read } = reader();
  for (const key of [1, 2, 3]) cache.get(key, read);
  assert.equal(cache.get(3, read), 'row 3');
  assert.equal(cache.get(2, read), 'row 2');
  assert.equal(cache.get(1, read), 'row 4');
});

test('a transaction that fails empties the caches: what it wrote never was', () => {
  const db = openEngineDatabase(':memory:', 0);
  const cache = db.cacheOf<number, string>('some_table');
  assert.equal(cache, db.cacheOf('some_table'), 'one for all who read the table');
  const fail = (): void => {
    db.transaction(() => {
      cache.get(1, () => 'written and taken back');
      throw new Error('no room');
    });
  };
  assert.throws(fail, /no room/);
  assert.equal(
    cache.get(1, () => 'what is there'),
    'what is there',
  );
  db.close();
});
