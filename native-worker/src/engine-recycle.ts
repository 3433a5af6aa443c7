/**
 * The recycle area is kept for a while and up to a share of the disk, oldest out first, and never
 * gives up bytes that are nowhere else (engine §7).
 */
import type { EngineOptions } from './engine-options.ts';
import type { PairRunner } from './engine-pair.ts';
import { RECYCLE_DISK_SHARE_MAX, RECYCLE_KEEP_MS } from './limits.ts';
import { LocalFault, type Clock, type FileSystem } from './ports/index.ts';

export function pruneRecycled(
  runner: PairRunner,
  options: Pick<EngineOptions, 'settings'> & {
    readonly fileSystem: FileSystem;
    readonly clock: Pick<Clock, 'now'>;
  },
): void {
  const { fileSystem, clock, settings = {} } = options;
  const { recycled } = runner.trees;
  const root = runner.pair.localPath;
  const bytesMax =
    settings.recycleBytesMax ?? fileSystem.freeBytes(root).total * RECYCLE_DISK_SHARE_MAX;
  const keptSinceMs = clock.now() - (settings.recycleKeepMs ?? RECYCLE_KEEP_MS);
  let bytes = recycled.totalBytes();
  for (const entry of recycled.list()) {
    if (entry.atMs >= keptSinceMs && bytes <= bytesMax) return;
    if (!recycled.isKeptRemotely(entry)) continue;
    if (!removeTree(fileSystem, `${root}/${entry.stored}`)) continue;
    recycled.removeStored(entry.stored);
    bytes -= entry.size;
  }
}

/** Removes what is there and all below it, through no link; false when something could not go. */
function removeTree(fileSystem: FileSystem, path: string): boolean {
  try {
    const stat = fileSystem.lstat(path);
    if (stat === undefined) return true;
    if (stat.type !== 'folder') {
      fileSystem.unlink(path);
      return true;
    }
    for (const name of fileSystem.readFolder(path)) {
      if (typeof name !== 'string' || !removeTree(fileSystem, `${path}/${name}`)) return false;
    }
    fileSystem.removeFolder(path);
    return true;
  } catch (error) {
    if (error instanceof LocalFault) return false;
    throw error;
  }
}
