import assert from 'node:assert/strict';
import test from 'node:test';
import { NO_PARENT, type AccountId } from '../../core/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import type { RecordChange } from '../commit.ts';
import { MemoryState } from '../memory-state.ts';
import { createCommit } from '../open/create-commit.ts';
import { decodeRecord } from '../record-codec.ts';
import type { MemberRecord, NodeRecord, SpaceKind, SpaceRecord, TreeKey } from '../records.ts';
import { memberKey, nodeKey, recordTypeAt } from '../tree-keys.ts';
import { TestAccount } from '../testing/test-account.ts';
import { put, TestSpace } from '../testing/test-space.ts';
import { judgeCommit } from './judge.ts';

const suite = await createNodeOpenSuite();

function judgeFirst(space: TestSpace, changes: readonly RecordChange[], by = space.owner): string {
  const { commit } = createCommit({
    suite,
    view: new MemoryState(),
    head: undefined,
    space: space.created.space,
    changes,
    author: { account: by.account, ...by.device },
    time: 1000,
    note: null,
  });
  const judged = judgeCommit({
    suite,
    view: new MemoryState(),
    head: undefined,
    commit,
    space: space.created.space,
    chains: space.chains,
  });
  return judged.ok ? 'ok' : judged.error.rule;
}

function genesisOf(space: TestSpace): Map<TreeKey, RecordChange> {
  return new Map(space.created.change.records.map((change) => [change[0], change]));
}

for (const [kind, count] of [
  ['drive', 4],
  ['shared', 4],
  ['account', 2],
] as const satisfies readonly (readonly [SpaceKind, number])[]) {
  test(`the genesis of a ${kind} space holds ${count} records and is an authority commit`, () => {
    const space = new TestSpace(suite, kind);
    assert.equal(space.created.change.records.length, count);
    assert.equal(judgeFirst(space, [...genesisOf(space).values()]), 'ok');
    assert.equal(space.head.auth, space.head.id);
    assert.equal(space.head.seq, 1);
  });
}

function spaceOf(space: TestSpace): SpaceRecord {
  return space.spaceRecord();
}

const rootOf = (space: TestSpace): NodeRecord => space.node(space.root);
const memberOf = (space: TestSpace): MemberRecord => space.member(space.owner);

const departures: readonly (readonly [
  about: string,
  change: (space: TestSpace) => readonly RecordChange[],
])[] = [
  ['another nonce', (s) => [put({ ...spaceOf(s), nonce: suite.randomBytes(32) })]],
  ['another creator', (s) => [put({ ...spaceOf(s), creator: 'ab'.repeat(16) as AccountId })]],
  ['epoch 2', (s) => [put({ ...spaceOf(s), epoch: 2 })]],
  ['revision 2', (s) => [put({ ...spaceOf(s), rev: 2 })]],
  ['old epochs', (s) => [put({ ...spaceOf(s), oldEpochs: s.sealed(110) })]],
  ['a manager', (s) => [put({ ...memberOf(s), role: 'manager' })]],
  ['a wish to rotate', (s) => [put({ ...memberOf(s), rotate: true })]],
  ['another identity', (s) => [put({ ...memberOf(s), identity: suite.randomBytes(32) })]],
  ['an owner of another epoch', (s) => [put({ ...memberOf(s), epoch: 2 })]],
  ['a second member', (s) => [put(s.newMember(new TestAccount(suite), 'viewer'))]],
  ['a node', (s) => [put(s.newNode())]],
  ['a root folder with a tag', (s) => [put({ ...rootOf(s), tag: s.tag('') })]],
  ['a root folder with a wrapped key', (s) => [put({ ...rootOf(s), wrappedKey: s.sealed(105) })]],
  ['a root folder with another key number', (s) => [put({ ...rootOf(s), kr: 0 })]],
  ['a root folder with a cut', (s) => [put({ ...rootOf(s), cut: 1 })]],
  ['a root that is a mount', (s) => [put({ ...rootOf(s), kind: 'mount' })]],
  ['a root by another author', (s) => [put({ ...rootOf(s), by: 'ab'.repeat(16) as AccountId })]],
];

for (const [about, change] of departures) {
  test(`a genesis with ${about} is refused`, () => {
    const space = new TestSpace(suite);
    const records = genesisOf(space);
    for (const row of change(space)) records.set(row[0], row);
    assert.equal(judgeFirst(space, [...records.values()]), 'genesis');
  });
}

const refusalWithout: Readonly<Record<string, string>> = {
  space: 'format',
  member: 'signer',
  node: 'genesis',
};

test('a genesis without any one of its records is refused', () => {
  const space = new TestSpace(suite);
  for (const key of genesisOf(space).keys()) {
    const records = genesisOf(space);
    records.delete(key);
    const expected = refusalWithout[recordTypeAt(key) ?? 'node'];
    assert.equal(judgeFirst(space, [...records.values()]), expected);
  }
});

test('nobody else can sign the genesis of an account', () => {
  const space = new TestSpace(suite);
  const eve = space.know(new TestAccount(suite));
  assert.equal(judgeFirst(space, [...genesisOf(space).values()], eve), 'signer');
  const records = genesisOf(space);
  records.delete(memberKey(space.owner.account));
  const member = put({ ...space.newMember(eve, 'owner'), epoch: 1 });
  records.set(member[0], member);
  assert.equal(judgeFirst(space, [...records.values()], eve), 'genesis');
});

test('root folder and trash are the two ids that follow from the space', () => {
  const space = new TestSpace(suite);
  for (const id of [space.root, space.trash]) {
    const bytes = space.view.getRecord(nodeKey(NO_PARENT, id));
    assert.ok(bytes !== undefined);
    assert.equal(decodeRecord(nodeKey(NO_PARENT, id), bytes).type, 'node');
  }
  assert.equal(space.root, space.created.space);
});
