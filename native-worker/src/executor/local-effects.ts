/**
 * Operations on the disk that move no content. Each checks what it saw in the same synchronous step
 * as its effect, and never overwrites: what leaves a slot goes to the recycle area by rename.
 */
import type { LocalMakeFolder, LocalSetAside, LocalSetMeta } from '../planner/operations.ts';
import type { BaseNode, Caps } from '../planner/types.ts';
import { LocalFault } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { agreeOnFolder, agreeOnRemote, isExecutable, modeFor, rowAfter } from './agreement.ts';
import { arrivalsIntent } from './arrivals.ts';
import { folderOf } from './local-paths.ts';
import { DONE, LOST, unlessFault, type OperationOutcome } from './outcome.ts';
import type { ExecutionRun } from './run.ts';

const NS_PER_MS = 1_000_000n;

export function makeLocalFolder(run: ExecutionRun, operation: LocalMakeFolder): OperationOutcome {
  const { fileSystem, trees } = run.options;
  const remote = trees.remote.byId(operation.node);
  const parent = run.localParent(operation.parent);
  if (remote?.state !== 'live' || parent === undefined) return LOST;
  if (!run.isRemoteAsPlanned(operation.node)) return LOST;
  const path = run.paths.slot(parent, operation.localName);
  if (path === undefined || fileSystem.lstat(path) !== undefined) return LOST;
  fileSystem.makeFolder(path);
  const stat = fileSystem.lstat(path);
  if (stat?.type !== 'folder') return LOST;
  const row: LocalRow = {
    id: trees.local.allocate(),
    parent,
    name: operation.localName,
    kind: 'folder',
    ino: stat.ino,
    birthNs: stat.birthNs,
    size: 0,
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    mode: stat.mode,
    executable: false,
    sha256: null,
    target: null,
    state: 'seen',
  };
  const agreed = agreeOnRemote(remote, row);
  const relative = trees.db.transaction(() => {
    trees.local.put(row);
    // Whoever is killed now has an entry without a base, whatever becomes of the node. Where the folder
    // above has another name by the next start the intent finds nothing: the mark alone is left then.
    trees.dirty.markLocal(row.id, 'done');
    run.settle(operation, DONE);
    return noteMade(run, operation, agreed, row);
  });
  run.agreeWhenDurable([folderOf(path)], () => {
    agreeOnFolder(trees, agreed, operation.whole);
    trees.intents.remove(operation.id);
  });
  run.madeLocal(operation.node, row.id);
  run.record('make-folder', { node: operation.node, before: null, after: relative ?? null });
  return DONE;
}

/** Until its name is durable nothing is agreed on: who ends before that knows it by this. */
function noteMade(
  run: ExecutionRun,
  { id, whole }: LocalMakeFolder,
  agreed: BaseNode,
  row: LocalRow,
): string | undefined {
  const path = run.paths.relative(row.id);
  if (path === undefined) return undefined;
  const arrival = { parent: row.parent, path, stat: row, replaces: false, whole, agreed };
  run.options.trees.intents.put(arrivalsIntent(id, [arrival], run.now()));
  return path;
}

export function setLocalMeta(run: ExecutionRun, operation: LocalSetMeta): OperationOutcome {
  const { fileSystem, trees, pair } = run.options;
  const remote = trees.remote.byId(operation.node);
  const row = run.entry(operation.local);
  if (row === undefined || remote?.rev !== operation.rev) return LOST;
  const path = run.paths.absolute(row.id);
  if (path === undefined) return LOST;
  const mode = wantedMode(row, operation, pair.caps);
  const mtimeNs =
    row.kind === 'file' && operation.mtimeMs !== null
      ? BigInt(operation.mtimeMs) * NS_PER_MS
      : row.mtimeNs;
  if (mode !== row.mode) fileSystem.setMode(path, mode);
  if (operation.mtimeMs !== null && row.kind === 'file')
    fileSystem.setTimes(path, operation.mtimeMs);
  const stat = fileSystem.lstat(path);
  if (stat === undefined || stat.ino !== row.ino) return LOST;
  // A person's own bit, or time, set since then is a change of this side.
  const executable = stat.mode === mode ? operation.executable : isExecutable(stat.mode);
  const how = { caps: pair.caps, nowMs: run.now(), mtimeNs };
  const after = { ...rowAfter({ ...row, mode: stat.mode }, stat, how), executable };
  const base = trees.base.byId(operation.node);
  trees.db.transaction(() => {
    trees.local.put(after);
    run.settle(operation, DONE);
  });
  if (after.ctimeNs === 0n) run.options.hint(row.parent);
  run.agreeWhenFileDurable(path, () => {
    if (base?.localId !== row.id) return;
    trees.base.put({
      ...base,
      rev: operation.rev,
      mtimeMs: operation.mtimeMs,
      localMtimeNs: after.mtimeNs,
      executable: operation.executable,
    });
  });
  return DONE;
}

function wantedMode(row: LocalRow, { executable }: LocalSetMeta, { execBit }: Caps): number {
  const isOther = execBit && row.kind === 'file' && executable !== isExecutable(row.mode);
  return isOther ? modeFor(executable, row.mode) : row.mode;
}

/**
 * The entry leaves its slot to another and is, from then on, an entry without a base. The intent is
 * written first: a scan would take the new name for a rename of the node.
 */
export function setAside(run: ExecutionRun, operation: LocalSetAside): OperationOutcome {
  const { fileSystem, trees } = run.options;
  const row = run.entry(operation.local);
  const from = row === undefined ? undefined : run.paths.relative(row.id);
  if (row === undefined || from === undefined) return LOST;
  const target = run.paths.slot(row.parent, operation.localName);
  if (target === undefined || isTaken(run, target, row)) return LOST;
  const to = siblingOf(from, operation.localName);
  trees.db.durably(() => {
    trees.intents.put({
      id: operation.id,
      kind: 'set-aside',
      node: operation.copyOf,
      local: row.id,
      from,
      to,
      staged: null,
      detail: row.ino.toString(),
      atMs: run.now(),
    });
  });
  if (!isRenamed(run, row, { from: run.paths.inRoot(from), target }, operation.id)) return LOST;
  // It has its new name, whatever the look says: its row tells so, or a scan takes it for the node moved.
  const stat = unlessFault(() => fileSystem.lstat(target));
  trees.db.transaction(() => {
    const how = { caps: run.options.pair.caps, nowMs: run.now() };
    const after = stat === undefined ? row : rowAfter(row, stat, how);
    trees.local.upsert({ ...after, name: operation.localName });
    trees.local.setCopyOf(row.id, operation.copyOf);
    run.settle(operation, DONE);
  });
  run.agreeWhenDurable([folderOf(target)], () => {
    const base = trees.base.byLocalId(row.id);
    if (base !== undefined) trees.base.remove(base.id);
    trees.intents.remove(operation.id);
  });
  run.record('conflict', { node: operation.copyOf, before: from, after: to });
  return DONE;
}

/** False when the precondition is lost. Where the entry keeps its name the intent goes. */
function isRenamed(
  run: ExecutionRun,
  row: LocalRow,
  { from, target }: { readonly from: string; readonly target: string },
  intent: LocalSetAside['id'],
): boolean {
  const { fileSystem, trees } = run.options;
  try {
    if (run.entry(row.id) !== undefined && !isTaken(run, target, row)) {
      fileSystem.rename(from, target);
      return true;
    }
    trees.intents.remove(intent);
    return false;
  } catch (error) {
    if (error instanceof LocalFault) trees.intents.remove(intent);
    throw error;
  }
}

/** True when another entry than `row` is there; a case-only rename meets the entry itself. */
export function isTaken(run: ExecutionRun, path: string, row: LocalRow): boolean {
  const stat = run.options.fileSystem.lstat(path);
  return stat !== undefined && stat.ino !== row.ino;
}

export function siblingOf(path: string, name: string): string {
  const cut = path.lastIndexOf('/');
  return cut < 0 ? name : `${path.slice(0, cut)}/${name}`;
}
