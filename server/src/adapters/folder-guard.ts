import { lstat, realpath, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SetupError } from './password-setup-file.ts';

/** File systems of the kernel (statfs(2), Linux): what is written there is lost, or does something. */
const PSEUDO_FILE_SYSTEMS: ReadonlyMap<number, string> = new Map([
  [0x9fa0, 'proc'],
  [0x62656572, 'sysfs'],
  [0x27e0eb, 'cgroup'],
  [0x63677270, 'cgroup2'],
  [0x64626720, 'debugfs'],
  [0x74726163, 'tracefs'],
  [0x73636673, 'securityfs'],
  [0x62656570, 'configfs'],
  [0xcafe4a11, 'bpf'],
  [0x6165676c, 'pstore'],
  [0x1cd1, 'devpts'],
  [0x19800202, 'mqueue'],
  [0xde5e81e4, 'efivarfs'],
  [0x42494e4d, 'binfmt_misc'],
  [0x6e736673, 'nsfs'],
]);

/**
 * The absolute form of `path`, if a folder there can keep files: it is a folder, or nothing is there
 * and one can be made. Throws SetupError else. Opens nothing, so that no device and no pipe can hold it.
 */
export async function guardFolder(path: string): Promise<string> {
  const whole = resolve(path);
  if (path === '' || path.includes('\0')) throw new SetupError('a folder needs a name.');
  const status = await statIfThere(whole);
  if (status !== undefined && !status.isDirectory()) {
    throw new SetupError(`${whole} is not a folder. Name a folder, or one that can be made.`);
  }
  const there = await nearestFolder(whole);
  const { type } = await statfs(there).catch(() => ({ type: 0 }));
  const kind = PSEUDO_FILE_SYSTEMS.get(type) ?? (isDevice(there) ? 'devices' : undefined);
  if (kind !== undefined) {
    throw new SetupError(
      `${whole} lies on a file system of the kernel (${kind}). Nothing can be kept there.`,
    );
  }
  return whole;
}

export interface Entry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
}

/**
 * Throws SetupError when one of `entries` is there and is something else than it says: opening a pipe
 * waits for ever, and a device has no end.
 */
export async function guardEntries(folder: string, entries: readonly Entry[]): Promise<void> {
  for (const { name, kind } of entries) {
    const path = join(folder, name);
    const status = await lstat(path).catch(ignoreMissing);
    if (status === undefined) continue;
    const isRight = kind === 'file' ? status.isFile() : status.isDirectory();
    if (!isRight)
      throw new SetupError(
        `${path} is not a ${kind === 'file' ? 'plain file' : 'folder'}. Remove it, or name another folder.`,
      );
  }
}

/** While this file is there, a restore has begun and not come to its end. */
export const RESTORE_MARKER = 'restore-unfinished';

/** What a server keeps in its data folder. */
export const DATA_ENTRIES: readonly Entry[] = [
  { name: 'metadata.sqlite', kind: 'file' },
  { name: 'metadata.sqlite-wal', kind: 'file' },
  { name: 'metadata.sqlite-shm', kind: 'file' },
  { name: 'lock', kind: 'file' },
  { name: 'password-setup', kind: 'file' },
  { name: 'packs', kind: 'folder' },
];

async function statIfThere(path: string) {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') throw new SetupError(`a part of ${path} is not a folder.`);
    if (error.code === 'ELOOP') throw new SetupError(`${path} is a link that leads to itself.`);
    return ignoreMissing(error);
  });
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

/** The real path of the nearest folder above that exists. */
async function nearestFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const real = await realpath(at).catch(() => undefined);
    if (real !== undefined || at === dirname(at)) return real ?? at;
  }
}

function isDevice(path: string): boolean {
  return /^\/dev(\/|$)/.test(path) && !/^\/dev\/shm(\/|$)/.test(path);
}
