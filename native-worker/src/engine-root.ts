/**
 * Whether a pair's root is the one that it was made for, and whether this engine alone uses it
 * (engine §7). An empty mount point, a folder that was put in the root's place, or another pair's
 * marker must never look like "everything was deleted".
 */
import { z } from 'zod';
import type { EngineHost } from './engine-options.ts';
import {
  ensureFolder,
  makeOwnFolder,
  OWN_FOLDER_NAME,
  readWhole,
  writeDurably,
  writeWhole,
} from './executor/index.ts';
import { LocalFault, type FileSystem } from './ports/index.ts';
import type { Pair } from './trees/index.ts';

const MARKER = 'pair.json';
const LOCK = 'engine.lock';

const Marker = z.object({ pair: z.string(), space: z.string() });
const Lock = z.object({ pid: z.number(), boot: z.string() });

export type RootState = 'ok' | 'missing' | 'replaced';

export function checkRoot(fileSystem: FileSystem, pair: Pair): RootState {
  const stat = fileSystem.lstat(pair.localPath);
  if (stat === undefined) return 'missing';
  const marker = readMarker(fileSystem, pair.localPath);
  if (marker === undefined)
    return isEmptyFolder(fileSystem, pair.localPath) ? 'missing' : 'replaced';
  if (marker.pair !== pair.id || marker.space !== pair.space) return 'replaced';
  if (stat.type !== 'folder' || stat.ino !== pair.rootIno) return 'replaced';
  const hasBirth = pair.caps.birthtime && pair.rootBirthNs > 0n;
  return hasBirth && stat.birthNs !== pair.rootBirthNs ? 'replaced' : 'ok';
}

/** Durable when the promise settles: without it the pair would stop after a power cut. */
export async function writeMarker(fileSystem: FileSystem, pair: Pair): Promise<void> {
  makeOwnFolder(fileSystem, pair.localPath);
  const text = JSON.stringify({ pair: pair.id, space: pair.space });
  await writeDurably(fileSystem, pair.localPath, `${OWN_FOLDER_NAME}/${MARKER}`, `${text}\n`);
}

export function removeMarker(fileSystem: FileSystem, pair: Pair): void {
  const marker = readMarker(fileSystem, pair.localPath);
  if (marker?.pair !== pair.id) return;
  fileSystem.unlink(`${pair.localPath}/${OWN_FOLDER_NAME}/${MARKER}`);
}

/** Takes the root's lock; false while a live engine of another process holds it. */
export function lockRoot(fileSystem: FileSystem, root: string, host: EngineHost): boolean {
  const folder = ensureFolder(fileSystem, root, OWN_FOLDER_NAME);
  const path = `${folder}/${LOCK}`;
  const holder = parsed(Lock, readWhole(fileSystem, path));
  const isOwn = holder?.pid === host.pid && holder.boot === host.bootId;
  if (isOwn) return true;
  if (holder?.boot === host.bootId && host.isAlive(holder.pid)) return false;
  if (holder !== undefined || fileSystem.lstat(path) !== undefined) fileSystem.unlink(path);
  return createLock(fileSystem, path, host);
}

export function unlockRoot(fileSystem: FileSystem, root: string, host: EngineHost): void {
  const path = `${root}/${OWN_FOLDER_NAME}/${LOCK}`;
  const holder = parsed(Lock, readWhole(fileSystem, path));
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

function readMarker(fileSystem: FileSystem, root: string): z.infer<typeof Marker> | undefined {
  if (fileSystem.lstat(`${root}/${OWN_FOLDER_NAME}`)?.type !== 'folder') return undefined;
  return parsed(Marker, readWhole(fileSystem, `${root}/${OWN_FOLDER_NAME}/${MARKER}`));
}

function isEmptyFolder(fileSystem: FileSystem, path: string): boolean {
  try {
    return fileSystem.readFolder(path).every((name) => name === 'lost+found');
  } catch (error) {
    if (error instanceof LocalFault) return false;
    throw error;
  }
}

function parsed<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
