/** Base rows: what both sides agree on once an operation is done. */
import type { NodeView } from '@coffer/sdk';
import { isMetaEqual, roundToMs } from '../planner/meta.ts';
import type { Agreement } from '../planner/operations.ts';
import type { BaseNode, Caps, EntryKind, RemoteNode } from '../planner/types.ts';
import type { EntryStat } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';

const EXECUTE_BIT = 0o100;

/** The remote side's state is now the local entry's too. */
export function agreeOnRemote(remote: RemoteNode | NodeView, local: LocalRow): BaseNode {
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

/** Content of `view` is in the entry's place, or the entry's content is in the node's. */
export function agreeOnNewContent(base: BaseNode, view: NodeView, local: LocalRow): BaseNode {
  const { parent, name, localName } = base;
  return { ...agreeOnRemote(view, local), parent, name, localName };
}

/** A row with what lstat says after the engine itself changed the entry. */
export function rowAfter(row: LocalRow, stat: EntryStat): LocalRow {
  return {
    ...row,
    ino: stat.ino,
    birthNs: stat.birthNs,
    size: row.kind === 'file' ? stat.size : 0,
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    mode: stat.mode,
    state: 'seen',
  };
}

export function isExecutable(mode: number): boolean {
  return (mode & EXECUTE_BIT) !== 0;
}

/** The mode with its execute bits where reading is allowed, or without them. */
export function modeFor(executable: boolean, mode: number): number {
  return executable ? mode | ((mode & 0o444) >> 2) : mode & ~0o111;
}
