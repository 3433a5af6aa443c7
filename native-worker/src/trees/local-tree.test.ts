import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localTreeContract, testPair } from '../testing/index.ts';
import type { LocalId } from '../planner/types.ts';
import type { NodeId } from '@coffer/protocol/core';
import { numbered, openEngineDatabase, type EngineDatabase } from './engine-database.ts';
import { allocateLocalId } from './local-tree.ts';
import { openPairTrees } from './pair-trees.ts';

localTreeContract('SQLite', () => {
  const db = openEngineDatabase(':memory:', 0);
  const root = allocateLocalId(db);
  const pair = testPair({ rootLocalId: root });
  const trees = openPairTrees(db, pair, () => 0);
  trees.local.put({
    id: root,
    parent: root,
    name: '',
    kind: 'folder',
    ino: 1n,
    birthNs: 1n,
    size: 0,
    mtimeNs: 1n,
    ctimeNs: 1n,
    mode: 0o755,
    executable: false,
    sha256: null,
    target: null,
    state: 'seen',
  });
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
  return { tree: trees.local, pair: pairRow, stalls };
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
