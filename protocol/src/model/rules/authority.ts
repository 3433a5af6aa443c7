/**
 * The authority chain of a space (protocol §4): the commits that touch its space or member records,
 * linked by `auth`. Who has no full state (a browser, a link's visitor, a new device at first) learns
 * from it who may sign, and checks a head under it. What else these commits change is not judged.
 */
import {
  err,
  FormatError,
  ok,
  type AccountId,
  type Bytes,
  type CommitId,
  type Result,
  type SpaceId,
} from '../../core/index.ts';
import type { VerifySuite } from '../../crypto/index.ts';
import { changesDigest, commitId, decodeBody, decodeHeader } from '../commit-codec.ts';
import type { CommitHeader, RecordChange, SealedCommit } from '../commit.ts';
import type { KeyChain } from '../key-chain.ts';
import { MemoryState } from '../memory-state.ts';
import { decodeRecord } from '../record-codec.ts';
import type { MemberRecord, SpaceRecord, TreeKey } from '../records.ts';
import { recordTypeAt, SPACE_KEY } from '../tree-keys.ts';
import { placeCommit, type CommitInState } from './commit-in-state.ts';
import { isAuthority, judgeCommit, judgeRules, RULES } from './judge.ts';
import type { Rule, RuleBreak, RuleName } from './rule.ts';
import { judgeSigner } from './signer.ts';

/** Who belongs to a space after its newest authority commit. */
export interface Authority {
  readonly space: SpaceId;
  /** Newest commit that touches a space or member record. */
  readonly seq: number;
  readonly id: CommitId;
  /** Space and member records, as the state holds them. */
  readonly records: ReadonlyMap<TreeKey, Bytes>;
}

interface AuthorityInput {
  readonly suite: VerifySuite;
  readonly chains: (account: AccountId) => KeyChain | undefined;
}

/** Rules that speak of space and member records alone. */
const AUTHORITY_RULES: ReadonlySet<RuleName> = new Set([
  'no-effect',
  'record-space',
  'role',
  'space-record',
  'epoch',
  'member-identity',
  'member-pin',
  'member-epoch',
  'one-owner',
  'removal-epoch',
  'rev',
  'limits',
]);
const authorityRules: readonly Rule[] = RULES.filter(({ name }) => AUTHORITY_RULES.has(name));

/** Judges the genesis of `space`, in full, and starts from it. */
export function startAuthority(
  input: AuthorityInput & { readonly space: SpaceId; readonly commit: SealedCommit },
): Result<Authority, RuleBreak> {
  const judged = judgeCommit({ ...input, view: new MemoryState(), head: undefined });
  if (!judged.ok) return judged;
  const { records, id } = judged.value;
  return ok({ space: input.space, seq: 1, id, records: takeRecords(new Map(), records) });
}

/** Judges the next authority commit: the one whose `auth` is the newest known. */
export function advanceAuthority(
  input: AuthorityInput & { readonly authority: Authority; readonly commit: SealedCommit },
): Result<Authority, RuleBreak> {
  return refuseFormat(() => {
    const { suite, authority, commit: sealed } = input;
    const header = decodeHeader(sealed.header);
    const broken = judgeLink(authority, header);
    if (broken !== undefined) return err(broken);
    if (header.changes !== changesDigest(suite, sealed.body)) {
      return err({ rule: 'changes', detail: 'the body is another one' });
    }
    const all = decodeBody(sealed.body);
    if (!isAuthority(all)) return err({ rule: 'auth', detail: 'no authority commit' });
    const records = all.filter((row) => isAuthority([row]));
    const placed = place(input, header, sealed.header, records);
    const detail = judgeSigner(placed, sealed) ?? judgeRules(authorityRules, placed);
    if (detail !== undefined) return err(detail);
    if (records.length < all.length && placed.signer?.role === 'viewer') {
      return err({ rule: 'role', detail: 'a viewer changes nodes' });
    }
    const { id } = placed;
    const taken = takeRecords(authority.records, records);
    return ok({ space: authority.space, seq: header.seq, id, records: taken });
  });
}

/** Judges a head: signed by a member's device, directly under the newest authority commit. */
export function judgeHead(
  input: AuthorityInput & {
    readonly authority: Authority;
    readonly header: Bytes;
    readonly signature: Bytes;
  },
): Result<CommitHeader, RuleBreak> {
  return refuseFormat(() => {
    const { suite, authority } = input;
    const header = decodeHeader(input.header);
    // The authority commit itself was judged, by the member records before it.
    if (commitId(suite, input.header) === authority.id) return ok(header);
    const broken =
      judgeLink(authority, header) ??
      judgeSigner(place(input, header, input.header, []), {
        header: input.header,
        signature: input.signature,
      });
    return broken === undefined ? ok(header) : err(broken);
  });
}

export function spaceRecordOf(authority: Authority): SpaceRecord {
  return decodeRecord(
    SPACE_KEY,
    authority.records.get(SPACE_KEY) ?? new Uint8Array(),
  ) as SpaceRecord;
}

/** Members in the order of their account ids. */
export function membersOf(authority: Authority): readonly MemberRecord[] {
  return [...authority.records]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, record]) => decodeRecord(key, record))
    .filter((record) => record.type === 'member');
}

function judgeLink(authority: Authority, header: CommitHeader): RuleBreak | undefined {
  if (header.space !== authority.space) return { rule: 'space', detail: header.space };
  if (header.seq <= authority.seq) {
    return { rule: 'seq', detail: `${header.seq} is not after ${authority.seq}` };
  }
  return header.auth === authority.id
    ? undefined
    : { rule: 'auth', detail: `${header.auth} instead of ${authority.id}` };
}

function place(
  input: AuthorityInput & { readonly authority: Authority },
  header: CommitHeader,
  encoded: Bytes,
  records: readonly RecordChange[],
): CommitInState {
  const { suite, chains, authority } = input;
  const view = new MemoryState();
  view.apply({ records: [...authority.records], treeNodes: [] });
  const id = commitId(suite, encoded);
  return placeCommit({ suite, view, header, id, space: authority.space, chains, records });
}

function takeRecords(
  before: ReadonlyMap<TreeKey, Bytes>,
  changes: readonly RecordChange[],
): ReadonlyMap<TreeKey, Bytes> {
  const records = new Map(before);
  for (const [key, record] of changes) {
    const type = recordTypeAt(key);
    if (type !== 'space' && type !== 'member') continue;
    if (record === null) records.delete(key);
    else records.set(key, record);
  }
  return records;
}

function refuseFormat<T>(judge: () => Result<T, RuleBreak>): Result<T, RuleBreak> {
  try {
    return judge();
  } catch (error) {
    if (error instanceof FormatError) return err({ rule: 'format', detail: error.message });
    throw error;
  }
}
