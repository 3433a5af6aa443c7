/** Membership, epochs and the space record (protocol §3, §4). */
import { equalBytes, SPACE_MEMBERS_MAX } from '../../core/index.ts';
import { decodeRecord } from '../record-codec.ts';
import type { MemberRecord } from '../records.ts';
import { MEMBER_RANGE } from '../tree-keys.ts';
import type { Change, CommitInState } from './commit-in-state.ts';
import { firstBreak, type Rule } from './rule.ts';

export const memberRules: readonly Rule[] = [
  { name: 'space-record', judge: judgeSpaceRecord },
  { name: 'epoch', judge: judgeEpoch },
  { name: 'member-identity', judge: judgeIdentities },
  { name: 'member-pin', judge: judgePins },
  { name: 'member-epoch', judge: judgeMemberEpochs },
  { name: 'one-owner', judge: judgeOwner },
  { name: 'removal-epoch', judge: judgeRemovals },
];

/** Number of members in the end state. */
function countEndMembers(commit: CommitInState): number {
  let count = 0;
  for (const _ of commit.view.listRecords(...MEMBER_RANGE)) count++;
  for (const { old, next } of commit.members) {
    if (old === undefined && next !== undefined) count++;
    if (old !== undefined && next === undefined) count--;
  }
  return count;
}

export function judgeMemberLimit(commit: CommitInState): string | undefined {
  const isGrowing = commit.members.some(({ old }) => old === undefined);
  return isGrowing && countEndMembers(commit) > SPACE_MEMBERS_MAX ? 'too many members' : undefined;
}

/** There is always one space record, and what the space id hashes never changes. */
function judgeSpaceRecord(commit: CommitInState): string | undefined {
  const change = commit.spaceChange;
  if (change === undefined) return undefined;
  const { old, next } = change;
  if (old === undefined || next === undefined) return 'the space record stays';
  const isSame =
    old.kind === next.kind &&
    old.creator === next.creator &&
    equalBytes(old.creatorIdentity, next.creatorIdentity) &&
    equalBytes(old.nonce, next.nonce);
  return isSame ? undefined : 'kind, creator and nonce of a space stay';
}

/** Epochs are numbered by the commit that makes them; the sealed old ones change just then. */
function judgeEpoch({ oldSpace, endSpace, header }: CommitInState): string | undefined {
  if (oldSpace === undefined) return 'the old state has no space record';
  const hasSameKeys = equalBytes(oldSpace.oldEpochs, endSpace.oldEpochs);
  if (oldSpace.epoch === endSpace.epoch) {
    return hasSameKeys ? undefined : 'old epochs change in a new epoch only';
  }
  if (endSpace.epoch !== header.seq) return `epoch ${endSpace.epoch} in commit ${header.seq}`;
  return hasSameKeys ? 'a new epoch seals the old ones anew' : undefined;
}

/** An identity never changes in place and is the one of the pinned chain. */
function judgeIdentities(commit: CommitInState): string | undefined {
  return firstBreak(commit.members, ({ old, next }) => {
    if (next === undefined) return undefined;
    if (old !== undefined && !equalBytes(old.identity, next.identity)) {
      return `the identity of ${next.account} changes`;
    }
    const pinned = commit.chains(next.account)?.identityAt(next.chainSeq);
    return pinned !== undefined && equalBytes(pinned, next.identity)
      ? undefined
      : `${next.account} has another identity at ${next.chainSeq}`;
  });
}

/** Pins stand on the member's key chain and only move forward. */
function judgePins(commit: CommitInState): string | undefined {
  return firstBreak(commit.members, ({ old, next }) => {
    if (next === undefined) return undefined;
    const chain = commit.chains(next.account);
    if (chain === undefined) return `no key chain of ${next.account}`;
    if (chain.headAt(next.chainSeq) !== next.chainHead) {
      return `${next.account} is pinned to another chain`;
    }
    if (old === undefined) return undefined;
    const extendsOld =
      next.chainSeq >= old.chainSeq && chain.headAt(old.chainSeq) === old.chainHead;
    return extendsOld ? undefined : `the pin of ${next.account} moves back`;
  });
}

/** Every written member record holds the newest epoch; a new epoch is sealed to all members. */
function judgeMemberEpochs(commit: CommitInState): string | undefined {
  const { epoch } = commit.endSpace;
  const stale = firstBreak(commit.members, ({ old, next }) => {
    if (next === undefined) return undefined;
    if (next.epoch !== epoch) return `${next.account} has epoch ${next.epoch}, not ${epoch}`;
    return old !== undefined && isOldEnvelope(old, next)
      ? `${next.account} keeps an envelope of another epoch or role`
      : undefined;
  });
  if (stale !== undefined || !commit.setsEpoch) return stale;
  const changed = new Set(commit.members.map(({ old, next }) => (next ?? old)?.account));
  return firstBreak(commit.view.listRecords(...MEMBER_RANGE), ([key, bytes]) => {
    const record = decodeRecord(key, bytes);
    return record.type === 'member' && !changed.has(record.account)
      ? `${record.account} gets no envelope of the new epoch`
      : undefined;
  });
}

/** Epoch and role are bound to the envelope: it cannot outlive a change of either. */
function isOldEnvelope(old: MemberRecord, next: MemberRecord): boolean {
  const isBound = old.epoch === next.epoch && old.role === next.role;
  return !isBound && equalBytes(old.envelope, next.envelope);
}

function judgeOwner(commit: CommitInState): string | undefined {
  let owners = 1;
  for (const { old, next } of commit.members) {
    if (old?.role === 'owner') owners--;
    if (next?.role === 'owner') owners++;
  }
  return owners === 1 ? undefined : `the space would have ${owners} owners`;
}

/** Who removes somebody else makes a new epoch in the same commit; who leaves cannot. */
function judgeRemovals(commit: CommitInState): string | undefined {
  if (commit.setsEpoch) return undefined;
  return firstBreak<Change<MemberRecord>>(commit.members, ({ old, next }) => {
    const isRemoved = old !== undefined && next === undefined;
    return isRemoved && old.account !== commit.header.account
      ? `${old.account} is removed without a new epoch`
      : undefined;
  });
}
