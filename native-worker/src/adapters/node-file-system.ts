/** The FileSystem port over node:fs. Synchronous: in a worker thread that is several times faster. */
import fs, { type BigIntStats } from 'node:fs';
import { bytesToUtf8, type Bytes } from '@coffer/protocol/core';
import {
  LocalFault,
  type EntryStat,
  type EntryType,
  type FileSystem,
  type OpenFile,
} from '../ports/file-system.ts';
import { toFault } from './fault-codes.ts';

const PERMISSION_BITS = 0o7777n;
const NEW_FILE_MODE = 0o600;
/** Windows has neither flag; there a check of the opened file has to do. */
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants;
const O_NOFOLLOW = flag('O_NOFOLLOW');
const O_NONBLOCK = flag('O_NONBLOCK');
const REPLACEMENT = '\uFFFD';

export function createNodeFileSystem(): FileSystem {
  return {
    lstat: (path) => {
      const stats = attempt('lstat', () => lstatOrNothing(path));
      return stats === undefined ? undefined : toEntryStat(stats);
    },
    readFolder: (path) => attempt('read folder', () => readNames(path)),
    readLink: (path) => attempt('read link', () => fs.readlinkSync(path)),
    openRead,
    createFile: (path) =>
      attempt('create file', () =>
        openFile(
          fs.openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NONBLOCK, NEW_FILE_MODE),
        ),
      ),
    makeFolder: (path) => attempt('make folder', () => fs.mkdirSync(path)),
    makeSymlink: (target, path) => attempt('make symlink', () => fs.symlinkSync(target, path)),
    link: (from, to) => link(from, to),
    rename: (from, to) => attempt('rename', () => fs.renameSync(from, to)),
    unlink: (path) => attempt('unlink', () => unlink(path)),
    removeFolder: (path) => attempt('remove folder', () => fs.rmdirSync(path)),
    setTimes: (path, mtimeMs) =>
      attempt('set times', () => {
        const seconds = mtimeMs / 1000;
        fs.lutimesSync(path, seconds, seconds);
      }),
    setMode: (path, mode) => attempt('set mode', () => setMode(path, mode)),
    syncFolder,
    freeBytes: (path) =>
      attempt('free space', () => {
        const { bavail, blocks, bsize } = fs.statfsSync(path);
        return { free: bavail * bsize, total: blocks * bsize };
      }),
  };
}

function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toFault(what, error);
  }
}

function flag(name: 'O_NOFOLLOW' | 'O_NONBLOCK'): number {
  const value: number | undefined = fs.constants[name];
  return value ?? 0;
}

function lstatOrNothing(path: string): BigIntStats | undefined {
  try {
    return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // A file stands where a folder of the path was: nothing is there.
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function typeOf(stats: BigIntStats): EntryType {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'symlink' : 'special';
}

function toEntryStat(stats: BigIntStats): EntryStat {
  return {
    type: typeOf(stats),
    dev: stats.dev,
    ino: stats.ino,
    birthNs: stats.birthtimeNs,
    size: Number(stats.size),
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    mode: Number(stats.mode & PERMISSION_BITS),
    links: Number(stats.nlink),
  };
}

/** As text first: names are read as bytes only where a replacement character says that one is not UTF-8. */
function readNames(path: string): readonly (string | Bytes)[] {
  const names = fs.readdirSync(path);
  if (!names.some((name) => name.includes(REPLACEMENT))) return names;
  return fs.readdirSync(path, { encoding: 'buffer' }).map((bytes) => {
    try {
      return bytesToUtf8(bytes);
    } catch {
      return new Uint8Array(bytes);
    }
  });
}

function openRead(path: string): OpenFile {
  return attempt('open file', () => {
    const handle = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const stats = fs.fstatSync(handle, { bigint: true });
    if (stats.isFile()) return openFile(handle, stats);
    fs.closeSync(handle);
    const code = stats.isDirectory() ? 'is-a-folder' : 'unsupported';
    throw new LocalFault(code, 'open file: not a regular file');
  });
}

/** `opened`: what was looked at when it was opened; whoever asks first gets that. */
function openFile(handle: number, opened?: BigIntStats): OpenFile {
  let unasked = opened;
  return {
    stat: () =>
      attempt('fstat', () => {
        const stats = unasked ?? fs.fstatSync(handle, { bigint: true });
        unasked = undefined;
        return toEntryStat(stats);
      }),
    read: (into, position) =>
      attempt('read file', () => fs.readSync(handle, into, 0, into.length, position)),
    write: (bytes) =>
      attempt('write file', () => {
        let done = 0;
        while (done < bytes.length) done += fs.writeSync(handle, bytes, done, bytes.length - done);
      }),
    setTimes: (mtimeMs) =>
      attempt('set times', () => fs.futimesSync(handle, mtimeMs / 1000, mtimeMs / 1000)),
    setMode: (mode) => attempt('set mode', () => fs.fchmodSync(handle, mode)),
    sync: () => settle('sync file', (done) => fs.fsync(handle, done)),
    close: () => attempt('close file', () => fs.closeSync(handle)),
  };
}

function link(from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    const fault = toFault('link', error);
    // Linux answers EPERM where the file system has no hard links.
    if (error instanceof Error && 'code' in error && error.code === 'EPERM') {
      throw new LocalFault('unsupported', 'link: EPERM');
    }
    throw fault;
  }
}

function unlink(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    // macOS answers EPERM for a folder, Linux EISDIR.
    if (lstatOrNothing(path)?.isDirectory() === true) {
      throw new LocalFault('is-a-folder', 'unlink: a folder');
    }
    throw error;
  }
}

/** Never through a symbolic link: Linux has no mode of links, and chmod would follow it. */
function setMode(path: string, mode: number): void {
  const stats = lstatOrNothing(path);
  if (stats?.isSymbolicLink() === true) throw new LocalFault('unsupported', 'set mode: a link');
  fs.chmodSync(path, mode);
}

function settle(
  what: string,
  action: (done: (error: NodeJS.ErrnoException | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    action((error) => {
      if (error === null) resolve();
      else reject(toFault(what, error));
    });
  });
}

/** Windows keeps names durable by itself and opens no folder. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = attempt('open folder', () => fs.openSync(path, O_RDONLY | O_NOFOLLOW));
  try {
    await settle('sync folder', (done) => fs.fsync(handle, done));
  } finally {
    attempt('close folder', () => fs.closeSync(handle));
  }
}
