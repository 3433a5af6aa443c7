import type { LocalId } from '../planner/types.ts';
import { LocalFault, type EntryStat } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import { isBuiltInTemporary } from '../scanner/temporaries.ts';
import { isAsSeen, isAsSeenBeforeRename } from './local-paths.ts';
import type { ExecutionRun } from './run.ts';

/** A folder on the way, and what it was before its entries were read. */
interface SeenFolder {
  readonly path: string;
  readonly before: EntryStat;
}

/** A file or link in what goes, by its path from there: '' for what goes itself. */
interface SeenEntry {
  readonly below: string;
  readonly row: LocalRow;
}

export type FolderWalk =
  /** This folder holds what no row says, lacks what one says, is not readable or has unsettled entries. */
  { readonly kind: 'stranger'; readonly folder: LocalId } | KnownFolder;

export interface KnownFolder {
  readonly kind: 'known';
  readonly folders: readonly SeenFolder[];
  readonly entries: readonly SeenEntry[];
  /** Folders that hold what a rule ignores, and those above them: they stay on the disk. */
  readonly keeping: ReadonlySet<LocalId>;
}

interface Walk {
  readonly top: string;
  readonly open: { readonly id: LocalId; readonly above: readonly LocalId[] }[];
  readonly folders: SeenFolder[];
  readonly entries: SeenEntry[];
  readonly keeping: Set<LocalId>;
}

/**
 * Before a folder goes to the recycle area: everything below it on disk must be what the rows say.
 * Built-in temporaries may go along; what a rule ignores keeps its folders (engine §5.5).
 */
export function walkFolder(run: ExecutionRun, folder: LocalId): FolderWalk {
  const walk: Walk = {
    top: run.paths.absolute(folder) ?? '',
    open: [{ id: folder, above: [] }],
    folders: [],
    entries: [],
    keeping: new Set(),
  };
  for (let at = walk.open.pop(); at !== undefined; at = walk.open.pop()) {
    if (!isKnown(run, walk, at)) return { kind: 'stranger', folder: at.id };
  }
  const { folders, entries, keeping } = walk;
  return { kind: 'known', folders, entries, keeping };
}

/** True while no entry came into the folders, or left them, since the walk read them. */
export function areUntouched(run: ExecutionRun, folders: readonly SeenFolder[]): boolean {
  return folders.every(({ path, before }) => {
    const now = run.options.fileSystem.lstat(path);
    return (
      now?.ino === before.ino && now.mtimeNs === before.mtimeNs && now.ctimeNs === before.ctimeNs
    );
  });
}

/**
 * After all of them went to `moved`, where nobody finds them by their path: the first entry that somebody
 * wrote to after it had been looked at.
 */
export function findWritten(
  run: ExecutionRun,
  moved: string,
  entries: readonly SeenEntry[],
): LocalRow | undefined {
  return entries.find(({ below, row }) => {
    try {
      const stat = run.options.fileSystem.lstat(`${moved}${below}`);
      if (stat === undefined) return true;
      return !(below === '' ? isAsSeenBeforeRename : isAsSeen)(row, stat);
    } catch (error) {
      if (error instanceof LocalFault) return false;
      throw error;
    }
  })?.row;
}

function isKnown(run: ExecutionRun, walk: Walk, at: Walk['open'][number]): boolean {
  const { fileSystem, trees, isIgnored } = run.options;
  const relative = run.paths.relative(at.id);
  if (relative === undefined) return false;
  const path = run.paths.inRoot(relative);
  const before = fileSystem.lstat(path);
  if (before === undefined) return false;
  walk.folders.push({ path, before });
  const above = [...at.above, at.id];
  const rows = new Map(trees.local.children(at.id).map((row) => [formOf(run, row.name), row]));
  for (const name of fileSystem.readFolder(path)) {
    if (typeof name !== 'string') return false;
    const row = rows.get(formOf(run, name));
    if (row?.state === 'hollow') {
      for (const id of [...above, row.id]) walk.keeping.add(id);
      walk.open.push({ id: row.id, above });
      continue;
    }
    if (row?.state !== 'seen') {
      if (isBuiltInTemporary(name) !== undefined) continue;
      const isFolder = fileSystem.lstat(`${path}/${name}`)?.type === 'folder';
      if (!isIgnored(`${relative}/${name}`, isFolder)) return false;
      for (const id of above) walk.keeping.add(id);
      continue;
    }
    const stat = fileSystem.lstat(`${path}/${name}`);
    if (stat === undefined || !isAsSeen(row, stat) || run.leftBehind.has(row.id)) return false;
    if (row.kind === 'folder') walk.open.push({ id: row.id, above });
    else walk.entries.push({ below: `${path}/${name}`.slice(walk.top.length), row });
    rows.delete(formOf(run, name));
  }
  // What left it meanwhile, to wherever, does not go with it.
  return rows.values().every(({ id, state }) => state !== 'seen' || run.paths.staged.has(id));
}

/** A root that normalises lists names in its own form; rows may have that of the drive. */
function formOf(run: ExecutionRun, name: string): string {
  return run.options.pair.caps.normalising ? name.normalize('NFC') : name;
}
