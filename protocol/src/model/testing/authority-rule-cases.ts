/** Rules about roles, members and epochs: see `rule-cases.ts`. */
import { ZERO_DIGEST, type Digest } from '../../core/index.ts';
import type { RuleCase } from './rule-cases.ts';
import { TestAccount } from './test-account.ts';
import { put, remove, replace } from './test-space.ts';

const OTHER_HEAD = 'ab'.repeat(32) as Digest;

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
      const chainHead = OTHER_HEAD;
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

export const AUTHORITY_CASES: readonly RuleCase[] = [...roleCases, ...memberCases];
