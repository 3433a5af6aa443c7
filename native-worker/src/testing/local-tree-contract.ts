/** What every LocalTreeWriter keeps to: run on the one in memory and on the one in SQLite. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Digest } from '@coffer/protocol/core';
import type { LocalId } from '../planner/types.ts';
import { unholdableName, type LocalRow, type LocalTreeWriter } from '../scanner/index.ts';

export interface TreeUnderTest {
  readonly tree: LocalTreeWriter;
  /** Gives the row a base row. */
  readonly pair: (id: LocalId) => void;
  /** Reasons of all stalls. */
  readonly stalls: () => readonly string[];
  /** What is dirty, which then is forgotten. */
  readonly takeDirty: () => ReadonlySet<LocalId>;
}

type Claims = Readonly<Record<string, (given: TreeUnderTest) => void>>;

export function localTreeContract(name: string, make: () => TreeUnderTest): void {
  void describe(`local tree: ${name}`, () => {
    for (const [claim, run] of Object.entries(CLAIMS)) void test(claim, () => run(make()));
  });
}

const hashOf = (digit: string): Digest => digit.repeat(64) as Digest;

function aRow(tree: LocalTreeWriter, change: Partial<LocalRow> = {}): LocalRow {
  return {
    id: tree.allocate(),
    parent: tree.root,
    name: 'f',
    kind: 'file',
    // Beyond what a double holds exactly.
    ino: 2n ** 60n + 1n,
    birthNs: 1_767_323_045_000_000_001n,
    size: 3,
    mtimeNs: 1_767_323_045_000_000_002n,
    ctimeNs: 1_767_323_045_000_000_003n,
    mode: 0o755,
    executable: true,
    sha256: hashOf('a'),
    target: null,
    state: 'seen',
    ...change,
  };
}

function added(tree: LocalTreeWriter, change: Partial<LocalRow> = {}): LocalRow {
  const row = aRow(tree, change);
  tree.upsert(row);
  return row;
}

const idsOf = (rows: readonly LocalRow[]): readonly LocalId[] =>
  rows.map(({ id }) => id).toSorted((a, b) => a - b);

const CLAIMS: Claims = {
  "the root is there, is its own parent and nobody's child": ({ tree }) => {
    assert.equal(tree.byId(tree.root)?.parent, tree.root);
    assert.equal(tree.byId(tree.root)?.kind, 'folder');
    assert.deepEqual(tree.children(tree.root), []);
  },
  'a row is read as it was written': ({ tree }) => {
    const file = added(tree);
    const link = added(tree, {
      name: 'é\n%20',
      kind: 'symlink',
      target: '../x',
      sha256: null,
      executable: false,
      birthNs: 0n,
    });
    assert.deepEqual(tree.byId(file.id), file);
    assert.deepEqual(tree.byId(link.id), link);
    tree.upsert({ ...file, name: 'g', sha256: null });
    assert.deepEqual(tree.byId(file.id), { ...file, name: 'g', sha256: null });
  },
  'ids are never given twice': ({ tree }) => {
    const first = added(tree);
    tree.mark(first.id, 'gone');
    assert.equal(new Set([first.id, tree.allocate(), tree.allocate(), tree.root]).size, 4);
  },
  'children are all but the gone ones, who are asked for apart': ({ tree }) => {
    const folder = added(tree, { kind: 'folder', name: 'd', sha256: null });
    const rows = (['seen', 'unknown', 'detached', 'gone'] as const).map((state) =>
      added(tree, { parent: folder.id, name: state, state }),
    );
    assert.deepEqual(idsOf(tree.children(folder.id)), idsOf(rows.slice(0, 3)));
    assert.deepEqual(idsOf(tree.goneChildren(folder.id)), idsOf(rows.slice(3)));
    assert.equal(tree.bySlot(folder.id, 'seen')?.id, rows[0]?.id);
    assert.equal(tree.bySlot(folder.id, 'SEEN'), undefined);
    assert.equal(tree.bySlot(folder.id, 'gone'), undefined);
  },
  'two rows may have one slot for a while': ({ tree }) => {
    const rows = [added(tree), added(tree)];
    assert.deepEqual(idsOf(tree.children(tree.root)), idsOf(rows));
  },
  'a name that is no text stands in the tree': ({ tree }) => {
    const name = unholdableName(Uint8Array.of(0x66, 0xff));
    const row = added(tree, { name, state: 'unknown' });
    assert.deepEqual(tree.bySlot(tree.root, name), row);
    assert.deepEqual(tree.children(tree.root), [row]);
  },
  'rows are found by inode and by content in every state': ({ tree }) => {
    const seen = added(tree, { name: 'a' });
    const gone = added(tree, { name: 'b', state: 'gone' });
    added(tree, { name: 'c', ino: 2n ** 60n + 2n, sha256: hashOf('b') });
    added(tree, { name: 'd', ino: 2n ** 60n + 2n, size: 4 });
    assert.deepEqual(idsOf(tree.byInode(2n ** 60n + 1n)), idsOf([seen, gone]));
    assert.deepEqual(idsOf(tree.byContent(hashOf('a'), 3)), idsOf([seen, gone]));
    assert.deepEqual(tree.byContent(hashOf('c'), 3), []);
    tree.upsert({ ...seen, ino: 9n, sha256: hashOf('c') });
    assert.deepEqual(idsOf(tree.byInode(2n ** 60n + 1n)), [gone.id]);
    assert.deepEqual(idsOf(tree.byContent(hashOf('c'), 3)), [seen.id]);
  },
  'gone and detached hold for all below, unknown for the row alone': ({ tree }) => {
    for (const state of ['gone', 'detached', 'unknown'] as const) {
      const folder = added(tree, { kind: 'folder', name: state, sha256: null });
      const inner = added(tree, { kind: 'folder', parent: folder.id, name: 'e', sha256: null });
      const file = added(tree, { parent: inner.id });
      const out = added(tree, { parent: inner.id, name: 'moved' });
      tree.upsert({ ...out, parent: tree.root });
      tree.mark(folder.id, state);
      const below = state === 'unknown' ? 'seen' : state;
      assert.deepEqual(
        [folder, inner, file, out].map(({ id }) => tree.byId(id)?.state),
        [state, below, below, 'seen'],
      );
    }
  },
  'a folder that is back brings into planning what is still gone in it': ({ tree, takeDirty }) => {
    const folder = added(tree, { kind: 'folder', name: 'd', sha256: null });
    const inner = added(tree, { kind: 'folder', parent: folder.id, name: 'e', sha256: null });
    const file = added(tree, { parent: inner.id });
    tree.mark(folder.id, 'gone');
    assert.deepEqual(takeDirty(), new Set([folder.id, inner.id, file.id]));
    tree.upsert(folder);
    assert.deepEqual(takeDirty(), new Set([folder.id, inner.id]));
    tree.upsert(folder);
    assert.deepEqual(takeDirty(), new Set([folder.id]));
  },
  'what stalled in a folder is over when nothing looks into it any more': ({ tree, stalls }) => {
    for (const state of ['gone', 'detached'] as const) {
      const folder = added(tree, { kind: 'folder', name: state, sha256: null });
      const inner = added(tree, { kind: 'folder', parent: folder.id, name: 'e', sha256: null });
      for (const id of [folder.id, inner.id, tree.root])
        tree.setStalls(id, [{ reason: 'NameTooLong', name: 'x', local: null, detail: '' }]);
      assert.equal(stalls().length, 3);
      tree.mark(folder.id, state);
      assert.deepEqual(stalls(), ['NameTooLong']);
      tree.setStalls(tree.root, []);
      assert.deepEqual(stalls(), []);
    }
  },
  'folders that are there come by id, a few at a time, the root among them': ({ tree }) => {
    const folders = (['a', 'b', 'c', 'd', 'e'] as const).map((name) =>
      added(tree, { kind: 'folder', name, sha256: null }),
    );
    added(tree);
    const [a, b, c, d, e] = folders.map(({ id }) => id);
    assert.ok(a !== undefined && b !== undefined && c !== undefined && d !== undefined);
    tree.mark(b, 'gone');
    tree.mark(c, 'unknown');
    tree.mark(d, 'hollow');
    const found: LocalId[] = [];
    for (let page = tree.foldersAfter(0, 2); page.length > 0;) {
      assert.ok(page.length <= 2);
      found.push(...page.map(({ id }) => id));
      page = tree.foldersAfter(found.at(-1) ?? 0, 2);
    }
    assert.deepEqual(found, [tree.root, a, d, e]);
  },
  'the gone folders are those with a base row': ({ tree, pair }) => {
    const [paired] = ['a', 'b'].map((name) =>
      added(tree, { kind: 'folder', name, sha256: null, state: 'gone' }),
    );
    assert.ok(paired !== undefined);
    assert.equal(tree.isPaired(paired.id), false);
    pair(paired.id);
    assert.equal(tree.isPaired(paired.id), true);
    assert.deepEqual(idsOf(tree.goneFolders()), [paired.id]);
  },
};
