/** The FileSystem port of the simulated disk: each call takes its turns, then does what its name says. */
import { utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import { LocalFault, type FileSystem, type OpenFile } from '../ports/file-system.ts';
import type { DiskTurn, Park } from './sim-disk.ts';
import type { SimInode } from './sim-inode.ts';
import type { SimPaths, SimSlot } from './sim-paths.ts';
import type { SimVolume } from './sim-volume.ts';

/** A call of the port, as the simulation sees it. */
export interface DiskCall {
  readonly kind:
    | Exclude<keyof FileSystem, 'openRead' | 'createFile'>
    | 'openRead'
    | 'createFile'
    | `file.${keyof OpenFile}`;
  readonly path: string;
  /** The second path of `link` and `rename`. */
  readonly to?: string;
}

interface PortOptions {
  readonly paths: SimPaths;
  readonly turn: DiskTurn;
  readonly park: Park;
  readonly opened: (change: 1 | -1) => void;
  /** Something at this path changed: what a system would tell a watcher of its folder. */
  readonly changed: (path: string) => void;
}

type Call = <T>(call: DiskCall, action: () => T) => T;

const CHANGING: ReadonlySet<DiskCall['kind']> = new Set([
  'createFile',
  'makeFolder',
  'makeSymlink',
  'link',
  'rename',
  'unlink',
  'removeFolder',
  'setTimes',
  'setMode',
  'file.write',
  'file.setTimes',
  'file.setMode',
] as const);
const READ_BIT = 0o400;
const NS_PER_MS = 1_000_000n;
const PATH_BYTES_MAX = 4096;
const NEW_FILE_MODE = 0o600;

export function createSimPort(options: PortOptions): FileSystem {
  const { paths, turn, park } = options;
  const call: Call = (call, action) => {
    throwFault(turn('before', call), call);
    checkPath(call.path);
    if (call.to !== undefined) checkPath(call.to);
    const result = action();
    if (CHANGING.has(call.kind)) {
      options.changed(call.path);
      if (call.to !== undefined) options.changed(call.to);
    }
    throwFault(turn('after', call), call);
    return result;
  };
  const open = (path: string, slot: { inode: SimInode; inodeVolume: SimVolume }): OpenFile => {
    options.opened(1);
    return openFile({ path, ...slot, call, park, closed: () => options.opened(-1) });
  };

  return {
    ...readCalls(paths, call),
    openRead: (path) =>
      call({ kind: 'openRead', path }, () => {
        const slot = paths.inode(path);
        checkReadable(slot.inode);
        return open(path, slot);
      }),
    createFile: (path) =>
      call({ kind: 'createFile', path }, () => {
        const slot = paths.emptySlot(path);
        const inode = slot.volume.newInode('file');
        if (slot.volume.options.execBit) inode.mode = NEW_FILE_MODE;
        slot.volume.enter(slot.folder, slot.name, inode);
        return open(path, { inode, inodeVolume: slot.volume });
      }),
    ...nameCalls(paths, call),
    setTimes: (path, mtimeMs) =>
      call({ kind: 'setTimes', path }, () => {
        const { inode, inodeVolume } = paths.inode(path);
        setTimes(inodeVolume, inode, mtimeMs);
      }),
    setMode: (path, mode) =>
      call({ kind: 'setMode', path }, () => {
        const { inode, inodeVolume } = paths.inode(path);
        if (inode.type === 'symlink') throw new LocalFault('unsupported', 'set mode: a link');
        setMode(inodeVolume, inode, mode);
      }),
    syncFolder: (path) =>
      park({ kind: 'syncFolder', path }, () =>
        call({ kind: 'syncFolder', path }, () => {
          const { inode, inodeVolume } = paths.folder(path);
          inodeVolume.syncFolder(inode);
        }),
      ),
  };
}

type ReadCalls = Pick<FileSystem, 'lstat' | 'readFolder' | 'readLink' | 'freeBytes'>;

function readCalls(paths: SimPaths, call: Call): ReadCalls {
  return {
    lstat: (path) => call({ kind: 'lstat', path }, () => lstat(paths, path)),
    readFolder: (path) =>
      call({ kind: 'readFolder', path }, () => {
        const { inode } = paths.folder(path);
        if ((inode.mode & READ_BIT) === 0) throw new LocalFault('denied', 'no right to read');
        return [...inode.entries.values()].map(({ name }) => name);
      }),
    readLink: (path) =>
      call({ kind: 'readLink', path }, () => {
        const { inode } = paths.inode(path);
        if (inode.type !== 'symlink') throw new LocalFault('name-illegal', 'not a link');
        return inode.target;
      }),
    freeBytes: (path) =>
      call({ kind: 'freeBytes', path }, () => {
        const { inodeVolume } = paths.inode(path);
        const total = inodeVolume.options.totalBytes;
        return { free: total - inodeVolume.usedBytes, total };
      }),
  };
}

type NameCalls = Pick<
  FileSystem,
  'makeFolder' | 'makeSymlink' | 'link' | 'rename' | 'unlink' | 'removeFolder'
>;

function nameCalls(paths: SimPaths, call: Call): NameCalls {
  return {
    makeFolder: (path) =>
      call({ kind: 'makeFolder', path }, () => {
        const slot = paths.emptySlot(path);
        slot.volume.enter(slot.folder, slot.name, slot.volume.newInode('folder'));
      }),
    makeSymlink: (target, path) =>
      call({ kind: 'makeSymlink', path }, () => {
        const slot = paths.emptySlot(path);
        if (!slot.volume.options.symlinks) throw new LocalFault('unsupported', 'no links here');
        slot.volume.enter(slot.folder, slot.name, slot.volume.newInode('symlink', target));
      }),
    link: (from, to) => call({ kind: 'link', path: from, to }, () => link(paths, from, to)),
    rename: (from, to) => call({ kind: 'rename', path: from, to }, () => rename(paths, from, to)),
    unlink: (path) =>
      call({ kind: 'unlink', path }, () => {
        const slot = paths.inode(path);
        if (slot.inode.type === 'folder') throw new LocalFault('is-a-folder', 'unlink: a folder');
        paths.checkWritable(slot);
        slot.volume.leave(slot.folder, slot.name);
      }),
    removeFolder: (path) =>
      call({ kind: 'removeFolder', path }, () => {
        const slot = paths.folder(path);
        if (paths.isMount(slot.inode)) throw new LocalFault('busy', 'a mount point');
        if (slot.inode.entries.size > 0) throw new LocalFault('not-empty', 'not empty');
        paths.checkWritable(slot);
        slot.volume.leave(slot.folder, slot.name);
      }),
  };
}

function throwFault(code: LocalFault['code'] | undefined, { kind }: DiskCall): void {
  if (code !== undefined) throw new LocalFault(code, `${kind}: injected`);
}

function checkPath(path: string): void {
  if (path.includes('\0')) throw new LocalFault('name-illegal', 'a NUL in a path');
  // Three bytes are the most that one UTF-16 unit takes.
  if (path.length * 3 > PATH_BYTES_MAX && utf8ToBytes(path).length > PATH_BYTES_MAX) {
    throw new LocalFault('name-too-long', 'the path is too long');
  }
}

function lstat(paths: SimPaths, path: string): ReturnType<FileSystem['lstat']> {
  try {
    return paths.slot(path).inode?.stat();
  } catch (error) {
    const isAbsent =
      error instanceof LocalFault && (error.code === 'not-found' || error.code === 'not-a-folder');
    if (isAbsent) return undefined;
    throw error;
  }
}

function checkReadable({ type, mode }: SimInode): void {
  if (type === 'folder') throw new LocalFault('is-a-folder', 'open: a folder');
  if (type !== 'file') throw new LocalFault('unsupported', 'open: not a regular file');
  if ((mode & READ_BIT) === 0) throw new LocalFault('denied', 'no right to read');
}

function link(paths: SimPaths, from: string, to: string): void {
  const source = paths.inode(from);
  if (!source.volume.options.hardLinks) throw new LocalFault('unsupported', 'no hard links');
  if (source.inode.type === 'folder') throw new LocalFault('unsupported', 'link: a folder');
  const target = paths.emptySlot(to);
  if (target.volume !== source.volume) throw new LocalFault('other-device', 'link: other device');
  target.volume.enter(target.folder, target.name, source.inode);
}

function rename(paths: SimPaths, from: string, to: string): void {
  const source = paths.inode(from);
  const target = paths.slot(to);
  target.volume.checkName(target.name);
  if (paths.isMount(source.inode)) throw new LocalFault('busy', 'rename: a mount point');
  if (target.volume !== source.volume) throw new LocalFault('other-device', 'rename: other device');
  paths.checkWritable(source);
  paths.checkWritable(target);
  const { volume } = source;
  const isSameSlot =
    source.folder === target.folder && volume.key(source.name) === volume.key(target.name);
  // Two names of one file: rename(2) does nothing.
  if (target.inode === source.inode && !isSameSlot) return;
  if (!isSameSlot) checkReplaceable(source.inode, target);
  if (source.inode.type === 'folder' && isBelow(source.inode, target.folder)) {
    throw new LocalFault('name-illegal', 'rename: into itself');
  }
  volume.atomically(() => {
    if (target.inode !== undefined && !isSameSlot) volume.leave(target.folder, target.name);
    // Entered first, so that the last name of the inode is never gone.
    if (isSameSlot) source.inode.links++;
    else volume.enter(target.folder, target.name, source.inode);
    volume.leave(source.folder, source.name);
    if (isSameSlot) {
      volume.enter(target.folder, target.name, source.inode);
      source.inode.links--;
    }
  });
}

function checkReplaceable(moved: SimInode, { inode }: SimSlot): void {
  if (inode === undefined) return;
  if (inode.type === 'folder' && moved.type !== 'folder') {
    throw new LocalFault('is-a-folder', 'rename: onto a folder');
  }
  if (inode.type !== 'folder' && moved.type === 'folder') {
    throw new LocalFault('not-a-folder', 'rename: onto no folder');
  }
  if (inode.entries.size > 0) throw new LocalFault('not-empty', 'rename: onto a full folder');
}

function isBelow(folder: SimInode, inner: SimInode): boolean {
  if (folder === inner) return true;
  return [...folder.entries.values()].some(
    ({ inode }) => inode.type === 'folder' && isBelow(inode, inner),
  );
}

function setTimes(volume: SimVolume, inode: SimInode, mtimeMs: number): void {
  volume.metadataChanged(inode);
  inode.mtimeNs = volume.coarse(BigInt(Math.round(mtimeMs)) * NS_PER_MS);
}

function setMode(volume: SimVolume, inode: SimInode, mode: number): void {
  if (volume.options.execBit) inode.mode = mode;
  volume.metadataChanged(inode);
}

function openFile(options: {
  readonly path: string;
  readonly inode: SimInode;
  readonly inodeVolume: SimVolume;
  readonly call: Call;
  readonly park: Park;
  readonly closed: () => void;
}): OpenFile {
  const { path, inode, inodeVolume: volume, call, park } = options;
  let position = 0;
  let isOpen = true;
  inode.openHandles++;
  const run: Call = (which, action) =>
    call(which, () => {
      if (!isOpen) throw new LocalFault('io', 'the file was closed');
      return action();
    });
  return {
    stat: () => run({ kind: 'file.stat', path }, () => inode.stat()),
    read: (into, from) =>
      run({ kind: 'file.read', path }, () => {
        const piece = inode.bytes.subarray(from, from + into.length);
        into.set(piece);
        return piece.length;
      }),
    write: (bytes: Bytes) =>
      run({ kind: 'file.write', path }, () => {
        volume.write(inode, bytes, position);
        position += bytes.length;
      }),
    setTimes: (mtimeMs) =>
      run({ kind: 'file.setTimes', path }, () => setTimes(volume, inode, mtimeMs)),
    setMode: (mode) => run({ kind: 'file.setMode', path }, () => setMode(volume, inode, mode)),
    sync: () =>
      park({ kind: 'file.sync', path }, () =>
        run({ kind: 'file.sync', path }, () => volume.syncFile(inode)),
      ),
    close: () =>
      run({ kind: 'file.close', path }, () => {
        isOpen = false;
        inode.openHandles--;
        options.closed();
        volume.release(inode);
      }),
  };
}
