import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@coffer/protocol/core';
import type { LocalId } from '../planner/types.ts';
import { plainRow, testPair } from '../testing/index.ts';
import { openEngineDatabase } from './engine-database.ts';
import { allocateLocalId } from './local-tree.ts';
import { openPairTrees } from './pair-trees.ts';

const OUTER = '0a'.repeat(16) as NodeId;
const INNER = '0b'.repeat(16) as NodeId;

test('two folders that change places lie below one another until both rows are written', () => {
  const { base } = treesOfSwap();
  assert.deepEqual([...base.subtreeIds(OUTER)].sort(), [OUTER, INNER]);
  assert.deepEqual(base.removeReturning(OUTER), []);
  assert.equal(base.count(), 2);
});

test('what left the disk while two folders change places is removed once', () => {
  const { base, local } = treesOfSwap();
  for (const row of [base.byId(OUTER), base.byId(INNER)]) {
    if (row !== undefined) local.mark(row.localId, 'gone');
  }
  assert.equal(base.removeLeft(INNER), 2);
});

/** The base between the two halves of a swap of a folder with the one in it. */
function treesOfSwap(): ReturnType<typeof openPairTrees> {
  const db = openEngineDatabase(':memory:', 0);
  const root = allocateLocalId(db);
  const pair = testPair({ rootLocalId: root });
  const trees = openPairTrees(db, pair, () => 0);
  const put = (id: NodeId, parent: NodeId): void => {
    const localId: LocalId = trees.local.allocate();
    const name = id.slice(0, 2);
    trees.local.put({ ...plainRow, id: localId, parent: root, name, kind: 'folder' });
    const rest = { contentId: null, size: 0, sha256: null, mtimeMs: null, localMtimeNs: 0n };
    const row = { id, localId, parent, name, localName: name, kind: 'folder' as const, rev: 1 };
    trees.base.put({ ...row, ...rest, executable: false, target: null });
  };
  put(OUTER, INNER);
  put(INNER, OUTER);
  return trees;
}
