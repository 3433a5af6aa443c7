import assert from 'node:assert/strict';
import test from 'node:test';
import { equalBytes, ZERO_DIGEST, type CommitId } from '../../core/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import type { RecordChange, SealedCommit } from '../commit.ts';
import { TestAccount } from '../testing/test-account.ts';
import { put, remove, TestSpace, type CommitOptions } from '../testing/test-space.ts';
import { MEMBER_RANGE, SPACE_KEY } from '../tree-keys.ts';
import {
  advanceAuthority,
  judgeHead,
  membersOf,
  spaceRecordOf,
  startAuthority,
  type Authority,
} from './authority.ts';

const suite = await createNodeOpenSuite();

/** A space beside its authority chain, which sees no other commit. */
class Watched {
  readonly space = new TestSpace(suite);
  authority: Authority;
  last: SealedCommit;

  constructor() {
    const { created, chains } = this.space;
    const { commit } = created;
    const started = startAuthority({ suite, chains, space: created.space, commit });
    assert.ok(started.ok);
    this.authority = started.value;
    this.last = commit;
  }

  commit(changes: readonly RecordChange[], options: CommitOptions = {}): void {
    const commit = this.space.seal(changes, options);
    const judged = this.space.judge(commit);
    assert.ok(judged.ok, judged.ok ? '' : judged.error.rule);
    this.space.view.apply(judged.value.change);
    this.space.head = judged.value.head;
    this.last = commit;
    if (!judged.value.authority) return;
    const advanced = this.advance(commit);
    assert.ok(typeof advanced !== 'string', 'the commit is refused');
    this.authority = advanced;
  }

  join(role: 'viewer' | 'editor' | 'manager'): TestAccount {
    const account = new TestAccount(suite);
    this.commit([put(this.space.newMember(account, role))]);
    return account;
  }

  advance(commit: SealedCommit): Authority | string {
    const { authority } = this;
    const { chains } = this.space;
    const advanced = advanceAuthority({ suite, authority, commit, chains });
    return advanced.ok ? advanced.value : advanced.error.rule;
  }

  judgeHead({ header, signature }: SealedCommit = this.last): string {
    const { authority } = this;
    const judged = judgeHead({ suite, authority, header, signature, chains: this.space.chains });
    return judged.ok ? 'ok' : judged.error.rule;
  }
}

test('the authority chain gives the members of the full state, whatever lies between', () => {
  const w = new Watched();
  const bob = w.join('editor');
  const carol = w.join('viewer');
  w.commit([put(w.space.newNode({}, bob))], { by: bob });
  w.commit(w.space.newEpoch([carol]));
  w.commit([remove(w.space.member(bob))], { by: bob });
  const rows = [...w.space.view.listRecords(...MEMBER_RANGE)];
  assert.equal(membersOf(w.authority).length, rows.length);
  for (const [key, record] of rows) {
    assert.ok(equalBytes(w.authority.records.get(key) ?? new Uint8Array(), record));
  }
  assert.deepEqual(spaceRecordOf(w.authority), w.space.spaceRecord());
  assert.ok(w.authority.records.has(SPACE_KEY));
  assert.equal(w.authority.id, w.space.head.auth);
});

test('a head is accepted when a member signed it under the newest authority commit', () => {
  const w = new Watched();
  assert.equal(w.judgeHead(), 'ok');
  const bob = w.join('editor');
  assert.equal(w.judgeHead(), 'ok');
  w.commit([put(w.space.newNode({}, bob))], { by: bob });
  assert.equal(w.judgeHead(), 'ok');
});

test('a head is refused when its signer was removed, or hides an authority commit', () => {
  const w = new Watched();
  const bob = w.join('editor');
  const before = w.authority;
  w.commit([put(w.space.newNode({}, bob))], { by: bob });
  const bobsHead = w.last;
  w.commit(w.space.newEpoch([bob]));
  assert.equal(w.judgeHead(bobsHead), 'seq');
  const { auth } = w.space.head;
  const late = w.space.seal([put(w.space.newNode({}, bob))], { by: bob, forge: { auth } });
  assert.equal(w.judgeHead(late), 'signer');
  const root = w.space.node(w.space.root);
  w.commit([put(w.space.revised(root, { kr: w.space.spaceRecord().epoch }))]);
  assert.equal(w.judgeHead(), 'ok');
  w.authority = before;
  assert.equal(w.judgeHead(), 'auth');
});

test('an authority commit is refused out of its order, forged, or beyond the signer’s role', () => {
  const w = new Watched();
  const manager = w.join('manager');
  const viewer = w.join('viewer');
  const s = w.space;
  const envelope = s.sealed(1257);
  const raise = put(s.changedMember(viewer, { role: 'editor', envelope }));
  const good = s.seal([raise], { by: manager });
  assert.ok(typeof w.advance(good) !== 'string');
  const signature = s.sealed(64);
  const refusals: readonly (readonly [string, SealedCommit])[] = [
    ['signature', { ...good, signature }],
    ['changes', { ...good, body: s.seal([put(s.newNode())]).body }],
    ['auth', s.seal([raise], { forge: { auth: ZERO_DIGEST as string as CommitId } })],
    ['auth', s.seal([put(s.newNode())])],
    ['seq', s.seal([raise], { forge: { seq: 1 } })],
    ['role', s.seal([raise], { by: viewer })],
    ['one-owner', s.seal([put(s.changedMember(viewer, { role: 'owner', envelope }))])],
    ['removal-epoch', s.seal([remove(s.member(viewer))], { by: manager })],
    ['format', { ...good, header: good.header.subarray(1) }],
    [
      'role',
      s.seal([put(s.changedMember(viewer, { rotate: true })), put(s.newNode({}, viewer))], {
        by: viewer,
      }),
    ],
  ];
  for (const [rule, commit] of refusals) assert.equal(w.advance(commit), rule);
});

test('a chain does not start with anything but the genesis of its space', () => {
  const w = new Watched();
  const { chains, created } = w.space;
  const other = new TestSpace(suite);
  const foreign = { suite, chains, space: created.space, commit: other.created.commit };
  const refused = startAuthority(foreign);
  assert.equal(refused.ok ? 'ok' : refused.error.rule, 'space');
});
