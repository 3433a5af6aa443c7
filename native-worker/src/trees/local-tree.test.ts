import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localTreeContract, plainRow, testPair } from '../testing/index.ts';
import type { LocalId } from '../planner/types.ts';
import type { Digest, NodeId } from '@coffer/protocol/core';
import { numbered, openEngineDatabase, type EngineDatabase } from './engine-database.ts';
import { allocateLocalId } from './local-tree.ts';
import { openPairTrees } from './pair-trees.ts';

localTreeContract('SQLite', () => {
  const db = openEngineDatabase(':memory:', 0);
  const root = allocateLocalId(db);
  const pair = testPair({ rootLocalId: root });
  const trees = openPairTrees(db, pair, () => 0);
  trees.local.put({ ...plainRow, id: root, parent: root, name: '', kind: 'folder' });
  let nodes = 0;
  const pairRow = (id: LocalId): void => {
    const row = trees.local.byId(id);
    if (row === undefined) throw new RangeError('there is no such row');
    trees.base.put({
      id: (++nodes).toString(16).padStart(32, 'e') as NodeId,
      localId: id,
      parent: pair.remoteRoot,
      name: row.name,
      localName: row.name,
      kind: row.kind,
      rev: 1,
      contentId: null,
      size: row.size,
      sha256: row.sha256,
      mtimeMs: null,
      localMtimeNs: row.mtimeNs,
      executable: row.executable,
      target: row.target,
    });
  };
  const stalls = (): readonly string[] => trees.stalls.bySource('scan').map(({ reason }) => reason);
  const takeDirty = (): ReadonlySet<LocalId> => {
    const reading = trees.dirty.read(100, 100);
    trees.dirty.clear(reading);
    return new Set(reading.dirty.local);
  };
  return { tree: trees.local, pair: pairRow, stalls, takeDirty };
});

test('no id is given out twice, whatever became of the transaction that it was made in', () => {
  const db = openEngineDatabase(':memory:', 0);
  const { local } = openPairTrees(db, testPair({ rootLocalId: allocateLocalId(db) }), () => 0);
  const kept = new Set<LocalId>();
  const put = (id: LocalId): void => {
    assert.ok(!kept.has(id), `${id} is given out again`);
    kept.add(id);
    local.put({ ...plainRow, id, parent: local.root, name: `file ${id}` });
  };
  for (let i = 0; i < 300; i++) put(local.allocate());
  const failing = (): void => {
    db.transaction(() => {
      for (let i = 0; i < 300; i++) local.put({ ...plainRow, id: local.allocate() });
      throw new Error('no room');
    });
  };
  assert.throws(failing, /no room/);
  for (let i = 0; i < 600; i++) put(local.allocate());
  db.close();
});

test('a conflict copy is known as one until it is uploaded, and a row that was taken back is none', () => {
  const db = openEngineDatabase(':memory:', 0);
  const { local } = openPairTrees(db, testPair({ rootLocalId: allocateLocalId(db) }), () => 0);
  const original = 'a'.repeat(32) as NodeId;
  const id = local.allocate();
  assert.equal(local.copyOf(id), null);
  local.put({ ...plainRow, id });
  const failing = (): void => {
    db.transaction(() => {
      local.setCopyOf(id, original);
      assert.equal(local.copyOf(id), original);
      throw new Error('no room');
    });
  };
  assert.throws(failing, /no room/);
  assert.equal(local.copyOf(id), null);
  local.setCopyOf(id, original);
  assert.equal(local.copyOf(id), original);
  local.setCopyOf(id, null);
  assert.equal(local.copyOf(id), null);
  db.close();
});

test('an ignore file that comes, changes, moves or goes marks what the drive has and this pair has not', () => {
  const db = openEngineDatabase(':memory:', 0);
  const root = allocateLocalId(db);
  const pair = testPair({ rootLocalId: root });
  const { dirty, local, remote } = openPairTrees(db, pair, () => 0);
  const entry = { ...plainRow, parent: root };
  local.put({ ...entry, id: root, name: '', kind: 'folder' });
  const away = 'a'.repeat(32) as NodeId;
  remote.put({
    id: away,
    parent: pair.remoteRoot,
    name: 'x.log',
    kind: 'file',
    rev: 1,
    contentId: null,
    size: 1,
    sha256: 'b'.repeat(64) as Digest,
    mtimeMs: null,
    executable: false,
    target: null,
    copyOf: null,
    fromParent: null,
    fromName: null,
    device: '',
    changedAtMs: 0,
    state: 'live',
  });
  const isMarkedBy = (action: () => void): boolean => {
    action();
    const reading = dirty.read(10, 10);
    dirty.clear(reading);
    return reading.dirty.remote.includes(away);
  };
  const folder = { ...entry, id: local.allocate(), name: 'd', kind: 'folder' } as const;
  const sha256 = 'c'.repeat(64) as Digest;
  const rules = { ...entry, id: local.allocate(), name: '.cofferignore', sha256 };
  assert.equal(
    isMarkedBy(() => local.upsert(folder)),
    false,
  );
  assert.equal(
    isMarkedBy(() => local.upsert(rules)),
    true,
    'it came',
  );
  assert.equal(
    isMarkedBy(() => local.upsert({ ...rules, mtimeNs: 2n })),
    false,
    'touched',
  );
  const changed = { ...rules, sha256: 'd'.repeat(64) as Digest };
  assert.equal(
    isMarkedBy(() => local.upsert(changed)),
    true,
    'it changed',
  );
  const moved = { ...changed, parent: folder.id };
  assert.equal(
    isMarkedBy(() => local.upsert(moved)),
    true,
    'it moved',
  );
  assert.equal(
    isMarkedBy(() => local.put({ ...moved, name: 'rules' })),
    true,
    'it was renamed',
  );
  assert.equal(
    isMarkedBy(() => local.put({ ...moved, name: 'other' })),
    false,
    'it is none',
  );
  assert.equal(
    isMarkedBy(() => local.put(moved)),
    true,
    'it is one again',
  );
  assert.equal(
    isMarkedBy(() => local.markGone(moved.id, new Set([folder.id]))),
    true,
    'it went',
  );
});

test('no row but those that are marked is looked at, however many there are', () => {
  const db = openEngineDatabase(':memory:', 0);
  const asked = new Set<string>();
  const recording = Object.create(db, {
    sql: {
      value: (text: string) => {
        asked.add(text);
        return db.sql(text);
      },
    },
    wideSql: { value: (text: string) => db.wideSql(text) },
    cacheOf: { value: (name: string) => db.cacheOf(name) },
  }) as EngineDatabase;
  const { local } = openPairTrees(recording, testPair(), () => 0);
  local.mark(2 as LocalId, 'gone');
  local.markGone(2 as LocalId, new Set([3 as LocalId]));
  const updates = [...asked].filter((text) => text.includes('UPDATE local_node'));
  assert.equal(updates.length, 2);
  for (const text of updates) {
    const steps = db
      .sql<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`)
      .all(numbered('pair', 2, 'gone'))
      .map(({ detail }) => detail);
    assert.ok(steps.includes('SEARCH local_node USING INTEGER PRIMARY KEY (rowid=?)'), steps[0]);
  }
});
