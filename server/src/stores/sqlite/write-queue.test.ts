import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { Undo, WriteQueue } from './write-queue.ts';

function createQueue() {
  const database = new Database(':memory:');
  database.exec('CREATE TABLE t (x INTEGER UNIQUE) STRICT');
  const turns: (() => void)[] = [];
  const queue = new WriteQueue(database, (action) => turns.push(action));
  const insert = database.prepare('INSERT INTO t (x) VALUES (?)');
  const rows = () => database.prepare('SELECT x FROM t ORDER BY x').pluck().all();
  const nextTurn = () => turns.splice(0).forEach((turn) => turn());
  return { database, queue, insert, rows, nextTurn, turns };
}

test('writes of one turn share a transaction, and each is told its own outcome', async () => {
  const { queue, insert, rows, nextTurn, turns } = createQueue();
  const first = queue.run(() => insert.run(1).changes);
  const undone = queue.run(() => {
    insert.run(2);
    throw new Undo('no');
  });
  const failed = queue.run(() => insert.run(1));
  const last = queue.run(() => insert.run(3).changes);
  assert.equal(turns.length, 1);
  nextTurn();
  assert.deepEqual(await Promise.all([first, undone, last]), [1, 'no', 1]);
  await assert.rejects(failed, /UNIQUE/);
  assert.deepEqual(rows(), [1, 3]);
});

test('when the transaction cannot end well, nobody is told that it did', async () => {
  const { database, queue, insert, rows, nextTurn } = createQueue();
  database.pragma('foreign_keys = ON');
  database.exec(
    'CREATE TABLE child (t INTEGER REFERENCES t (x) DEFERRABLE INITIALLY DEFERRED) STRICT',
  );
  const fine = queue.run(() => void insert.run(1));
  const bad = queue.run(() => void database.prepare('INSERT INTO child VALUES (9)').run());
  const outcomes = Promise.allSettled([fine, bad]);
  nextTurn();
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.deepEqual(rows(), []);
  const after = queue.run(() => void insert.run(2));
  nextTurn();
  await after;
  assert.deepEqual(rows(), [2]);
});

test('after closing, writes are refused instead of lost', async () => {
  const { database, queue, insert, nextTurn } = createQueue();
  database.close();
  const late = queue.run(() => void insert.run(1));
  const refused = assert.rejects(late, /not open/);
  nextTurn();
  await refused;
});
