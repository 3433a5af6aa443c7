/**
 * Judges a commit (protocol §3, §4): may it stand after `head`? All rules are judged between the old
 * state and the end state, never change by change, and cost as much as the commit changes. Pure.
 */
import {
  equalBytes,
  err,
  FormatError,
  ok,
  type AccountId,
  type CommitId,
  type Result,
  type SpaceId,
} from '../../core/index.ts';
import type { VerifySuite } from '../../crypto/index.ts';
import { commitId, decodeBody, decodeHeader } from '../commit-codec.ts';
import type { CommitHeader, HeadState, RecordChange, SealedCommit } from '../commit.ts';
import type { KeyChain } from '../key-chain.ts';
import { recordKey, recordTypeAt } from '../tree-keys.ts';
import { extendEdge } from '../past.ts';
import type { TreeKey } from '../records.ts';
import type { StateChange, StateView } from '../state-view.ts';
import { planTreeUpdate } from '../tree.ts';
import { placeCommit, type CommitInState } from './commit-in-state.ts';
import { contentChangeOf, type ContentChange } from './content-refs.ts';
import { judgeGenesis } from './genesis.ts';
import { judgeHeaderPlace } from './header.ts';
import { judgeMemberLimit, memberRules } from './members.ts';
import { nodeRules } from './nodes.ts';
import { judgeRewrapLimit, numberRules } from './numbers.ts';
import { roleRules } from './roles.ts';
import { firstBreak, type Rule, type RuleBreak } from './rule.ts';
import { judgeSigner } from './signer.ts';
import { judgeVersionLimit, versionRules } from './versions.ts';

export interface CommitToJudge {
  readonly suite: VerifySuite;
  /** The space in the state at `head`. */
  readonly view: StateView;
  /** Undefined before seq 1. */
  readonly head: HeadState | undefined;
  readonly commit: SealedCommit;
  readonly space: SpaceId;
  /** Verified key chains, at least of all `accountsNamedBy` the commit. */
  readonly chains: (account: AccountId) => KeyChain | undefined;
}

/** A date until which something must be kept that this commit sets or changes. */
export interface KeepUntilChange {
  readonly key: TreeKey;
  readonly kind: 'trash' | 'version';
  readonly keepUntil: number;
  /** What the same record said before, or null. */
  readonly before: number | null;
}

export interface JudgedCommit {
  readonly header: CommitHeader;
  readonly id: CommitId;
  readonly head: HeadState;
  readonly change: StateChange;
  readonly records: readonly RecordChange[];
  /** The commit touches a space or member record. */
  readonly authority: boolean;
  readonly content: ContentChange;
  /** For the server's check against the policy by its own clock. */
  readonly keepUntils: readonly KeepUntilChange[];
}

/** What every commit after the first is judged by, in this order. */
export const RULES: readonly Rule[] = [
  { name: 'no-effect', judge: judgeEffect },
  { name: 'record-space', judge: judgeRecordSpaces },
  ...roleRules,
  ...memberRules,
  ...nodeRules,
  ...numberRules,
  ...versionRules,
  { name: 'limits', judge: judgeLimits },
];

const GENESIS_RULES: readonly Rule[] = [
  { name: 'record-space', judge: judgeRecordSpaces },
  { name: 'genesis', judge: judgeGenesis },
];

/** The commit with all that follows from it, or the first rule that it breaks. Never throws. */
export function judgeCommit(input: CommitToJudge): Result<JudgedCommit, RuleBreak> {
  try {
    return judge(input);
  } catch (error) {
    if (error instanceof FormatError) return err({ rule: 'format', detail: error.message });
    throw error;
  }
}

/** Signer and written members, whose key chains `judgeCommit` asks for; throws FormatError. */
export function accountsNamedBy(commit: SealedCommit): readonly AccountId[] {
  const accounts = new Set<AccountId>([decodeHeader(commit.header).account]);
  for (const [key, record] of decodeBody(commit.body)) {
    if (record !== null && isMemberKey(key)) accounts.add(key.slice(32) as AccountId);
  }
  return [...accounts];
}

function judge(input: CommitToJudge): Result<JudgedCommit, RuleBreak> {
  const { suite, view, head, space, commit: sealed } = input;
  const header = decodeHeader(sealed.header);
  const misplaced = judgeHeaderPlace(header, { suite, space, head, body: sealed.body });
  if (misplaced !== undefined) return err(misplaced);
  const records = decodeBody(sealed.body);
  const id = commitId(suite, sealed.header);
  const commit = placeCommit({ suite, view, header, id, space, chains: input.chains, records });
  const broken =
    judgeSigner(commit, sealed) ?? judgeRules(header.seq === 1 ? GENESIS_RULES : RULES, commit);
  if (broken !== undefined) return err(broken);
  const { root, treeNodes } = planTreeUpdate(suite, view, records);
  if (root !== header.root) return err({ rule: 'root', detail: `the end state has root ${root}` });
  return ok({
    header,
    id,
    head: headAfter(suite, head, { header, id, records }),
    change: { records, treeNodes },
    records,
    authority: isAuthority(records),
    content: contentChangeOf(commit),
    keepUntils: keepUntilsOf(commit),
  });
}

/** The first of `rules` that `commit` breaks. */
export function judgeRules(rules: readonly Rule[], commit: CommitInState): RuleBreak | undefined {
  for (const { name, judge } of rules) {
    const detail = judge(commit);
    if (detail !== undefined) return { rule: name, detail };
  }
  return undefined;
}

/** True when `records` touch a space or member record. */
export function isAuthority(records: readonly RecordChange[]): boolean {
  return records.some(([key]) => recordTypeAt(key) === 'space' || isMemberKey(key));
}

/** What writers and verifiers carry on from a commit. */
export function headAfter(
  suite: VerifySuite,
  head: HeadState | undefined,
  made: {
    readonly header: CommitHeader;
    readonly id: CommitId;
    readonly records: readonly RecordChange[];
  },
): HeadState {
  const { header, id } = made;
  return {
    seq: header.seq,
    id,
    auth: isAuthority(made.records) ? id : header.auth,
    root: header.root,
    edge: extendEdge(suite, head?.edge ?? [], header.seq - 1, id),
  };
}

/** A commit writes only what is different afterwards. */
function judgeEffect({ rows }: CommitInState): string | undefined {
  return firstBreak(rows, ({ key, oldBytes, nextBytes }) => {
    const isSame =
      oldBytes === undefined || nextBytes === null
        ? (oldBytes ?? null) === nextBytes
        : equalBytes(oldBytes, nextBytes);
    return isSame ? `${key} stays as it is` : undefined;
  });
}

function judgeRecordSpaces(commit: CommitInState): string | undefined {
  return firstBreak(commit.changes, ({ next }) =>
    next === undefined || next.space === commit.space
      ? undefined
      : `a ${next.type} record of space ${next.space}`,
  );
}

function judgeLimits(commit: CommitInState): string | undefined {
  return judgeMemberLimit(commit) ?? judgeVersionLimit(commit) ?? judgeRewrapLimit(commit);
}

function keepUntilsOf(commit: CommitInState): readonly KeepUntilChange[] {
  const found: KeepUntilChange[] = [];
  for (const { old, next } of commit.nodes) {
    const before = old?.keepUntil ?? null;
    if (next === undefined || next.keepUntil === null || next.keepUntil === before) continue;
    found.push({ key: recordKey(next), kind: 'trash', keepUntil: next.keepUntil, before });
  }
  for (const { next } of commit.versions) {
    if (next === undefined) continue;
    const { keepUntil } = next;
    found.push({ key: recordKey(next), kind: 'version', keepUntil, before: null });
  }
  return found;
}

function isMemberKey(key: TreeKey): boolean {
  return recordTypeAt(key) === 'member';
}
