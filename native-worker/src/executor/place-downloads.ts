/** The last steps of a download: from staging into the slot, and the rows that say so. */
import type { LocalId, OperationId } from '../planner/types.ts';
import { LocalFault, type EntryStat } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { provenCtimeNs } from '../scanner/racy.ts';
import { agreeOnNewContent, agreeOnRemote, isExecutable } from './agreement.ts';
import { arrivalsIntent, type Arrival } from './arrivals.ts';
import type { Staged } from './downloads.ts';
import { folderOf } from './local-paths.ts';
import { recycledEntry } from './local-recycle.ts';
import { DONE, LOST, outcomeOfLocalFault, unlessFault, type OperationOutcome } from './outcome.ts';
import type { ExecutionRun } from './run.ts';
import { findWritten } from './whole-folder.ts';

/** A slot that was checked: `stored` is where the bytes in it will go. */
interface Placing {
  readonly item: Staged;
  /** The row of the entry: that which it replaces, or a new one. */
  readonly local: LocalId;
  readonly parent: LocalId;
  readonly replaced: {
    readonly row: LocalRow;
    readonly path: string;
    readonly stored: string;
  } | null;
}

/** Puts staged entries in their slots; those whose precondition is lost are settled as lost. */
export async function placeDownloads(run: ExecutionRun, items: readonly Staged[]): Promise<void> {
  const { trees } = run.options;
  const prepared = items.flatMap((item) => prepare(run, item));
  const first = prepared[0];
  if (first === undefined) return;
  const arrival = arrivalId(first.item.operation);
  const placings = trees.db.durably(() => writeIntents(run, arrival, prepared));
  const folders = new Set<string>();
  const placed = placings.map((placing) => placeOne(run, placing, folders));
  for (const folder of folders) await run.syncFolder(folder);
  trees.db.transaction(() => {
    for (const one of placed) settle(run, one);
    trees.intents.remove(arrival);
  });
  for (const { item } of placings) discard(run, item);
}

/** What became of one of a barrier. */
interface Placed {
  readonly placing: Placing;
  readonly outcome: OperationOutcome;
  /** The entry that is there now; undefined when nothing was put there. */
  readonly row: LocalRow | undefined;
  /** False when the bytes that had the slot are still, or again, in it. */
  readonly isRecycled: boolean;
}

/** A fault of one leaves the others of its barrier alone: they would have entries and no rows. */
function placeOne(run: ExecutionRun, placing: Placing, folders: Set<string>): Placed {
  const { replaced } = placing;
  if (replaced !== null) folders.add(folderOf(run.paths.inRoot(replaced.stored)));
  try {
    const path = slotPath(run, placing);
    if (path !== undefined) folders.add(folderOf(path));
    const stat = path === undefined ? undefined : put(run, placing, path);
    if (stat !== undefined) {
      const row = rowOf(run, placing, asStaged(run, placing, stat));
      return { placing, outcome: DONE, row, isRecycled: true };
    }
    return { placing, outcome: LOST, row: undefined, isRecycled: wasRecycled(run, placing) };
  } catch (error) {
    const outcome = outcomeOfLocalFault(error, 'write');
    return { placing, outcome, row: undefined, isRecycled: wasRecycled(run, placing) };
  }
}

function prepare(run: ExecutionRun, item: Staged): readonly Omit<Placing, 'local'>[] {
  let outcome: OperationOutcome = LOST;
  try {
    const slot = slotOf(run, item);
    if (slot !== undefined) return [slot];
  } catch (error) {
    outcome = outcomeOfLocalFault(error, 'write');
  }
  run.settle(item.operation, outcome);
  discard(run, item);
  return [];
}

/** Undefined when the precondition is lost. */
function slotOf(run: ExecutionRun, item: Staged): Omit<Placing, 'local'> | undefined {
  const { operation } = item;
  const parent = run.localParent(operation.parent);
  if (parent === undefined) return undefined;
  if (operation.replaces === null) return { item, parent, replaced: null };
  const row = run.entry(operation.replaces);
  const path = row === undefined ? undefined : run.paths.relative(row.id);
  if (row === undefined || path === undefined) return undefined;
  if (row.parent !== parent || row.name !== operation.localName) return undefined;
  return { item, parent, replaced: { row, path, stored: run.recycle.reserve(path) } };
}

/** The operation's own id may be that of its `replace`. */
function arrivalId({ id }: Staged['operation']): OperationId {
  return `arrive ${id}` as OperationId;
}

/** Ids for all, and what is to be done, in one transaction: each of its own is a write. */
function writeIntents(
  run: ExecutionRun,
  arrival: OperationId,
  prepared: readonly Omit<Placing, 'local'>[],
): readonly Placing[] {
  const { trees } = run.options;
  const placings = prepared.map((slot) => {
    return { ...slot, local: slot.replaced?.row.id ?? trees.local.allocate() };
  });
  for (const placing of placings) writeReplace(run, placing);
  const arrivals = placings.flatMap((placing) => arrivalOf(run, placing) ?? []);
  trees.intents.put(arrivalsIntent(arrival, arrivals, run.now()));
  return placings;
}

function writeReplace(run: ExecutionRun, { item, replaced }: Placing): void {
  if (replaced === null) return;
  const { trees } = run.options;
  const { operation, staged } = item;
  const { row, path, stored } = replaced;
  const entry = { row, path, node: operation.node, reason: 'replaced' as const };
  trees.recycled.insert(recycledEntry(run, entry, stored));
  trees.intents.put({
    id: operation.id,
    kind: 'replace',
    node: operation.node,
    local: row.id,
    from: stored,
    to: path,
    staged: staged === null ? null : operation.id,
    detail: staged === null ? '' : staged.stat.ino.toString(),
    atMs: run.now(),
  });
}

/** Undefined where its folder is no more: then nothing will be put there. */
function arrivalOf(run: ExecutionRun, placing: Placing): Arrival | undefined {
  const { item, parent, replaced } = placing;
  const { operation, view, staged } = item;
  const folder = run.paths.relative(parent);
  if (folder === undefined) return undefined;
  const { localName } = operation;
  const path = folder === '' ? localName : `${folder}/${localName}`;
  const mtimeNs = staged?.stat.mtimeNs ?? 0n;
  const agreed = agreeOnRemote(view, { id: placing.local, name: localName, mtimeNs });
  const stat = staged?.stat ?? null;
  return { parent, path, stat, replaces: replaced !== null, whole: false, agreed };
}

function slotPath(run: ExecutionRun, placing: Placing): string | undefined {
  return run.paths.slot(placing.parent, placing.item.operation.localName);
}

/** The synchronous step: check, move the old bytes away, put the new ones in. Undefined: lost. */
function put(run: ExecutionRun, placing: Placing, path: string): EntryStat | undefined {
  const { fileSystem } = run.options;
  const { item, replaced } = placing;
  if (replaced === null) {
    if (fileSystem.lstat(path) !== undefined) return undefined;
  } else {
    if (run.entry(replaced.row.id) === undefined) return undefined;
    const stored = run.paths.inRoot(replaced.stored);
    fileSystem.rename(path, stored);
    // What somebody wrote between these two calls is an edit that this content does not know of.
    if (findWritten(run, stored, [{ below: '', row: replaced.row }]) !== undefined) {
      run.options.hint(placing.parent);
      giveBack(run, replaced.stored, path);
      return undefined;
    }
  }
  try {
    if (item.staged === null) fileSystem.makeSymlink(item.view.target ?? '', path);
    else linkInto(run, item.staged.path, path);
  } catch (error) {
    if (replaced !== null) giveBack(run, replaced.stored, path);
    throw error;
  }
  if (item.staged === null) return fileSystem.lstat(path);
  // Whoever took it away since, or put another in its place: it was there, and the next look tells.
  const stat = unlessFault(() => fileSystem.lstat(path));
  return stat?.ino === item.staged.stat.ino ? stat : item.staged.stat;
}

/** A link fails where a rename would overwrite what appeared meanwhile. */
function linkInto(run: ExecutionRun, staged: string, path: string): void {
  const { fileSystem } = run.options;
  try {
    fileSystem.link(staged, path);
  } catch (error) {
    if (!(error instanceof LocalFault) || error.code !== 'unsupported') throw error;
    if (fileSystem.lstat(path) !== undefined) throw new LocalFault('exists', 'the slot is taken');
    fileSystem.rename(staged, path);
    return;
  }
  unlessFault(() => {
    fileSystem.unlink(staged);
  });
}

function giveBack(run: ExecutionRun, stored: string, path: string): void {
  const { fileSystem, trees } = run.options;
  if (fileSystem.lstat(path) !== undefined) return;
  fileSystem.rename(run.paths.inRoot(stored), path);
  trees.recycled.removeStored(stored);
}

/**
 * What the row may say of an entry that somebody wrote to since it got its name: the staged file's
 * state, so that the next look at it finds a difference and reads it.
 */
function asStaged(run: ExecutionRun, { item, parent }: Placing, stat: EntryStat): EntryStat {
  const { staged } = item;
  if (staged === null || (stat !== staged.stat && isUntouched(staged.stat, stat))) return stat;
  run.options.hint(parent);
  const { size, mtimeNs } = staged.stat;
  return { ...stat, size, mtimeNs, ctimeNs: 0n };
}

function rowOf(run: ExecutionRun, placing: Placing, stat: EntryStat): LocalRow {
  const { operation, view, staged } = placing.item;
  // A bit that a person set since it got its name is a change of this side.
  const isOurs = staged === null || stat.mode === staged.stat.mode;
  const executable = isOurs ? view.executable : isExecutable(stat.mode);
  return {
    id: placing.local,
    parent: placing.parent,
    name: operation.localName,
    kind: operation.entry,
    ino: stat.ino,
    birthNs: stat.birthNs,
    size: operation.entry === 'file' ? stat.size : 0,
    mtimeNs: stat.mtimeNs,
    ctimeNs: ctimeOf(run, placing, stat),
    mode: stat.mode,
    executable: operation.entry === 'file' && executable,
    sha256: view.sha256,
    target: view.target,
    state: 'seen',
  };
}

/** What may have been exchanged before the lstat, or can be within one tick after it, is read once more. */
function ctimeOf(run: ExecutionRun, { item }: Placing, stat: EntryStat): bigint {
  if (item.staged === null) return 0n;
  return provenCtimeNs(stat, run.now(), run.options.pair.caps.mtimeGranNs);
}

function settle(run: ExecutionRun, { placing, outcome, row, isRecycled }: Placed): void {
  const { trees } = run.options;
  const { operation, view, staged } = placing.item;
  if (placing.replaced !== null) trees.intents.remove(operation.id);
  if (row === undefined) {
    if (placing.replaced !== null && !isRecycled) {
      trees.recycled.removeStored(placing.replaced.stored);
    }
    run.settle(operation, outcome);
    return;
  }
  const base = trees.base.byId(operation.node);
  trees.local.put(row);
  if (placing.replaced === null) trees.base.put(agreeOnRemote(view, row));
  else if (base?.localId === row.id) trees.base.put(agreeOnNewContent(base, view, row));
  run.settle(operation, DONE);
  run.counts.downloadedFiles += 1;
  run.counts.downloadedBytes += view.size;
  if (staged !== null && row.ctimeNs === 0n) trees.dirty.markLocal(row.id, 'touched');
  run.record(base === undefined ? 'download' : 'update', {
    node: operation.node,
    before: null,
    after: run.paths.relative(row.id) ?? operation.localName,
    bytes: view.size,
  });
}

/** True where that cannot be seen, too: the row of the recycle area says where bytes may be. */
function wasRecycled(run: ExecutionRun, { replaced }: Placing): boolean {
  if (replaced === null) return false;
  const { fileSystem } = run.options;
  const look = unlessFault(() => ({ stat: fileSystem.lstat(run.paths.inRoot(replaced.stored)) }));
  return look === undefined || look.stat !== undefined;
}

function isUntouched(staged: EntryStat, now: EntryStat): boolean {
  return staged.ino === now.ino && staged.size === now.size && staged.mtimeNs === now.mtimeNs;
}

/** Removes what is still in staging of a download that is over; what resists goes at the next start. */
function discard(run: ExecutionRun, { staged }: { readonly staged: Staged['staged'] }): void {
  const { fileSystem } = run.options;
  if (staged === null) return;
  unlessFault(() => {
    if (fileSystem.lstat(staged.path) !== undefined) fileSystem.unlink(staged.path);
  });
}
