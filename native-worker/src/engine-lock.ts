/**
 * One engine per root (engine §7): a lock with process id, start and boot id in the engine's own folder. A lock
 * whose owner is dead stays where it is until a successor has it: who succeeds is settled by a second
 * name, `engine.lock.after-…`, which says whom it succeeds and can be made by one alone.
 */
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
const NAME_PART_CHARS_MAX = 64;

const Lock = z.object({ pid: z.number(), boot: z.string(), start: z.string().exactOptional() });
type Lock = Readonly<z.infer<typeof Lock>>;

/** Takes the root's lock; false while a live engine of another process holds it, or takes it now. */
export function lockRoot(fileSystem: FileSystem, root: string, host: EngineHost): boolean {
  const folder = ensureFolder(fileSystem, root, OWN_FOLDER_NAME);
  const path = `${folder}/${LOCK}`;
  const text = readText(fileSystem, path);
  const holder = parseWhole(Lock, text);
  if (isOwn(holder, host)) return true;
  if (holder !== undefined) {
    return !isLiveOther(holder, host) && succeed(fileSystem, path, text, host);
  }
  // Nothing to be read: somebody may have taken it since.
  if (isHeldByAnother(fileSystem, root, host)) return false;
  const isFree = fileSystem.lstat(path) === undefined;
  return isFree ? createLock(fileSystem, path, host) : succeed(fileSystem, path, text, host);
}

/** True while a live engine of another process has the root. Takes and makes nothing. */
export function isHeldByAnother(fileSystem: FileSystem, root: string, host: EngineHost): boolean {
  const path = `${root}/${OWN_FOLDER_NAME}/${LOCK}`;
  return isLiveOther(parseWhole(Lock, readText(fileSystem, path)), host);
}

export function unlockRoot(fileSystem: FileSystem, root: string, host: EngineHost): void {
  const path = `${root}/${OWN_FOLDER_NAME}/${LOCK}`;
  const holder = parseWhole(Lock, readText(fileSystem, path));
  if (isOwn(holder, host)) fileSystem.unlink(path);
}

/** Undefined where nothing is, also when it goes just now. */
function readText(fileSystem: FileSystem, path: string): string | undefined {
  try {
    return readWhole(fileSystem, path);
  } catch (error) {
    if (error instanceof LocalFault && error.code === 'not-found') return undefined;
    throw error;
  }
}

function isOwn(holder: Lock | undefined, host: EngineHost): boolean {
  if (holder?.pid !== host.pid || holder.boot !== host.bootId) return false;
  // One that had our id earlier in this boot is dead. An earlier version of Coffer names no start.
  return holder.start === undefined || holder.start === host.start;
}

function isLiveOther(holder: Lock | undefined, host: EngineHost): boolean {
  if (holder === undefined || holder.boot !== host.bootId) return false;
  return holder.pid !== host.pid && host.isAlive(holder.pid, holder.start);
}

/** Complete before it has its name: of two engines that come at once, one finds it there. */
function createLock(fileSystem: FileSystem, path: string, host: EngineHost): boolean {
  const own = writeOwn(fileSystem, path, host);
  const made = tryLink(fileSystem, own, path);
  if (made === 'unsupported') fileSystem.rename(own, path);
  else fileSystem.unlink(own);
  return made !== 'exists';
}

/**
 * Takes the place of the dead owner of the lock with this text. Nobody else can while the name of the
 * succession is there, and after it the lock has another text: who comes late finds that, and steps back.
 * Without hard links the last of several wins, and an earlier one does not know.
 */
function succeed(
  fileSystem: FileSystem,
  path: string,
  text: string | undefined,
  host: EngineHost,
): boolean {
  const own = writeOwn(fileSystem, path, host);
  const names = claimSuccession(fileSystem, { path, text, own }, host);
  const isTaken = names !== undefined && readText(fileSystem, path) === text;
  if (isTaken) fileSystem.rename(own, path);
  else fileSystem.unlink(own);
  // Who steps back leaves what others made: a later successor removes it.
  for (const name of (isTaken ? names : names?.slice(-1)) ?? []) fileSystem.unlink(name);
  return isTaken;
}

/** The names that keep all others out, the last of them made here; undefined while another one has them. */
function claimSuccession(
  fileSystem: FileSystem,
  { path, text, own }: { path: string; text: string | undefined; own: string },
  host: EngineHost,
): readonly string[] | undefined {
  const names: string[] = [];
  for (let dead = parseWhole(Lock, text); ;) {
    const name = `${path}.after-${names.length}-${nameOf(dead)}`;
    const made = tryLink(fileSystem, own, name);
    if (made === 'unsupported') return names;
    names.push(name);
    if (made === 'made') return names;
    // If this successor died over it, it is succeeded in its turn.
    dead = parseWhole(Lock, readText(fileSystem, name));
    if (isOwn(dead, host)) return names;
    if (isLiveOther(dead, host) || fileSystem.lstat(name) === undefined) return undefined;
  }
}

function writeOwn(fileSystem: FileSystem, path: string, host: EngineHost): string {
  const own = `${path}.${host.pid}`;
  const { pid, bootId: boot, start } = host;
  writeWhole(fileSystem, own, JSON.stringify({ pid, boot, start }));
  return own;
}

/** `unsupported` where the file system has no hard links. */
function tryLink(
  fileSystem: FileSystem,
  own: string,
  name: string,
): 'made' | 'exists' | 'unsupported' {
  try {
    fileSystem.link(own, name);
    return 'made';
  } catch (error) {
    if (error instanceof LocalFault && error.code === 'unsupported') return 'unsupported';
    if (error instanceof LocalFault && error.code === 'exists') return 'exists';
    fileSystem.unlink(own);
    throw error;
  }
}

function nameOf(owner: Lock | undefined): string {
  if (owner === undefined) return 'unreadable';
  const plain = (text: string): string =>
    text.replaceAll(/[^A-Za-z0-9]+/g, '-').slice(0, NAME_PART_CHARS_MAX);
  const start = owner.start === undefined ? '' : `-${plain(owner.start)}`;
  return `${owner.pid}-${plain(owner.boot)}${start}`;
}
