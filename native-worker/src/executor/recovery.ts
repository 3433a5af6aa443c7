/**
 * What an engine that was killed left half done, put right before the first scan: effects that a scan
 * could not explain were written down before they happened (engine §2, §6). Safe to run twice.
 */
import type { FileSystem } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import type { Intent, Pair, PairTrees } from '../trees/index.ts';
import { recogniseOwn } from './own-commits.ts';
import { cleanStaging, stagedPath } from './own-folder.ts';

export function recover(options: {
  readonly pair: Pair;
  readonly trees: PairTrees;
  readonly fileSystem: FileSystem;
}): void {
  const { pair, trees, fileSystem } = options;
  const disk = new PairDisk(fileSystem, pair.localPath);
  for (const intent of trees.intents.list()) {
    switch (intent.kind) {
      case 'replace':
        replayReplace(disk, trees, intent);
        break;
      case 'set-aside':
        replaySetAside(disk, trees, intent);
        break;
      case 'stage-move':
        replayStagedMove(disk, intent);
        break;
    }
    trees.db.transaction(() => {
      if (intent.local !== null) trees.dirty.markLocal(intent.local, 'recovered');
      if (intent.node !== null) trees.dirty.markRemote(intent.node);
      trees.intents.remove(intent.id);
    });
  }
  settleRecycled(disk, trees);
  // A commit may be in the remote tree already, and what follows from it nowhere.
  trees.db.transaction(() => recogniseOwn(trees));
  cleanStaging(fileSystem, pair.localPath, new Set());
}

/**
 * What had been moved to the recycle area and is there is gone by this engine's own doing: without its
 * base row nobody takes that for a person's deletion, whatever is left out or taken in meanwhile. What is
 * not there came back: a power cut undid the rename, and the rows tell of what was. It is looked at before
 * anybody takes it for deleted on both sides, and then for new. The newest come first: a folder brings
 * back what is in it.
 */
function settleRecycled(disk: PairDisk, trees: PairTrees): void {
  for (const { node, stored } of trees.recycled.unsettled()) {
    const base = node === null ? undefined : trees.base.byId(node);
    const row = base === undefined ? undefined : trees.local.byId(base.localId);
    if (base === undefined || row === undefined) continue;
    const inode = disk.inode(disk.at(stored));
    trees.db.transaction(() => {
      if (inode === row.ino.toString()) {
        trees.local.mark(row.id, 'gone');
        trees.base.removeLeft(base.id);
        trees.holds.settle(base.id);
        trees.dirty.markRemote(base.id);
      } else if (inode === undefined) {
        trees.recycled.removeStored(stored);
        if (trees.local.byId(row.parent)?.state !== 'gone') doubt(trees, row);
      }
    });
  }
}

function doubt(trees: PairTrees, { id, state }: LocalRow): void {
  if (state !== 'gone') return;
  trees.local.mark(id, 'unknown');
  for (const child of trees.local.goneChildren(id)) doubt(trees, child);
}

class PairDisk {
  readonly fileSystem: FileSystem;
  readonly #root: string;

  constructor(fileSystem: FileSystem, root: string) {
    this.fileSystem = fileSystem;
    this.#root = root;
  }

  at(relative: string): string {
    return `${this.#root}/${relative}`;
  }

  staged(name: string): string {
    return stagedPath(this.#root, name);
  }

  inode(path: string): string | undefined {
    return this.fileSystem.lstat(path)?.ino.toString();
  }

  /** Every folder above the path is a folder: no write goes through a link that stands there now. */
  hasFolders(relative: string): boolean {
    const names = relative.split('/').slice(0, -1);
    let path = this.#root;
    for (const name of names) {
      path = `${path}/${name}`;
      if (this.fileSystem.lstat(path)?.type !== 'folder') return false;
    }
    return true;
  }
}

/** Slot empty: the complete staged file goes in, else the old bytes go back. */
function replayReplace(disk: PairDisk, trees: PairTrees, intent: Intent): void {
  const { fileSystem } = disk;
  const slot = disk.at(intent.to);
  const staged = intent.staged === null ? undefined : disk.staged(intent.staged);
  const old = disk.at(intent.from);
  const isInPlace = disk.inode(slot) === intent.detail;
  const isMovedAway = fileSystem.lstat(old) !== undefined;
  if (!isMovedAway) trees.recycled.removeStored(intent.from);
  const isEmpty = disk.hasFolders(intent.to) && fileSystem.lstat(slot) === undefined;
  if (isInPlace || !isMovedAway || !isEmpty) return;
  if (staged !== undefined && disk.inode(staged) === intent.detail) {
    fileSystem.rename(staged, slot);
    return;
  }
  fileSystem.rename(old, slot);
  trees.recycled.removeStored(intent.from);
}

/** The entry that is at its new name has no base any more: it is a file of its own. */
function replaySetAside(disk: PairDisk, trees: PairTrees, intent: Intent): void {
  if (intent.local === null || disk.inode(disk.at(intent.to)) !== intent.detail) return;
  const { local } = intent;
  trees.db.transaction(() => {
    const base = trees.base.byLocalId(local);
    if (base !== undefined) trees.base.remove(base.id);
    const row = trees.local.byId(local);
    const name = intent.to.slice(intent.to.lastIndexOf('/') + 1);
    if (row !== undefined) trees.local.upsert({ ...row, name });
    trees.local.setCopyOf(local, intent.node);
  });
}

/** Forward where the slot is free, else back, else beside it: a scan finds it by its inode. */
function replayStagedMove(disk: PairDisk, intent: Intent): void {
  const { fileSystem } = disk;
  const staged = intent.staged === null ? undefined : disk.staged(intent.staged);
  if (staged === undefined || disk.inode(staged) !== intent.detail) return;
  for (const wanted of [intent.to, intent.from]) {
    const path = disk.at(wanted);
    if (!disk.hasFolders(wanted) || fileSystem.lstat(path) !== undefined) continue;
    fileSystem.rename(staged, path);
    return;
  }
  const name = intent.from.slice(intent.from.lastIndexOf('/') + 1);
  const folder = disk.hasFolders(intent.from) ? intent.from.slice(0, -name.length) : '';
  for (let n = 2; ; n++) {
    const path = disk.at(`${folder}${name} ${n}`);
    if (fileSystem.lstat(path) !== undefined) continue;
    fileSystem.rename(staged, path);
    return;
  }
}
