import assert from 'node:assert/strict';
import test from 'node:test';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import type { NodeRecord } from '../records.ts';
import type { StateView } from '../state-view.ts';
import { judgeCommit } from './judge.ts';
import { put, remove, replace, TestSpace } from '../testing/test-space.ts';

const suite = await createNodeOpenSuite();

function written(space: TestSpace, node: NodeRecord): NodeRecord {
  space.commit([put(node)]);
  return node;
}

test('two nodes swap names and two folders swap places in one commit', () => {
  const s = new TestSpace(suite);
  const a = written(s, s.newNode({ name: 'a' }));
  const b = written(s, s.newNode({ name: 'b' }));
  s.commit([put(s.revised(a, { tag: b.tag })), put(s.revised(b, { tag: a.tag }))]);
  assert.equal(s.view.findTag(s.root, s.tag('a')), b.id);
  assert.equal(s.view.findTag(s.root, s.tag('b')), a.id);

  const upper = written(s, s.newNode());
  const lower = written(s, s.newNode({ parent: upper.id }));
  s.commit([
    ...replace(upper, s.moved(upper, lower.id, { pk: lower.kr })),
    ...replace(lower, s.moved(lower, s.root)),
  ]);
  assert.equal(s.node(upper.id).parent, lower.id);
  assert.equal(s.node(lower.id).parent, s.root);
});

test('an editor writes, deletes and restores; a viewer leaves', () => {
  const s = new TestSpace(suite);
  const editor = s.join('editor');
  const viewer = s.join('viewer');
  const file = s.newNode({ kind: 'file' }, editor);
  s.commit([put(file)], { by: editor });
  const gone = s.trashed(file, {}, editor);
  s.commit(replace(file, gone), { by: editor });
  const back = s.moved(gone, s.root, { keepUntil: null });
  s.commit(replace(gone, s.revised(back, {}, editor)), { by: editor });
  assert.equal(s.node(file.id).rev, 3);
  s.commit([remove(s.member(viewer))], { by: viewer });
  assert.equal(s.judge(s.seal([put(s.newNode({}, viewer))], { by: viewer })).ok, false);
});

test('a removed member is out after the epoch that removes it', () => {
  const s = new TestSpace(suite);
  const manager = s.join('manager');
  const bob = s.join('editor');
  s.join('viewer');
  s.commit(s.newEpoch([bob]), { by: manager });
  const judged = s.judge(s.seal([put(s.newNode({}, bob))], { by: bob }));
  assert.equal(judged.ok ? 'ok' : judged.error.rule, 'signer');
});

test('everything below a new epoch is rotated from the top down as it is touched', () => {
  const s = new TestSpace(suite);
  const folder = written(s, s.newNode());
  const file = written(s, s.newNode({ kind: 'file', parent: folder.id }));
  s.commit(s.newEpoch());
  const { epoch } = s.spaceRecord();
  const kr = s.head.seq;
  const wrap = (): Partial<NodeRecord> => ({ wrappedKey: s.sealed(105) });
  const root = s.revised(s.node(s.root), { kr: epoch });
  const rotated = s.revised(folder, { kr, pk: epoch, ...wrap() });
  const next = s.revised(file, { kr, pk: kr, content: s.content(), ...wrap() });
  s.commit([put(root), put(rotated), put(next), put(s.version(file))]);
  assert.equal(s.node(file.id).kr, kr);
});

test('nodes below the trash need no rotation to be deleted or purged', () => {
  const s = new TestSpace(suite);
  const folder = written(s, s.newNode());
  const file = written(s, s.newNode({ kind: 'file', parent: folder.id }));
  s.commit(s.newEpoch());
  const gone = s.trashed(folder);
  s.commit(replace(folder, gone));
  s.commit([remove(file)]);
  s.commit([remove(gone)]);
  assert.equal(s.view.findNode(folder.id), undefined);
});

test('a content that a version takes over is neither gained nor lost', () => {
  const s = new TestSpace(suite);
  const file = written(s, s.newNode({ kind: 'file' }));
  const next = s.revised(file, { content: s.content() });
  const { content } = s.commit([put(next), put(s.version(file))]);
  assert.deepEqual(content, {
    gained: [{ node: file.id, chunks: [], pages: next.content?.pages ?? [] }],
    lost: [],
  });
  const gone = s.trashed(next);
  assert.deepEqual(s.commit(replace(next, gone)).content, { gained: [], lost: [] });
  const { lost } = s.commit([remove(gone), remove(s.version(file))]).content;
  assert.equal(lost.length, 2);
});

test('new dates are reported with those they replace', () => {
  const s = new TestSpace(suite);
  const node = written(s, s.newNode());
  const gone = s.trashed(node);
  const { keepUntils } = s.commit(replace(node, gone));
  assert.deepEqual(
    keepUntils.map(({ kind, keepUntil, before }) => [kind, keepUntil, before]),
    [['trash', 9_000_000, null]],
  );
  const later = s.revised(gone, { keepUntil: 9_500_000 });
  assert.equal(s.commit([put(later)]).keepUntils[0]?.before, 9_000_000);
});

test('judging a commit reads as much as the commit changes, however large the space is', () => {
  const s = new TestSpace(suite);
  const folder = written(s, s.newNode());
  const file = written(s, s.newNode({ kind: 'file', parent: folder.id }));
  s.commit(Array.from({ length: 5000 }, () => put(s.newNode({ kind: 'file', parent: folder.id }))));
  const next = s.revised(file, { content: s.content() });
  const commit = s.seal([put(next), put(s.version(file))]);
  let reads = 0;
  const { view, head, chains } = s;
  const counting: StateView = {
    getRecord: (key) => (reads++, view.getRecord(key)),
    *listRecords(from, to) {
      for (const row of view.listRecords(from, to)) {
        reads++;
        yield row;
      }
    },
    findNode: (id) => (reads++, view.findNode(id)),
    findTag: (parent, tag) => (reads++, view.findTag(parent, tag)),
    getTreeNode: (position) => (reads++, view.getTreeNode(position)),
  };
  const judged = judgeCommit({
    suite,
    view: counting,
    head,
    commit,
    space: s.created.space,
    chains,
  });
  assert.ok(judged.ok);
  assert.ok(reads < 150, `${reads} reads`);
});
