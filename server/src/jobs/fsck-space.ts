/** The part of fsck that looks at one space: its commits, records, members, references and usage. */
import type { BodyId } from '@coffer/protocol/api';
import {
  bytesToHex,
  FormatError,
  readU32be,
  ZERO_DIGEST,
  type AccountId,
  type Bytes,
  type ChunkId,
} from '@coffer/protocol/core';
import {
  ALL_KEYS,
  changesDigest,
  commitId,
  decodeHeader,
  decodeRecord,
  planTreeUpdate,
  readInlinePage,
  type CommitHeader,
  type Content,
  type RecordChange,
  type Role,
  type StateView,
} from '@coffer/protocol/model';
import type { AuditedBody, AuditedSpace } from '../stores/audit-store.ts';
import {
  nameSome,
  reasonOf,
  type Finding,
  type FsckContext,
  type FsckOptions,
} from './fsck-finding.ts';

const ROWS_PER_STEP = 1000;
const COMMITS_SIZE_BYTES_MAX = 8 * 1024 * 1024;
const ENTRY_SIZE_BYTES = 36;

/** What the records of a space say, of what the store keeps beside them. */
interface FoundState {
  readonly records: number;
  readonly root: string;
  readonly headRoot: string;
  readonly wrongRows: number;
  readonly unreadable: readonly string[];
  readonly roles: ReadonlyMap<AccountId, Role>;
  readonly refs: Map<BodyId, number>;
}

export interface SpaceSums {
  readonly commits: number;
  readonly records: number;
  readonly bodies: number;
}

export async function checkSpace(
  context: FsckContext,
  { isRepair }: FsckOptions,
  audited: AuditedSpace,
  findings: Finding[],
): Promise<SpaceSums> {
  const { store, clock } = context;
  const { space } = audited;
  const report = (kind: Finding['kind'], detail: string, how: { loss: boolean; mend: boolean }) => {
    findings.push({ kind, space, detail, isLoss: how.loss, isRepaired: how.mend && isRepair });
  };
  const commits = await checkCommits(context, audited, (detail) =>
    report('commits', detail, { loss: true, mend: false }),
  );
  const state = await store.readState(space, (head, view) => readRecords(context, view, head.root));
  if (state === undefined) return { commits, records: 0, bodies: 0 };
  for (const detail of await stateProblems(context, audited, state)) {
    report('state', detail, { loss: true, mend: false });
  }
  const bodies = await readBodies(context, audited);
  addPageEntries(state.refs, bodies);
  const wrong = compareBodies(audited, bodies, state.refs, clock.now());
  if (wrong.missing.length > 0) {
    const detail = `records name bodies that are not there: ${nameSome(wrong.missing)}`;
    report('body-missing', detail, { loss: true, mend: false });
  }
  // Counting anew from records that cannot be read would take references away.
  const isCountable = state.unreadable.length === 0;
  if (wrong.counts.length > 0) {
    const detail = `references are counted wrongly: ${nameSome(wrong.counts)}`;
    report('references', detail, { loss: false, mend: isCountable });
  }
  if (wrong.usage !== undefined) report('usage', wrong.usage, { loss: false, mend: isCountable });
  const isWrong = wrong.counts.length > 0 || wrong.usage !== undefined;
  if (isWrong && isRepair && isCountable) await store.recount(space, state.refs, clock.now());
  return { commits, records: state.records, bodies: bodies.length };
}

async function checkCommits(
  { store, suite }: FsckContext,
  { space }: AuditedSpace,
  report: (detail: string) => void,
): Promise<number> {
  const head = await store.getHead(space);
  let seq = 0;
  let prev: string = ZERO_DIGEST;
  for (;;) {
    const page = await store.readCommits(space, seq + 1, COMMITS_SIZE_BYTES_MAX);
    if (page === undefined || page.commits.length === 0) break;
    for (const { header: bytes, body } of page.commits) {
      seq++;
      const header = readHeader(bytes);
      if (header?.space !== space || header.seq !== seq || header.prev !== prev) {
        report(`commit ${seq} does not follow the one before`);
        return seq;
      }
      if (body !== null && changesDigest(suite, body) !== header.changes) {
        report(`the body of commit ${seq} is not the one that its header signs`);
      }
      prev = commitId(suite, bytes);
    }
  }
  if (head === undefined || head.state.seq !== seq || head.state.id !== prev) {
    report(`the head is not commit ${seq}, the last one there`);
  }
  return seq;
}

/** Undefined where there is none: fsck says so, and looks at the rest. */
function readHeader(bytes: Bytes): CommitHeader | undefined {
  try {
    return decodeHeader(bytes);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function readRecords({ suite }: FsckContext, view: StateView, headRoot: string): FoundState {
  const changes: RecordChange[] = [];
  const unreadable: string[] = [];
  const roles = new Map<AccountId, Role>();
  const refs = new Map<BodyId, number>();
  for (const [key, bytes] of view.listRecords(...ALL_KEYS)) {
    changes.push([key, bytes]);
    try {
      const record = decodeRecord(key, bytes);
      if (record.type === 'member') roles.set(record.account, record.role);
      if (record.type === 'node' || record.type === 'version') addContent(refs, record.content);
    } catch (error) {
      unreadable.push(`${key}: ${reasonOf(error)}`);
    }
  }
  const update = planTreeUpdate(suite, EMPTY_VIEW, changes);
  const wrongRows = update.treeNodes.filter(([position, row]) => {
    const stored = view.getTreeNode(position);
    return stored === undefined || row === null || bytesToHex(stored) !== bytesToHex(row);
  }).length;
  const { root } = update;
  return { records: changes.length, root, headRoot, wrongRows, unreadable, roles, refs };
}

const EMPTY_VIEW: StateView = {
  getRecord: () => undefined,
  listRecords: () => [],
  findNode: () => undefined,
  findTag: () => undefined,
  getTreeNode: () => undefined,
};

async function stateProblems(
  { store }: FsckContext,
  { space }: AuditedSpace,
  { root, headRoot, wrongRows, unreadable, roles }: FoundState,
): Promise<string[]> {
  const problems: string[] = [];
  if (root !== headRoot) problems.push('the records do not give the root that the head signs');
  if (wrongRows > 0) problems.push(`${wrongRows} rows of the state tree do not fit the records`);
  if (unreadable.length > 0) problems.push(`records cannot be read: ${nameSome(unreadable)}`);
  const members = await store.listMembers(space);
  const wrong: AccountId[] = members.filter((account) => !roles.has(account));
  for (const [account, role] of roles) {
    if ((await store.getRole(space, account)) !== role) wrong.push(account);
  }
  if (wrong.length > 0) problems.push(`members are not those of the records: ${nameSome(wrong)}`);
  return problems;
}

function addContent(refs: Map<BodyId, number>, content: Content | null): void {
  if (content === null) return;
  for (const page of content.pages) addRef(refs, page);
  if (content.inlinePage === null) return;
  for (const { id } of readInlinePage(content.inlinePage).chunks) addRef(refs, id);
}

function addRef(refs: Map<BodyId, number>, id: BodyId): void {
  refs.set(id, (refs.get(id) ?? 0) + 1);
}

async function readBodies(
  { store }: FsckContext,
  { space }: AuditedSpace,
): Promise<readonly AuditedBody[]> {
  const bodies: AuditedBody[] = [];
  for (;;) {
    const step = await store.listBodies(space, bodies.at(-1)?.id, ROWS_PER_STEP);
    bodies.push(...step);
    if (step.length < ROWS_PER_STEP) return bodies;
  }
}

/** A page that has a reference references its chunks once. */
function addPageEntries(refs: Map<BodyId, number>, bodies: readonly AuditedBody[]): void {
  for (const { id, pageEntries } of bodies) {
    if (pageEntries === null || !refs.has(id)) continue;
    for (const chunk of chunksOf(pageEntries)) addRef(refs, chunk);
  }
}

function* chunksOf(entries: Bytes): Generator<ChunkId, void, void> {
  for (let at = 0; at + ENTRY_SIZE_BYTES <= entries.length; at += ENTRY_SIZE_BYTES) {
    if (readU32be(entries, at + 32) > 0) yield bytesToHex(entries.subarray(at, at + 32)) as ChunkId;
  }
}

function compareBodies(
  { usedBytes }: AuditedSpace,
  bodies: readonly AuditedBody[],
  refs: ReadonlyMap<BodyId, number>,
  now: number,
): { readonly missing: BodyId[]; readonly counts: BodyId[]; readonly usage: string | undefined } {
  const known = new Set<BodyId>();
  const counts: BodyId[] = [];
  let countedBytes = 0;
  for (const { id, refs: stored, leaseUntil, isCounted, lengthBytes } of bodies) {
    known.add(id);
    const expected = refs.get(id) ?? 0;
    // A lease that has ended may be counted still: until somebody asks.
    const isNeeded = expected > 0 || leaseUntil > now;
    if (stored !== expected || (isNeeded && !isCounted)) counts.push(id);
    if (isCounted) countedBytes += lengthBytes;
  }
  const missing = [...refs.keys()].filter((id) => !known.has(id));
  const usage =
    countedBytes === usedBytes
      ? undefined
      : `${usedBytes} bytes are charged, ${countedBytes} are counted`;
  return { missing, counts, usage };
}
