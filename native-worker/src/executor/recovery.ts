/**
 * What an engine that was killed left half done, put right before the first scan: effects that a scan
 * could not explain were written down before they happened (engine §2, §6). Safe to run twice, and at
 * any point: names come first, then they are made durable, and only then rows tell of them. Otherwise a
 * power cut right after it would take the names back, and what the rows say would look like a deletion.
 */
import { LocalFault, type EntryStat, type FileSystem } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import type { Intent, Pair, PairTrees, Recycled } from '../trees/index.ts';
import { foldersOfArrivals, settleArrivals, type Slots } from './arrivals.ts';
import { isAsSeenBeforeRename } from './local-paths.ts';
import { recogniseOwn } from './own-commits.ts';
import { cleanStaging, hasFolders, stagedPath, wayBack } from './own-folder.ts';

export async function recover(options: {
  readonly pair: Pair;
  readonly trees: PairTrees;
  readonly fileSystem: FileSystem;
}): Promise<void> {
  const { pair, trees, fileSystem } = options;
  const disk = new PairDisk(fileSystem, pair);
  const intents = trees.intents.list();
  for (const intent of intents) replay(disk, trees, intent);
  const recycled = trees.recycled.unsettled();
  const changed = [...intents.flatMap(foldersOf), ...recycled.flatMap(foldersOfRecycled)];
  for (const folder of new Set(changed)) await disk.syncFolder(folder);
  for (const intent of intents) trees.db.transaction(() => settleIntent(disk, trees, intent));
  for (const entry of recycled) trees.db.transaction(() => settleRecycled(disk, trees, entry));
  // A commit may be in the remote tree already, and what follows from it nowhere.
  trees.db.transaction(() => recogniseOwn(trees));
  cleanStaging(fileSystem, pair.localPath, new Set());
}

/** What of it concerns the disk. */
function replay(disk: PairDisk, trees: PairTrees, intent: Intent): void {
  if (intent.kind === 'replace') replayReplace(disk, trees, intent);
  if (intent.kind === 'stage-move') replayStagedMove(disk, intent);
}

/** Relative folders whose names it changes. */
function foldersOf(intent: Intent): readonly string[] {
  if (intent.kind === 'arrive') return foldersOfArrivals(intent);
  return [folderIn(intent.from), folderIn(intent.to)];
}

function foldersOfRecycled({ path, stored }: Recycled): readonly string[] {
  return [folderIn(path), folderIn(stored)];
}

function folderIn(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function settleIntent(disk: PairDisk, trees: PairTrees, intent: Intent): void {
  switch (intent.kind) {
    case 'replace':
      if (disk.stat(intent.from) === undefined) trees.recycled.removeStored(intent.from);
      break;
    case 'set-aside':
      settleSetAside(disk, trees, intent);
      break;
    case 'arrive':
      settleArrivals(trees, intent, disk);
      break;
    case 'stage-move':
      break;
  }
  if (intent.local !== null) trees.dirty.markLocal(intent.local, 'recovered');
  if (intent.node !== null) trees.dirty.markRemote(intent.node);
  trees.intents.remove(intent.id);
}

/**
 * What had been moved to the recycle area and is there is gone by this engine's own doing: without its
 * base row nobody takes that for a person's deletion, whatever is left out or taken in meanwhile. What is
 * not there came back: a power cut undid the rename, and the rows tell of what was. It is looked at before
 * anybody takes it for deleted on both sides, and then for new. The newest come first: a folder brings
 * back what is in it.
 */
function settleRecycled(disk: PairDisk, trees: PairTrees, { node, stored }: Recycled): void {
  const base = node === null ? undefined : trees.base.byId(node);
  const row = base === undefined ? undefined : trees.local.byId(base.localId);
  if (base === undefined || row === undefined) return;
  const inode = disk.inode(stored);
  if (inode === row.ino.toString()) {
    trees.local.mark(row.id, 'gone');
    trees.base.removeLeft(base.id);
    trees.holds.settle(base.id);
    trees.dirty.markRemote(base.id);
  } else if (inode === undefined) {
    trees.recycled.removeStored(stored);
    if (trees.local.byId(row.parent)?.state !== 'gone') doubt(trees, row);
  }
}

function doubt(trees: PairTrees, { id, state }: LocalRow): void {
  if (state !== 'gone') return;
  trees.local.mark(id, 'unknown');
  for (const child of trees.local.goneChildren(id)) doubt(trees, child);
}

/** The pair's disk, by paths relative to the root. */
class PairDisk implements Slots {
  readonly fileSystem: FileSystem;
  readonly birthtime: boolean;
  readonly #root: string;

  constructor(fileSystem: FileSystem, { localPath, caps }: Pair) {
    this.fileSystem = fileSystem;
    this.birthtime = caps.birthtime;
    this.#root = localPath;
  }

  at(relative: string): string {
    return relative === '' ? this.#root : `${this.#root}/${relative}`;
  }

  staged(name: string): string {
    return stagedPath(this.#root, name);
  }

  readonly stat = (relative: string): EntryStat | undefined =>
    this.hasFolders(relative) ? this.fileSystem.lstat(this.at(relative)) : undefined;

  readonly target = (relative: string): string => this.fileSystem.readLink(this.at(relative));

  inode(relative: string): string | undefined {
    return this.stat(relative)?.ino.toString();
  }

  stagedInode(path: string): string | undefined {
    return this.fileSystem.lstat(path)?.ino.toString();
  }

  /** A folder that is gone again needs no sync: what was in it is looked at anew. */
  async syncFolder(relative: string): Promise<void> {
    try {
      await this.fileSystem.syncFolder(this.at(relative));
    } catch (error) {
      if (!(error instanceof LocalFault)) throw error;
    }
  }

  hasFolders(relative: string): boolean {
    return hasFolders(this.fileSystem, this.#root, relative);
  }

  wayBack(relative: string): string {
    return wayBack(this.fileSystem, this.#root, relative);
  }
}

/**
 * Slot empty: the complete staged file goes in, else the old bytes go back. They do, too, where somebody
 * wrote them: the process may have ended before it looked at what it had moved.
 */
function replayReplace(disk: PairDisk, trees: PairTrees, intent: Intent): void {
  const { fileSystem } = disk;
  const slot = disk.at(intent.to);
  const staged = intent.staged === null ? undefined : disk.staged(intent.staged);
  const moved = disk.stat(intent.from);
  const isEmpty = disk.hasFolders(intent.to) && fileSystem.lstat(slot) === undefined;
  if (moved === undefined || !isEmpty) return;
  const row = intent.local === null ? undefined : trees.local.byId(intent.local);
  const isKnown = row !== undefined && isAsSeenBeforeRename(row, moved);
  if (isKnown && staged !== undefined && disk.stagedInode(staged) === intent.detail) {
    fileSystem.rename(staged, slot);
  } else {
    fileSystem.rename(disk.at(intent.from), slot);
  }
}

/** The entry that is at its new name has no base any more: it is a file of its own. */
function settleSetAside(disk: PairDisk, trees: PairTrees, intent: Intent): void {
  if (intent.local === null || disk.inode(intent.to) !== intent.detail) return;
  const { local } = intent;
  const base = trees.base.byLocalId(local);
  if (base !== undefined) trees.base.remove(base.id);
  const row = trees.local.byId(local);
  const name = intent.to.slice(intent.to.lastIndexOf('/') + 1);
  if (row !== undefined) trees.local.upsert({ ...row, name });
  trees.local.setCopyOf(local, intent.node);
}

/** Forward where the slot is free, else back. */
function replayStagedMove(disk: PairDisk, { staged: name, detail, to, from }: Intent): void {
  const { fileSystem } = disk;
  const staged = name === null ? undefined : disk.staged(name);
  if (staged === undefined || disk.stagedInode(staged) !== detail) return;
  const isFree = disk.hasFolders(to) && fileSystem.lstat(disk.at(to)) === undefined;
  fileSystem.rename(staged, isFree ? disk.at(to) : disk.wayBack(from));
}
