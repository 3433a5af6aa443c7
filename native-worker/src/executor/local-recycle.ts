/**
 * Entries leave the tree for the recycle area, by rename (engine §7). A folder goes whole; one that
 * holds what a rule ignores stays with that alone.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { LocalRecycle } from '../planner/operations.ts';
import { LocalFault } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { folderOf, isAsSeen } from './local-paths.ts';
import { DONE, LOST, type OperationOutcome } from './outcome.ts';
import type { ExecutionRun } from './run.ts';
import { areUntouched, findWritten, walkFolder, type KnownFolder } from './whole-folder.ts';

interface Leaving {
  readonly row: LocalRow;
  readonly path: string;
  /** The node whose content the bytes are. */
  readonly node: NodeId;
}

export function recycleLocal(run: ExecutionRun, operation: LocalRecycle): OperationOutcome {
  const row = run.entry(operation.local);
  if (row === undefined || row.kind !== operation.entry) return LOST;
  const path = run.paths.relative(row.id);
  if (path === undefined || path === '') return LOST;
  const entry: Leaving = { row, path, node: operation.node };
  const walk = row.kind === 'folder' ? walkFolder(run, row.id) : undefined;
  if (walk?.kind === 'stranger') {
    run.options.hint(walk.folder);
    return LOST;
  }
  if (walk !== undefined && walk.keeping.size > 0) recycleAround(run, operation, entry, walk);
  else recycleWhole(run, operation, entry, walk);
  run.counts.trashed += 1;
  run.record('delete', { node: operation.node, before: path, after: null });
  return DONE;
}

function recycleWhole(
  run: ExecutionRun,
  operation: LocalRecycle,
  entry: Leaving,
  walk: KnownFolder | undefined,
): void {
  const { trees } = run.options;
  const folders = moveToRecycle(run, entry, walk);
  trees.db.transaction(() => {
    trees.local.markGone(entry.row.id, new Set(run.paths.staged.keys()));
    run.settle(operation, DONE);
  });
  agreeOnDeletion(run, entry, folders);
}

/** All that has a row leaves its folder; what a rule ignores stays, with the folders that it is in. */
function recycleAround(
  run: ExecutionRun,
  operation: LocalRecycle,
  entry: Leaving,
  { keeping }: KnownFolder,
): void {
  const { trees } = run.options;
  const folders: string[] = [];
  for (const folder of keeping) {
    const path = run.paths.relative(folder);
    if (path === undefined) throw new PreconditionLost();
    for (const row of trees.local.children(folder)) {
      if (row.state !== 'seen' || keeping.has(row.id) || run.paths.staged.has(row.id)) continue;
      const node = trees.base.byLocalId(row.id)?.id ?? entry.node;
      const walk = row.kind === 'folder' ? walkFolder(run, row.id) : undefined;
      if (walk?.kind === 'stranger' || (walk?.keeping.size ?? 0) > 0) throw new PreconditionLost();
      folders.push(...moveToRecycle(run, { row, path: `${path}/${row.name}`, node }, walk));
      trees.local.markGone(row.id, new Set(run.paths.staged.keys()));
    }
  }
  trees.db.transaction(() => {
    for (const folder of keeping) trees.local.mark(folder, 'hollow');
    run.settle(operation, DONE);
  });
  agreeOnDeletion(run, entry, folders);
}

function agreeOnDeletion(run: ExecutionRun, entry: Leaving, folders: readonly string[]): void {
  const { trees } = run.options;
  run.agreeWhenDurable(folders, () => {
    // An equal entry without a node goes for the sake of another's: that one's row stays.
    const isOwn = trees.base.byId(entry.node)?.localId === entry.row.id;
    const count = isOwn ? trees.base.removeLeft(entry.node) : 0;
    trees.holds.settle(entry.node);
    if (run.approvedHold(entry.node) === undefined) run.counts.deletedNodes.local += count;
  });
}

/**
 * Renames an entry into the recycle area; its row in `recycled` comes first. Returns the folders
 * whose names changed.
 */
function moveToRecycle(
  run: ExecutionRun,
  entry: Leaving,
  walk: KnownFolder | undefined,
): readonly string[] {
  const { fileSystem, trees } = run.options;
  const stored = run.recycle.reserve(entry.path);
  const [from, to] = [run.paths.inRoot(entry.path), run.paths.inRoot(stored)];
  trees.recycled.insert(recycledEntry(run, { ...entry, reason: 'deleted' }, stored));
  try {
    const stat = fileSystem.lstat(from);
    if (stat === undefined || !isAsSeen(entry.row, stat)) throw new PreconditionLost();
    if (walk !== undefined && !areUntouched(run, walk.folders)) {
      run.options.hint(entry.row.id);
      throw new PreconditionLost();
    }
    fileSystem.rename(from, to);
    const written = findWritten(run, to, walk?.entries ?? [{ below: '', row: entry.row }]);
    if (written !== undefined && isGivenBack(run, from, to)) {
      run.options.hint(written.parent);
      throw new PreconditionLost();
    }
    return [folderOf(from), folderOf(to)];
  } catch (error) {
    if (isExpected(error)) trees.recycled.removeStored(stored);
    throw error;
  }
}

/** False when another entry has the slot by now: then what was written stays in the recycle area. */
function isGivenBack(run: ExecutionRun, from: string, to: string): boolean {
  const { fileSystem } = run.options;
  try {
    if (fileSystem.lstat(from) !== undefined) return false;
    fileSystem.rename(to, from);
    return true;
  } catch (error) {
    if (error instanceof LocalFault) return false;
    throw error;
  }
}

function isExpected(error: unknown): boolean {
  return error instanceof PreconditionLost || error instanceof LocalFault;
}

/** Thrown between two synchronous steps of one operation; its runner turns it into `lost`. */
export class PreconditionLost extends Error {
  override readonly name = 'PreconditionLost';
}

export function recycledEntry(
  run: ExecutionRun,
  entry: {
    readonly row: LocalRow;
    readonly path: string;
    readonly node: LocalRecycle['node'];
    readonly reason: 'deleted' | 'replaced';
  },
  stored: string,
): Parameters<ExecutionRun['options']['trees']['recycled']['insert']>[0] {
  return {
    node: entry.node,
    path: entry.path,
    stored,
    kind: entry.row.kind,
    sha256: entry.row.sha256,
    size: run.options.trees.local.bytesBelow(entry.row.id),
    batch: run.recycle.id,
    atMs: run.now(),
    reason: entry.reason,
  };
}
