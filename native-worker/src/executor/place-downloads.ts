/** The last steps of a download: from staging into the slot, and the rows that say so. */
import type { LocalId } from '../planner/types.ts';
import { LocalFault, type EntryStat } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { provenCtimeNs } from '../scanner/racy.ts';
import { agreeOnNewContent, agreeOnRemote } from './agreement.ts';
import type { Staged } from './downloads.ts';
import { folderOf } from './local-paths.ts';
import { recycledEntry } from './local-recycle.ts';
import { DONE, LOST, outcomeOfLocalFault, type OperationOutcome } from './outcome.ts';
import type { ExecutionRun } from './run.ts';

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
  // One transaction for the ids of all: each of its own is a write.
  const placings = trees.db.transaction(() =>
    prepared.map((slot) => ({ ...slot, local: slot.replaced?.row.id ?? trees.local.allocate() })),
  );
  writeIntents(run, placings);
  const folders = new Set<string>();
  const finished: { placing: Placing; outcome: OperationOutcome; row: LocalRow | undefined }[] = [];
  for (const placing of placings) {
    const path = slotPath(run, placing);
    let outcome: OperationOutcome = LOST;
    let row: LocalRow | undefined;
    try {
      const stat = path === undefined ? undefined : put(run, placing, path);
      if (stat !== undefined) {
        row = rowOf(run, placing, asStaged(run, placing, stat));
        outcome = DONE;
      }
    } catch (error) {
      outcome = outcomeOfLocalFault(error, 'write');
    }
    if (path !== undefined) folders.add(folderOf(path));
    const stored = placing.replaced?.stored;
    if (stored !== undefined) folders.add(folderOf(run.paths.inRoot(stored)));
    finished.push({ placing, outcome, row });
  }
  for (const folder of folders) await run.syncFolder(folder);
  trees.db.transaction(() => {
    for (const { placing, outcome, row } of finished) settle(run, placing, outcome, row);
  });
  for (const { item } of placings) discard(run, item);
}

function prepare(run: ExecutionRun, item: Staged): readonly Omit<Placing, 'local'>[] {
  const { operation } = item;
  const lose = (): readonly [] => {
    run.settle(operation, LOST);
    discard(run, item);
    return [];
  };
  const parent = run.localParent(operation.parent);
  if (parent === undefined) return lose();
  if (operation.replaces === null) return [{ item, parent, replaced: null }];
  const row = run.entry(operation.replaces);
  const path = row === undefined ? undefined : run.paths.relative(row.id);
  if (row === undefined || path === undefined) return lose();
  if (row.parent !== parent || row.name !== operation.localName) return lose();
  try {
    return [{ item, parent, replaced: { row, path, stored: run.recycle.reserve(path) } }];
  } catch (error) {
    run.settle(operation, outcomeOfLocalFault(error, 'write'));
    discard(run, item);
    return [];
  }
}

function writeIntents(run: ExecutionRun, placings: readonly Placing[]): void {
  const { trees } = run.options;
  const replacing = placings.filter(({ replaced }) => replaced !== null);
  if (replacing.length === 0) return;
  trees.db.durably(() => {
    for (const { item, replaced } of replacing) {
      if (replaced === null) continue;
      const { operation, staged } = item;
      trees.recycled.insert(
        recycledEntry(
          run,
          { row: replaced.row, path: replaced.path, node: operation.node, reason: 'replaced' },
          replaced.stored,
        ),
      );
      trees.intents.put({
        id: operation.id,
        kind: 'replace',
        node: operation.node,
        local: replaced.row.id,
        from: replaced.stored,
        to: replaced.path,
        staged: staged === null ? null : operation.id,
        detail: staged === null ? '' : staged.stat.ino.toString(),
        atMs: run.now(),
      });
    }
  });
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
    fileSystem.rename(path, run.paths.inRoot(replaced.stored));
  }
  try {
    if (item.staged === null) fileSystem.makeSymlink(item.view.target ?? '', path);
    else linkInto(run, item.staged.path, path);
  } catch (error) {
    if (replaced !== null) giveBack(run, replaced.stored, path);
    throw error;
  }
  const stat = fileSystem.lstat(path);
  // Whoever took it away since, or put another in its place: it was there, and the next look tells.
  const isThere = item.staged === null || stat?.ino === item.staged.stat.ino;
  return isThere ? stat : item.staged?.stat;
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
  fileSystem.unlink(staged);
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
  const { operation, view } = placing.item;
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
    executable: operation.entry === 'file' && view.executable,
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

function settle(
  run: ExecutionRun,
  placing: Placing,
  outcome: OperationOutcome,
  row: LocalRow | undefined,
): void {
  const { trees } = run.options;
  const { operation, view, staged } = placing.item;
  if (placing.replaced !== null) trees.intents.remove(operation.id);
  if (row === undefined) {
    if (placing.replaced !== null && !wasRecycled(run, placing.replaced.stored)) {
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

function wasRecycled(run: ExecutionRun, stored: string): boolean {
  return run.options.fileSystem.lstat(run.paths.inRoot(stored)) !== undefined;
}

function isUntouched(staged: EntryStat, now: EntryStat): boolean {
  return staged.ino === now.ino && staged.size === now.size && staged.mtimeNs === now.mtimeNs;
}

/** Removes what is still in staging of a download that is over. */
function discard(run: ExecutionRun, { staged }: { readonly staged: Staged['staged'] }): void {
  const { fileSystem } = run.options;
  if (staged === null || fileSystem.lstat(staged.path) === undefined) return;
  fileSystem.unlink(staged.path);
}
