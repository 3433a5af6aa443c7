/** Base rows: what both sides agree on once an operation is done. */
import type { NodeView } from '@coffer/sdk';
import { isMetaEqual, roundToMs } from '../planner/meta.ts';
import type { Agreement } from '../planner/operations.ts';
import type { BaseNode, Caps, EntryKind, RemoteNode } from '../planner/types.ts';
import type { EntryStat } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { provenCtimeNs } from '../scanner/racy.ts';
import type { PairTrees } from '../trees/index.ts';

const EXECUTE_BIT = 0o100;
const NS_PER_MS = 1_000_000n;
/** The time of no file: whatever a file has differs from it. */
const NO_TIME_NS = -1n;

/** The remote side's state is now the local entry's too. */
export function agreeOnRemote(
  remote: RemoteNode | NodeView,
  local: Pick<LocalRow, 'id' | 'name' | 'mtimeNs'>,
): BaseNode {
  return {
    id: remote.id,
    localId: local.id,
    parent: remote.parent,
    name: remote.name,
    localName: local.name,
    kind: remote.kind as EntryKind,
    rev: remote.rev,
    contentId: remote.contentId,
    size: remote.kind === 'file' ? remote.size : 0,
    sha256: remote.sha256,
    mtimeMs: remote.mtimeMs,
    localMtimeNs: local.mtimeNs,
    executable: remote.executable,
    target: remote.target,
  };
}

/**
 * A folder that was deleted here and comes back `whole`: what went with it would look like what a person
 * deleted. To be called in the transaction that settles the operation, or its intent.
 */
export function agreeOnFolder(
  { base, dirty }: Pick<PairTrees, 'base' | 'dirty'>,
  agreed: BaseNode,
  whole: boolean,
): void {
  const former = base.byLocalId(agreed.localId)?.id ?? agreed.id;
  base.put(agreed);
  const returning = whole ? base.removeReturning(agreed.id) : [];
  // The folder is the same under another id, and so is what was agreed on below it.
  const below = former === agreed.id ? [] : base.reparent(former, agreed.id);
  for (const node of [...returning, ...below]) dirty.markRemote(node);
}

/** The row that a bind writes; undefined where the two sides are no longer what was planned. */
export function agreeOnBind(
  agreement: Agreement,
  { remote, row, replaced }: BoundPair,
  caps: Caps,
): BaseNode | undefined {
  if (agreement === 'apart') {
    if (replaced?.id !== remote.id) return undefined;
    return { ...replaced, parent: remote.parent, name: remote.name, localName: row.name };
  }
  if (agreement === 'edited') return agreeOnRemote(remote, row);
  const isEqual = remote.kind !== 'file' || row.sha256 === remote.sha256;
  return isEqual ? agreeOnContent(remote, row, caps) : undefined;
}

export interface BoundPair {
  readonly remote: RemoteNode;
  readonly row: LocalRow;
  /** The base row that the entry has. */
  readonly replaced: BaseNode | undefined;
}

/**
 * Equal content met. Where times or the executable bit differ, the local ones stand in the row: then
 * the remote ones are what changed, and come down. What one side cannot hold differs from nothing.
 */
function agreeOnContent(remote: RemoteNode, local: LocalRow, caps: Caps): BaseNode {
  const agreed = agreeOnRemote(remote, local);
  if (remote.kind !== 'file' || isMetaEqual(local, remote, caps)) return agreed;
  return { ...agreed, mtimeMs: roundToMs(local.mtimeNs), executable: local.executable };
}

/**
 * The node is back with the content that the entry has. Time and executable bit of the entry may be others
 * than the record's: what changed since both sides agreed on them still has to be sent.
 */
export function agreeOnRestored({ base, remote, local, caps }: Restored): BaseNode {
  const agreed = agreeOnRemote(remote, local);
  if (remote.kind !== 'file') return agreed;
  if (base?.localId === local.id) {
    const { mtimeMs, localMtimeNs, executable } = base;
    return { ...agreed, mtimeMs, localMtimeNs, executable };
  }
  const isTimeKept =
    remote.mtimeMs === null || isTime(local, BigInt(remote.mtimeMs) * NS_PER_MS, caps);
  return isTimeKept ? agreed : { ...agreed, localMtimeNs: NO_TIME_NS };
}

interface Restored {
  /** What was agreed on before the node was trashed, when that is still known. */
  readonly base: BaseNode | undefined;
  readonly remote: NodeView;
  readonly local: LocalRow;
  readonly caps: Caps;
}

/** Content of `view` is in the entry's place, or the entry's content is in the node's. */
export function agreeOnNewContent(base: BaseNode, view: NodeView, local: LocalRow): BaseNode {
  const { parent, name, localName } = base;
  return { ...agreeOnRemote(view, local), parent, name, localName };
}

/**
 * The row of an entry that the engine itself renamed or gave other metadata, from the lstat after it.
 * `mtimeNs` is the time that it must have. Where a person wrote to a file, gave it another mode, or made a
 * link anew, the row keeps the size and time that its content had, and no ctime: the next look finds a
 * difference and reads it. Where another entry is there, the row keeps the number of its own.
 */
export function rowAfter(
  row: LocalRow,
  stat: EntryStat,
  { caps, nowMs, mtimeNs = row.mtimeNs }: RowAfterOptions,
): LocalRow {
  // Somebody put another one there at that moment: whether it replaces this or has a row, a look decides.
  if (stat.ino !== row.ino) return { ...row, mtimeNs, ctimeNs: 0n, state: 'seen' };
  const { ino, birthNs, mode } = stat;
  const after: LocalRow = { ...row, ino, birthNs, mode, state: 'seen' };
  const isOfSize = row.kind !== 'file' || stat.size === row.size;
  const isOfMode = row.kind !== 'file' || !caps.execBit || mode === row.mode;
  const isOwn = row.kind === 'folder' || (isOfSize && isOfMode && isTime(stat, mtimeNs, caps));
  if (!isOwn) return { ...after, mtimeNs, ctimeNs: 0n };
  const ctimeNs =
    row.kind === 'folder' ? stat.ctimeNs : provenCtimeNs(stat, nowMs, caps.mtimeGranNs);
  return { ...after, mtimeNs: stat.mtimeNs, ctimeNs };
}

interface RowAfterOptions {
  readonly caps: Caps;
  /** Unix ms. */
  readonly nowMs: number;
  readonly mtimeNs?: bigint;
}

/** A system may keep a time less exactly than it was set. */
function isTime(stat: Pick<EntryStat, 'mtimeNs'>, mtimeNs: bigint, { mtimeGranNs }: Caps): boolean {
  const offNs = stat.mtimeNs < mtimeNs ? mtimeNs - stat.mtimeNs : stat.mtimeNs - mtimeNs;
  return offNs < (mtimeGranNs < NS_PER_MS ? NS_PER_MS : mtimeGranNs);
}

export function isExecutable(mode: number): boolean {
  return (mode & EXECUTE_BIT) !== 0;
}

/** The mode with its execute bits where reading is allowed, or without them. */
export function modeFor(executable: boolean, mode: number): number {
  return executable ? mode | ((mode & 0o444) >> 2) : mode & ~0o111;
}
