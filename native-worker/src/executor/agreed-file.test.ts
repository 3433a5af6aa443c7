import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest, NodeId } from '@coffer/protocol/core';
import type { RemoteUpload } from '../planner/operations.ts';
import type { BaseNode, LocalId, OperationId } from '../planner/types.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { testPair } from '../testing/index.ts';
import { allocateLocalId } from '../trees/local-tree.ts';
import {
  openEngineDatabase,
  openPairTrees,
  type PairTrees,
  type RemoteEntry,
} from '../trees/index.ts';
import { agreedFile } from './agreed-file.ts';

const ROOT = 'a0'.repeat(16) as NodeId;
const NODE = 'b0'.repeat(16) as NodeId;
const HASH = 'c0'.repeat(32) as Digest;
const CONTENT = 'd0'.repeat(32) as Digest;
const OTHER = 'e0'.repeat(32) as Digest;

interface Rows {
  readonly local?: Partial<LocalRow>;
  readonly remote?: Partial<RemoteEntry>;
  readonly base?: Partial<BaseNode>;
}

/** A pair with one file that all three trees agree on, but for `changes`. */
function treesWith(changes: Rows): { readonly trees: PairTrees; readonly upload: RemoteUpload } {
  const db = openEngineDatabase(':memory:', 0);
  const root = allocateLocalId(db);
  const pair = testPair({ remoteRoot: ROOT, rootLocalId: root });
  const trees = openPairTrees(db, pair, () => 0);
  const id = allocateLocalId(db);
  trees.local.put({
    id,
    parent: root,
    name: 'f',
    kind: 'file',
    ino: 7n,
    birthNs: 1n,
    size: 3,
    mtimeNs: 5_000_000n,
    ctimeNs: 6_000_000n,
    mode: 0o644,
    executable: false,
    sha256: HASH,
    target: null,
    state: 'seen',
    ...changes.local,
  });
  trees.remote.put({
    id: NODE,
    parent: ROOT,
    name: 'f',
    kind: 'file',
    rev: 1,
    contentId: CONTENT,
    size: 3,
    sha256: HASH,
    mtimeMs: 5,
    executable: false,
    target: null,
    copyOf: null,
    fromParent: null,
    fromName: null,
    device: '',
    changedAtMs: 0,
    state: 'live',
    ...changes.remote,
  });
  trees.base.put({
    id: NODE,
    localId: id,
    parent: ROOT,
    name: 'f',
    localName: 'f',
    kind: 'file',
    rev: 1,
    contentId: CONTENT,
    size: 3,
    sha256: HASH,
    mtimeMs: 5,
    localMtimeNs: 5_000_000n,
    executable: false,
    target: null,
    ...changes.base,
  });
  const upload = { kind: 'remote-upload', local: id, id: 'op' as OperationId };
  return { trees, upload: upload as unknown as RemoteUpload };
}

test('a file that is the same in all three trees needs no further plan', () => {
  const { trees, upload } = treesWith({});
  assert.equal(agreedFile(trees, upload)?.id, NODE);
});

const DIFFERENCES: Readonly<Record<string, Rows>> = {
  'an edit during the upload': { local: { sha256: OTHER } },
  'a content that is not hashed': { local: { sha256: null } },
  'a touch': { local: { mtimeNs: 9_000_000n } },
  'an executable bit': { local: { executable: true } },
  'a local rename': { local: { name: 'g' } },
  'a local move': { local: { parent: 99 as LocalId } },
  'a local deletion': { local: { state: 'gone' } },
  'an entry that cannot be looked at': { local: { state: 'unknown' } },
  'a newer revision': { remote: { rev: 2 } },
  'another content in the drive': { remote: { contentId: OTHER } },
  'a remote rename': { remote: { name: 'g' } },
  'a remote move': { remote: { parent: NODE } },
  'a remote deletion': { remote: { state: 'trashed' } },
  'another time in the drive': { remote: { mtimeMs: 6 } },
  'a name that the disk cannot hold': { local: { name: 'F' }, base: { localName: 'F' } },
};

for (const [what, rows] of Object.entries(DIFFERENCES)) {
  test(`${what} is planned`, () => {
    const { trees, upload } = treesWith(rows);
    assert.equal(agreedFile(trees, upload), undefined);
  });
}

test('a conflict copy and a folder are planned once more', () => {
  const { trees, upload } = treesWith({});
  trees.local.setCopyOf(upload.local, NODE);
  assert.equal(agreedFile(trees, upload), undefined);
  const folder = treesWith({ base: { kind: 'folder' } });
  assert.equal(agreedFile(folder.trees, folder.upload), undefined);
});
