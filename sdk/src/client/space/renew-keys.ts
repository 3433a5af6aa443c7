/**
 * Step 4 of an account-key rotation (protocol §2): a space whose own member record pins a chain position
 * from before a revocation, or a new KEM key, gets a new epoch from who may make one; others ask for it.
 */
import { Defect, IntegrityError } from '@coffer/protocol/core';
import {
  decodeKeyChainEntry,
  encodeRecord,
  judgeKeyChainPin,
  MEMBER_RANGE,
  recordKey,
  type KeyChain,
  type MemberRecord,
  type RecordChange,
  type SpaceStateRecord,
} from '@coffer/protocol/model';
import {
  addEpoch,
  createCommit,
  sealMemberEnvelope,
  sealOldEpochs,
} from '@coffer/protocol/model/open';
import { RemoteFault } from '../../ports/index.ts';
import { isChainRule } from './commit-judge.ts';
import type { OpenSpace } from './open-space.ts';
import type { ApplyHooks } from './verified-space.ts';

const ATTEMPTS_MAX = 10;

/**
 * Renews the keys of `space` when that is due, by the chain as it is known here; true when it was. The
 * caller holds the space's mutex. Throws faults, and IntegrityError when a member's chain does not
 * extend what was pinned of it: nothing is sealed then.
 */
export async function renewSpaceKeys(
  space: OpenSpace,
  signal: AbortSignal,
  hooks: ApplyHooks,
): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const chain = await ownChain(space, signal);
    if (chain === undefined || !isDue(space, chain)) return attempt > 0;
    await propose(space, chain, signal);
    await space.verified.pull(signal, hooks);
  }
  throw new RemoteFault('head-moved', 'other devices always wrote first', {
    retry: { kind: 'after', delayMs: null },
  });
}

/** The own chain as it is known, asked for anew only when this device does not stand in it yet. */
async function ownChain(space: OpenSpace, signal: AbortSignal): Promise<KeyChain | undefined> {
  const { chains, secrets } = space.options;
  const known = chains.get(secrets.account);
  if (known?.deviceAt(secrets.device, known.seq) !== undefined) return known;
  const fresh = await chains.refresh(secrets.account, signal);
  return fresh.deviceAt(secrets.device, fresh.seq) === undefined ? undefined : fresh;
}

function isDue(space: OpenSpace, chain: KeyChain): boolean {
  const { member } = space.records();
  const later = chain.entries.slice(member.chainSeq + 1);
  const isOutdated = later.some((entry) => {
    const { type } = decodeKeyChainEntry(entry).content.change;
    return type === 'device-revoked' || type === 'kem-changed';
  });
  return isOutdated || (mayMakeEpochs(member) && membersOf(space).some(({ rotate }) => rotate));
}

function mayMakeEpochs({ role }: MemberRecord): boolean {
  return role === 'owner' || role === 'manager';
}

function membersOf(space: OpenSpace): readonly MemberRecord[] {
  return [...space.list(MEMBER_RANGE)].filter((record) => record.type === 'member');
}

async function propose(space: OpenSpace, chain: KeyChain, signal: AbortSignal): Promise<void> {
  const { suite, secrets, clock, api } = space.options;
  const { verified } = space;
  const { head } = verified;
  if (head === undefined) throw new Defect('an open space has a head');
  const records = mayMakeEpochs(space.records().member)
    ? await newEpoch(space, chain, head.seq + 1, signal)
    : [longerPin(space, chain, true)];
  const { commit } = createCommit({
    suite,
    view: verified.view,
    head,
    space: verified.id,
    changes: records.map((record): RecordChange => [recordKey(record), encodeRecord(record)]),
    author: secrets,
    time: clock.now(),
    note: null,
  });
  const answer = await api.propose(commit, signal);
  // Another writer was faster: the next attempt looks at what came.
  if (answer.kind === 'accepted' || answer.kind === 'head-moved') return;
  if (answer.kind === 'rule-broken' && isChainRule(answer.rule)) {
    throw new IntegrityError('chain-broken', 'the server refuses the key chain that it gave');
  }
  if (answer.kind === 'rule-broken') {
    throw new Defect(`a new epoch was refused by the rule ${answer.rule}`);
  }
  throw new RemoteFault(answer.kind, 'a new epoch has no content, but the server says so', {
    retry: { kind: 'never' },
  });
}

function longerPin(space: OpenSpace, chain: KeyChain, rotate: boolean): MemberRecord {
  const { member } = space.records();
  return { ...member, rev: member.rev + 1, chainSeq: chain.seq, chainHead: chain.head, rotate };
}

/** The space and all member records of a new epoch, made in the commit with this seq. */
async function newEpoch(
  open: OpenSpace,
  chain: KeyChain,
  epoch: number,
  signal: AbortSignal,
): Promise<readonly SpaceStateRecord[]> {
  const { suite, secrets } = open.options;
  const whole = await suite.whole();
  const { space } = open.records();
  const keys = addEpoch(suite, open.keys(), epoch);
  const oldEpochs = sealOldEpochs(suite, space.space, keys);
  const records: SpaceStateRecord[] = [{ ...space, rev: space.rev + 1, epoch, oldEpochs }];
  for (const member of membersOf(open)) {
    const isOwn = member.account === secrets.account;
    const kem = isOwn ? chain.kem : await kemOf(open, member, signal);
    const next = isOwn
      ? longerPin(open, chain, false)
      : { ...member, rev: member.rev + 1, rotate: false };
    const place = { space: space.space, epoch, account: member.account, role: member.role };
    records.push({ ...next, epoch, envelope: sealMemberEnvelope(whole, kem, place, keys) });
  }
  return records;
}

/** The newest KEM key of another member, whose chain extends what everybody pinned. */
async function kemOf(open: OpenSpace, member: MemberRecord, signal: AbortSignal) {
  const chain = await open.options.chains.refresh(member.account, signal);
  const { identity, chainSeq: seq, chainHead: head } = member;
  const verdict = judgeKeyChainPin(chain, { identity, seq, head });
  if (verdict !== 'extends') {
    throw new IntegrityError('chain-broken', `keys of a member are not those known: ${verdict}`);
  }
  return chain.kem;
}
