/** Which source of hints a root gets (engine §9): by its size, and by the system. */
import fs from 'node:fs';
import type { HintListener, HintSource } from '../engine-options.ts';
import { createChokidarSource } from './chokidar-source.ts';
import {
  createFoldersSource,
  WATCH_LIMIT_REACHED,
  type FoldersSourceOptions,
} from './folders-source.ts';
import { withHeartbeat } from './heartbeat.ts';
import { createRecursiveSource } from './recursive-source.ts';

/** Chokidar's price for each entry is worth paying up to here. */
export const CHOKIDAR_ENTRIES_MAX = 2000;

export function createNativeSource(
  options: FoldersSourceOptions & { readonly platform: NodeJS.Platform },
): HintSource {
  const large =
    options.platform === 'linux' ? createFoldersSource(options) : createRecursiveSource();
  const small = createChokidarSource();
  const bySize: HintSource = {
    watch: (root, listener) => {
      if (hasMoreEntriesThan(root, CHOKIDAR_ENTRIES_MAX)) return large.watch(root, listener);
      return watchOrElse({ first: small, else: large }, root, listener);
    },
  };
  return withHeartbeat(bySize, options.clock);
}

/** `else` takes over when the system has no watches left: it looks by itself at what it cannot watch. */
export function watchOrElse(
  { first, else: second }: { readonly first: HintSource; readonly else: HintSource },
  root: string,
  listener: HintListener,
): () => void {
  let isOver = false;
  let stop: (() => void) | undefined;
  const takeOver = (): void => {
    if (isOver) return;
    isOver = true;
    stop?.();
    stop = second.watch(root, listener);
    // What changed between the two is found by a scan.
    listener.lost('watching started');
  };
  stop = first.watch(root, {
    folder: (path) => listener.folder(path),
    lost: (reason) => {
      listener.lost(reason);
      if (reason === WATCH_LIMIT_REACHED) takeOver();
    },
  });
  return () => stop?.();
}

function hasMoreEntriesThan(root: string, max: number): boolean {
  const folders = [root];
  let count = 0;
  for (const folder of folders) {
    const entries = readOrNothing(folder);
    count += entries.length;
    if (count > max) return true;
    for (const entry of entries) if (entry.isDirectory()) folders.push(`${folder}/${entry.name}`);
  }
  return false;
}

function readOrNothing(folder: string): readonly fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
