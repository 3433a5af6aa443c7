/** Renames on the disk, directly or through staging where a cycle has to be broken (engine §5.7). */
import type { LocalPlace } from '../planner/operations.ts';
import type { LocalId } from '../planner/types.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { rowAfter } from './agreement.ts';
import { folderOf } from './local-paths.ts';
import { isTaken } from './local-effects.ts';
import { DONE, LOST, unlessFault, type OperationOutcome } from './outcome.ts';
import { ensureStaging, hasFolders, stagedPath, wayBack } from './own-folder.ts';
import type { ExecutionRun } from './run.ts';

/** An entry that waits in staging until its slot is free. */
export interface StagedMove {
  readonly operation: LocalPlace;
  readonly row: LocalRow;
  /** Relative to the root, as its row said. */
  readonly from: string;
  /** The path that it had. */
  readonly left: string;
}

export function placeLocal(run: ExecutionRun, operation: LocalPlace): OperationOutcome {
  const { fileSystem } = run.options;
  const row = run.options.trees.local.byId(operation.local);
  const parent = run.localParent(operation.parent);
  const from = row === undefined ? undefined : run.paths.relative(row.id);
  const path = row === undefined ? undefined : run.paths.leavable(row);
  if (row === undefined || from === undefined || parent === undefined) return LOST;
  if (!isAsPlanned(run, operation) || isBelow(run, parent, row.id)) return LOST;
  const target = run.paths.slot(parent, operation.localName);
  if (path === undefined || target === undefined || isTaken(run, target, row)) return LOST;
  fileSystem.rename(path, target);
  finish(run, { operation, row, from, left: path }, { parent, path: target });
  return DONE;
}

/**
 * First half: the entry leaves its slot, maybe for a folder that is only made in its place. Undefined
 * when its precondition is lost.
 */
export function stageMove(run: ExecutionRun, operation: LocalPlace): StagedMove | undefined {
  const { fileSystem, pair, trees } = run.options;
  const row = run.entry(operation.local);
  const from = row === undefined ? undefined : run.paths.relative(row.id);
  if (row === undefined || from === undefined) return undefined;
  ensureStaging(fileSystem, pair.localPath);
  const staged = stagedPath(pair.localPath, operation.id);
  trees.db.durably(() => {
    trees.intents.put({
      id: operation.id,
      kind: 'stage-move',
      node: operation.node,
      local: row.id,
      from,
      to: wantedPath(run, operation) ?? from,
      staged: operation.id,
      detail: row.ino.toString(),
      atMs: run.now(),
    });
  });
  if (run.entry(row.id) === undefined) {
    trees.intents.remove(operation.id);
    return undefined;
  }
  const left = run.paths.inRoot(from);
  fileSystem.rename(left, staged);
  run.paths.staged.set(row.id, staged);
  return { operation, row, from, left };
}

function wantedPath(run: ExecutionRun, operation: LocalPlace): string | undefined {
  const parent = run.localParent(operation.parent);
  const folder = parent === undefined ? undefined : run.paths.relative(parent);
  if (folder === undefined) return undefined;
  return folder === '' ? operation.localName : `${folder}/${operation.localName}`;
}

/** Second half: true once the entry is in its slot. */
export function placeStaged(run: ExecutionRun, move: StagedMove): boolean {
  const { fileSystem, pair } = run.options;
  const staged = stagedPath(pair.localPath, move.operation.id);
  const parent = run.localParent(move.operation.parent);
  if (parent === undefined) return false;
  const target = run.paths.slot(parent, move.operation.localName);
  if (target === undefined || fileSystem.lstat(target) !== undefined) return false;
  if (fileSystem.lstat(staged)?.ino !== move.row.ino) return false;
  fileSystem.rename(staged, target);
  run.paths.staged.delete(move.row.id);
  run.folderMoved(staged, target);
  finish(run, move, { parent, path: target });
  return true;
}

/** The slot did not become free: back to its folder, or where that is gone to the one that it was for. */
export function unstage(run: ExecutionRun, move: StagedMove): void {
  const { fileSystem, pair, trees } = run.options;
  const staged = stagedPath(pair.localPath, move.operation.id);
  const isThere = hasFolders(fileSystem, pair.localPath, move.from);
  const wanted = isThere ? move.from : (wantedPath(run, move.operation) ?? move.from);
  const back = wayBack(fileSystem, pair.localPath, wanted);
  fileSystem.rename(staged, back);
  run.paths.staged.delete(move.row.id);
  run.folderMoved(staged, back);
  trees.db.transaction(() => {
    trees.intents.remove(move.operation.id);
    run.settle(move.operation, LOST);
  });
  run.options.hint(move.row.parent);
}

function finish(
  run: ExecutionRun,
  move: StagedMove,
  slot: { readonly parent: LocalId; readonly path: string },
): void {
  const { fileSystem, trees, pair } = run.options;
  const { operation, row, from, left } = move;
  const { parent, path: target } = slot;
  const stat = unlessFault(() => fileSystem.lstat(target));
  const { node } = operation;
  const remote = node === null ? undefined : trees.remote.byId(node);
  const base = node === null ? undefined : trees.base.byId(node);
  const how = { caps: pair.caps, nowMs: run.now() };
  const after = {
    ...(stat === undefined ? row : rowAfter(row, stat, how)),
    parent,
    name: operation.localName,
  };
  trees.db.transaction(() => {
    trees.local.put(after);
    run.settle(operation, DONE);
  });
  const folders = [folderOf(left), folderOf(target)];
  run.agreeWhenDurable(folders, () => {
    trees.intents.remove(operation.id);
    // Only the place is agreed on: content and metadata have operations of their own.
    if (!operation.settles || base?.localId !== row.id || remote === undefined) return;
    const { name, parent: folder } = remote;
    trees.base.put({ ...base, parent: folder, name, localName: operation.localName });
  });
  if (after.ctimeNs === 0n) run.options.hint(parent);
  run.counts.moved += 1;
  run.record('move', {
    node: operation.node,
    before: from,
    after: run.paths.relative(row.id) ?? null,
  });
}

function isAsPlanned(run: ExecutionRun, { node }: LocalPlace): boolean {
  return node === null || run.isRemoteAsPlanned(node);
}

function isBelow(run: ExecutionRun, folder: LocalId, ancestor: LocalId): boolean {
  const { local } = run.options.trees;
  for (let at = local.byId(folder); at !== undefined; at = local.byId(at.parent)) {
    if (at.id === ancestor) return true;
    if (at.id === local.root) return false;
  }
  return false;
}
