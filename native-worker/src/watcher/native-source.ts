/** Which source of hints a root gets (engine §9): by its size, and by the system. */
import fs from 'node:fs';
import type { HintSource } from '../engine-options.ts';
import { createChokidarSource } from './chokidar-source.ts';
import { createFoldersSource, type FoldersSourceOptions } from './folders-source.ts';
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
      const source = hasMoreEntriesThan(root, CHOKIDAR_ENTRIES_MAX) ? large : small;
      return source.watch(root, listener);
    },
  };
  return withHeartbeat(bySize, options.clock);
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
