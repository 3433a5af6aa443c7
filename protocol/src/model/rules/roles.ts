/** Who may change what (protocol §4, rule 2). */
import { equalBytes } from '../../core/index.ts';
import { sameContent } from '../content-codec.ts';
import type { MemberRecord, Role, SpaceRecord, SpaceStateRecord } from '../records.ts';
import { ROLES } from '../wire-names.ts';
import type { Change, CommitInState } from './commit-in-state.ts';
import { firstBreak, type Rule } from './rule.ts';

export const roleRules: readonly Rule[] = [
  { name: 'role', judge: judgeRoles },
  { name: 'by', judge: judgeAuthors },
];

function judgeRoles(commit: CommitInState): string | undefined {
  const role = commit.signer?.role;
  if (role === undefined) return 'the signer has no role';
  return firstBreak(commit.changes, (change) => {
    const needed = roleNeeded(commit, change);
    if (ROLES.indexOf(role) >= ROLES.indexOf(needed)) return undefined;
    return `a ${role} changes a ${(change.next ?? change.old)?.type ?? 'record'}, needs ${needed}`;
  });
}

function roleNeeded(commit: CommitInState, change: Change<SpaceStateRecord>): Role {
  const record = change.next ?? change.old;
  switch (record?.type) {
    case 'space':
      return roleForSpace(change as Change<SpaceRecord>);
    case 'member':
      return roleForMember(commit, change as Change<MemberRecord>);
    case 'node':
    case 'version':
    case 'item':
    case undefined:
      break;
  }
  return 'editor';
}

/** A manager makes epochs; all else in the space record is the owner's. */
function roleForSpace({ old, next }: Change<SpaceRecord>): Role {
  if (old === undefined || next === undefined) return 'owner';
  const isPolicyKept =
    old.versionDays === next.versionDays &&
    old.versionsKept === next.versionsKept &&
    old.trashDays === next.trashDays;
  return isPolicyKept ? 'manager' : 'owner';
}

/** Everyone: own pin, `rotate`, leaving. Managers: members, but the owner only in a new epoch. */
function roleForMember(commit: CommitInState, { old, next }: Change<MemberRecord>): Role {
  const account = (next ?? old)?.account;
  if (account === commit.header.account && old !== undefined) {
    if (next === undefined || isPinUpdate(old, next)) return 'viewer';
  }
  const touchesOwner = old?.role === 'owner' || next?.role === 'owner';
  if (!touchesOwner) return 'manager';
  return commit.setsEpoch && old !== undefined && next !== undefined && isReseal(old, next)
    ? 'manager'
    : 'owner';
}

function isPinUpdate(old: MemberRecord, next: MemberRecord): boolean {
  return (
    old.role === next.role &&
    old.epoch === next.epoch &&
    equalBytes(old.identity, next.identity) &&
    equalBytes(old.envelope, next.envelope)
  );
}

/** A new envelope for a new epoch, which also fulfils a request to rotate, and nothing else. */
function isReseal(old: MemberRecord, next: MemberRecord): boolean {
  return (
    old.role === next.role &&
    old.chainSeq === next.chainSeq &&
    old.chainHead === next.chainHead &&
    equalBytes(old.identity, next.identity) &&
    (old.rotate || !next.rotate)
  );
}

/** `by` is the signer where meta or content changed, else whoever it was. */
function judgeAuthors(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, old, next }) => {
    if (next === undefined) return undefined;
    const isKept =
      old !== undefined &&
      equalBytes(old.meta, next.meta) &&
      sameContent(old.content, next.content);
    const expected = isKept ? old.by : commit.header.account;
    return next.by === expected ? undefined : `node ${id} is by ${next.by}`;
  });
}
