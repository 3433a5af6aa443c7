/** One engine per root (engine §7): a lock with process id and boot id in the engine's own folder. */
import { z } from 'zod';
import type { EngineHost } from './engine-options.ts';
import {
  ensureFolder,
  OWN_FOLDER_NAME,
  parseWhole,
  readWhole,
  writeWhole,
} from './executor/index.ts';
import { LocalFault, type FileSystem } from './ports/index.ts';

const LOCK = 'engine.lock';

const Lock = z.object({ pid: z.number(), boot: z.string() });

/** Takes the root's lock; false while a live engine of another process holds it. */
export function lockRoot(fileSystem: FileSystem, root: string, host: EngineHost): boolean {
  const folder = ensureFolder(fileSystem, root, OWN_FOLDER_NAME);
  const path = `${folder}/${LOCK}`;
  const holder = parseWhole(Lock, readWhole(fileSystem, path));
  const isOwn = holder?.pid === host.pid && holder.boot === host.bootId;
  if (isOwn) return true;
  if (isHeldByAnother(fileSystem, root, host)) return false;
  if (holder !== undefined || fileSystem.lstat(path) !== undefined) fileSystem.unlink(path);
  return createLock(fileSystem, path, host);
}

/** True while a live engine of another process has the root. Takes and makes nothing. */
export function isHeldByAnother(fileSystem: FileSystem, root: string, host: EngineHost): boolean {
  const path = `${root}/${OWN_FOLDER_NAME}/${LOCK}`;
  const holder = parseWhole(Lock, readWhole(fileSystem, path));
  if (holder === undefined || holder.boot !== host.bootId) return false;
  return holder.pid !== host.pid && host.isAlive(holder.pid);
}

export function unlockRoot(fileSystem: FileSystem, root: string, host: EngineHost): void {
  const path = `${root}/${OWN_FOLDER_NAME}/${LOCK}`;
  const holder = parseWhole(Lock, readWhole(fileSystem, path));
  if (holder?.pid === host.pid && holder.boot === host.bootId) fileSystem.unlink(path);
}

/** Complete before it has its name: of two engines that come at once, one finds it there. */
function createLock(fileSystem: FileSystem, path: string, host: EngineHost): boolean {
  const own = `${path}.${host.pid}`;
  writeWhole(fileSystem, own, JSON.stringify({ pid: host.pid, boot: host.bootId }));
  try {
    fileSystem.link(own, path);
    fileSystem.unlink(own);
    return true;
  } catch (error) {
    if (!(error instanceof LocalFault)) throw error;
    if (error.code === 'unsupported') {
      fileSystem.rename(own, path);
      return true;
    }
    fileSystem.unlink(own);
    if (error.code === 'exists') return false;
    throw error;
  }
}
