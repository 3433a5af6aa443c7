/**
 * For every rule a commit that keeps it and one that breaks just it: both stand on the same head and
 * differ in what the rule is about.
 */
import { encodeCbor } from '../../codec/index.ts';
import {
  hexToBytes,
  ZERO_DIGEST,
  type CommitId,
  type Digest,
  type SpaceId,
} from '../../core/index.ts';
import type { SealedCommit } from '../commit.ts';
import { changesDigest, decodeBody } from '../commit-codec.ts';
import type { RuleName } from '../rules/rule.ts';
import { put, remove, replace, type TestSpace } from './test-space.ts';
import { TestAccount } from './test-account.ts';

export interface RuleCase {
  readonly rule: RuleName;
  /** What the broken commit does. */
  readonly about: string;
  readonly kind?: 'drive' | 'shared' | 'account';
  readonly run: (space: TestSpace) => {
    readonly valid: SealedCommit;
    readonly broken: SealedCommit;
  };
}

const OTHER_ID = 'ab'.repeat(32);

const headerCases: readonly RuleCase[] = [
  {
    rule: 'format',
    about: 'holds a record that does not decode',
    run: (s) => {
      const node = s.newNode();
      const [key, record] = put(node);
      return { valid: s.seal([[key, record]]), broken: s.seal([[key, s.sealed()]]) };
    },
  },
  {
    rule: 'format',
    about: 'holds a body whose keys do not ascend',
    run: (s) => {
      const valid = s.seal([put(s.newNode()), put(s.newNode())]);
      const rows = decodeBody(valid.body).map(([key, record]) => [hexToBytes(key), record]);
      const body = encodeCbor(rows.reverse());
      const { header } = s.seal([], { forge: { changes: changesDigest(s.suite, body) } });
      return { valid, broken: { ...valid, header, body } };
    },
  },
  forged('space', 'names another space', { space: OTHER_ID.slice(32) as SpaceId }),
  forged('seq', 'skips a seq', { seq: 3 }),
  forged('seq', 'repeats a seq', { seq: 1 }),
  forged('prev', 'stands on another commit', { prev: OTHER_ID as CommitId }),
  forged('past', 'tells of another past', { past: OTHER_ID as Digest }),
  forged('auth', 'names another authority commit', { auth: ZERO_DIGEST as string as CommitId }),
  forged('changes', 'has the digest of another body', { changes: OTHER_ID as Digest }),
  forged('root', 'claims another root', { root: OTHER_ID as Digest }),
  {
    rule: 'changes',
    about: 'carries the body of another commit',
    run: (s) => {
      const valid = s.seal([put(s.newNode())]);
      return { valid, broken: { ...valid, body: s.seal([put(s.newNode())]).body } };
    },
  },
  {
    rule: 'signature',
    about: 'is signed by another key',
    run: (s) => {
      const changes = [put(s.newNode())];
      return {
        valid: s.seal(changes),
        broken: s.seal(changes, { seed: s.suite.randomBytes(32) }),
      };
    },
  },
  {
    rule: 'signer',
    about: 'comes from an account that is no member',
    run: (s) => {
      const bob = s.join('editor');
      const eve = s.know(new TestAccount(s.suite));
      const changes = (by: TestAccount) => [put(s.newNode({}, by))];
      return {
        valid: s.seal(changes(bob), { by: bob }),
        broken: s.seal(changes(eve), { by: eve }),
      };
    },
  },
  {
    rule: 'signer',
    about: 'comes from a device that was added after the pin and brings no longer pin',
    run: (s) => {
      const device = s.owner.addDevice();
      const { seq: chainSeq, head: chainHead } = s.owner.chain;
      const pin = put(s.changedMember(s.owner, { chainSeq, chainHead }));
      const node = put(s.newNode());
      return { valid: s.seal([pin, node], { device }), broken: s.seal([node], { device }) };
    },
  },
  {
    rule: 'signer',
    about: 'comes from a device that is revoked at the pin',
    run: (s) => {
      const second = s.owner.addDevice();
      s.owner.revoke(second.device);
      const { seq: chainSeq, head: chainHead } = s.owner.chain;
      s.commit([put(s.changedMember(s.owner, { chainSeq, chainHead }))]);
      const changes = [put(s.newNode())];
      return { valid: s.seal(changes), broken: s.seal(changes, { device: second }) };
    },
  },
  {
    rule: 'no-effect',
    about: 'removes what is not there',
    run: (s) => ({
      valid: s.seal([put(s.newNode())]),
      broken: s.seal([remove(s.newNode())]),
    }),
  },
  {
    rule: 'no-effect',
    about: 'writes what is there',
    run: (s) => ({
      valid: s.seal([put(s.revised(s.node(s.root)))]),
      broken: s.seal([put(s.node(s.root))]),
    }),
  },
  {
    rule: 'record-space',
    about: 'holds a record of another space',
    run: (s) => {
      const node = s.newNode();
      const space = OTHER_ID.slice(32) as SpaceId;
      return { valid: s.seal([put(node)]), broken: s.seal([put({ ...node, space })]) };
    },
  },
];

function forged(
  rule: RuleName,
  about: string,
  forge: NonNullable<Parameters<TestSpace['seal']>[1]>['forge'],
): RuleCase {
  return {
    rule,
    about,
    run: (s) => {
      const changes = [put(s.newNode())];
      return { valid: s.seal(changes), broken: s.seal(changes, { forge: forge ?? {} }) };
    },
  };
}

const roleCases: readonly RuleCase[] = [
  {
    rule: 'role',
    about: 'lets a viewer write a node',
    run: (s) => {
      const editor = s.join('editor');
      const viewer = s.join('viewer');
      return {
        valid: s.seal([put(s.newNode({}, editor))], { by: editor }),
        broken: s.seal([put(s.newNode({}, viewer))], { by: viewer }),
      };
    },
  },
  {
    rule: 'role',
    about: 'lets an editor add a member',
    run: (s) => {
      const manager = s.join('manager');
      const editor = s.join('editor');
      const changes = [put(s.newMember(new TestAccount(s.suite), 'viewer'))];
      return { valid: s.seal(changes, { by: manager }), broken: s.seal(changes, { by: editor }) };
    },
  },
  {
    rule: 'role',
    about: 'lets an editor make an epoch',
    run: (s) => {
      const manager = s.join('manager');
      const editor = s.join('editor');
      const changes = s.newEpoch();
      return { valid: s.seal(changes, { by: manager }), broken: s.seal(changes, { by: editor }) };
    },
  },
  {
    rule: 'role',
    about: 'lets a viewer change its own role',
    run: (s) => {
      const viewer = s.join('viewer');
      const { seq: chainSeq, head: chainHead } = viewer.chain;
      const own = { chainSeq, chainHead, rotate: true };
      const raised = { role: 'editor', envelope: s.sealed(1257) } as const;
      return {
        valid: s.seal([put(s.changedMember(viewer, own))], { by: viewer }),
        broken: s.seal([put(s.changedMember(viewer, raised))], { by: viewer }),
      };
    },
  },
  {
    rule: 'role',
    about: 'lets a manager change the policy',
    run: (s) => {
      const manager = s.join('manager');
      const old = s.spaceRecord();
      const changes = [put({ ...old, rev: old.rev + 1, trashDays: 1 })];
      return { valid: s.seal(changes), broken: s.seal(changes, { by: manager }) };
    },
  },
  {
    rule: 'role',
    about: 'lets a manager remove the owner',
    run: (s) => {
      const manager = s.join('manager');
      const editor = s.join('editor');
      return {
        valid: s.seal(s.newEpoch([editor]), { by: manager }),
        broken: s.seal(s.newEpoch([s.owner]), { by: manager }),
      };
    },
  },
  {
    rule: 'role',
    about: 'lets a manager make another account the owner',
    run: (s) => {
      const manager = s.join('manager');
      const envelope = s.sealed(1257);
      const changes = [
        put(s.changedMember(s.owner, { role: 'manager', envelope })),
        put(s.changedMember(manager, { role: 'owner', envelope })),
      ];
      return { valid: s.seal(changes), broken: s.seal(changes, { by: manager }) };
    },
  },
  {
    rule: 'role',
    about: 'lets a viewer remove somebody else',
    run: (s) => {
      const viewer = s.join('viewer');
      const other = s.join('viewer');
      return {
        valid: s.seal([remove(s.member(viewer))], { by: viewer }),
        broken: s.seal([remove(s.member(other))], { by: viewer }),
      };
    },
  },
  {
    rule: 'by',
    about: 'names another author of a new revision',
    run: (s) => {
      const editor = s.join('editor');
      const node = s.newNode({}, editor);
      s.commit([put(node)], { by: editor });
      return {
        valid: s.seal([put(s.revised(node))]),
        broken: s.seal([put(s.revised(node, { by: editor.account }))]),
      };
    },
  },
  {
    rule: 'by',
    about: 'takes over an unchanged node by moving it',
    run: (s) => {
      const editor = s.join('editor');
      const folder = s.newNode();
      const node = s.newNode({}, editor);
      s.commit([put(folder)]);
      s.commit([put(node)], { by: editor });
      const moved = s.moved(node, folder.id);
      return {
        valid: s.seal(replace(node, moved)),
        broken: s.seal(replace(node, { ...moved, by: s.owner.account })),
      };
    },
  },
];

const memberCases: readonly RuleCase[] = [
  {
    rule: 'space-record',
    about: 'changes the kind of the space',
    run: (s) => {
      const old = s.spaceRecord();
      const next = { ...old, rev: old.rev + 1, versionDays: 3 };
      return { valid: s.seal([put(next)]), broken: s.seal([put({ ...next, kind: 'shared' })]) };
    },
  },
  {
    rule: 'space-record',
    about: 'removes the space record',
    run: (s) => ({
      valid: s.seal([put(s.newNode())]),
      broken: s.seal([remove(s.spaceRecord())]),
    }),
  },
  {
    rule: 'epoch',
    about: 'numbers an epoch otherwise than by its commit',
    run: (s) => {
      s.commit([put(s.newNode())]);
      const changes = s.newEpoch();
      const space = { ...s.spaceRecord(), rev: 2, epoch: s.seq - 1, oldEpochs: s.sealed(110) };
      return { valid: s.seal(changes), broken: s.seal([put(space), ...changes.slice(1)]) };
    },
  },
  {
    rule: 'epoch',
    about: 'changes the old epochs without a new one',
    run: (s) => {
      const old = s.spaceRecord();
      const next = { ...old, rev: old.rev + 1, versionDays: 3 };
      const oldEpochs = s.sealed(110);
      return { valid: s.seal([put(next)]), broken: s.seal([put({ ...next, oldEpochs })]) };
    },
  },
  {
    rule: 'member-identity',
    about: 'changes the identity of a member in place',
    run: (s) => {
      const bob = s.join('viewer');
      const next = s.changedMember(bob, { role: 'editor', envelope: s.sealed(1257) });
      const identity = s.suite.randomBytes(32);
      return { valid: s.seal([put(next)]), broken: s.seal([put({ ...next, identity })]) };
    },
  },
  {
    rule: 'member-identity',
    about: 'adds a member with a key that is not in its chain',
    run: (s) => {
      const member = s.newMember(new TestAccount(s.suite), 'viewer');
      const identity = s.suite.randomBytes(32);
      return { valid: s.seal([put(member)]), broken: s.seal([put({ ...member, identity })]) };
    },
  },
  {
    rule: 'member-pin',
    about: 'moves a pin back',
    run: (s) => {
      const bob = s.join('viewer');
      bob.addDevice();
      const older = { chainSeq: 0, chainHead: bob.chain.headAt(0) ?? ZERO_DIGEST };
      const newer = { chainSeq: bob.chain.seq, chainHead: bob.chain.head };
      return {
        valid: s.seal([put(s.changedMember(bob, newer))]),
        broken: s.seal([put(s.changedMember(bob, older))]),
      };
    },
  },
  {
    rule: 'member-pin',
    about: 'pins another chain',
    run: (s) => {
      const member = s.newMember(new TestAccount(s.suite), 'viewer');
      const chainHead = OTHER_ID as Digest;
      return { valid: s.seal([put(member)]), broken: s.seal([put({ ...member, chainHead })]) };
    },
  },
  {
    rule: 'member-epoch',
    about: 'leaves a member without an envelope of the new epoch',
    run: (s) => {
      const bob = s.join('viewer');
      const changes = s.newEpoch();
      const [bobKey] = put(s.member(bob));
      return { valid: s.seal(changes), broken: s.seal(changes.filter(([key]) => key !== bobKey)) };
    },
  },
  {
    rule: 'member-epoch',
    about: 'adds a member under an old epoch',
    run: (s) => {
      s.commit(s.newEpoch());
      const member = s.newMember(new TestAccount(s.suite), 'viewer');
      return { valid: s.seal([put(member)]), broken: s.seal([put({ ...member, epoch: 1 })]) };
    },
  },
  {
    rule: 'member-epoch',
    about: 'changes a role under the same envelope',
    run: (s) => {
      const bob = s.join('viewer');
      return {
        valid: s.seal([put(s.changedMember(bob, { role: 'editor', envelope: s.sealed(1257) }))]),
        broken: s.seal([put(s.changedMember(bob, { role: 'editor' }))]),
      };
    },
  },
  {
    rule: 'one-owner',
    about: 'makes a second owner',
    run: (s) => {
      const bob = s.join('viewer');
      const envelope = s.sealed(1257);
      const raised = put(s.changedMember(bob, { role: 'owner', envelope }));
      const lowered = put(s.changedMember(s.owner, { role: 'manager', envelope }));
      return { valid: s.seal([raised, lowered]), broken: s.seal([raised]) };
    },
  },
  {
    rule: 'one-owner',
    about: 'lets the owner leave',
    run: (s) => {
      const bob = s.join('manager');
      return {
        valid: s.seal([remove(s.member(bob))], { by: bob }),
        broken: s.seal([remove(s.member(s.owner))]),
      };
    },
  },
  {
    rule: 'removal-epoch',
    about: 'removes a member without a new epoch',
    run: (s) => {
      const bob = s.join('viewer');
      return { valid: s.seal(s.newEpoch([bob])), broken: s.seal([remove(s.member(bob))]) };
    },
  },
  {
    rule: 'rev',
    about: 'repeats the revision of a member record',
    run: (s) => {
      const next = s.changedMember(s.owner, { rotate: true });
      return { valid: s.seal([put(next)]), broken: s.seal([put({ ...next, rev: 1 })]) };
    },
  },
];

export const AUTHORITY_CASES: readonly RuleCase[] = [...headerCases, ...roleCases, ...memberCases];
