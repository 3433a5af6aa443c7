/** What programs of people do to a disk: to a real one and to the simulated one alike. */
import { utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import type { FileSystem } from '../ports/file-system.ts';
import type { SimDisk } from './sim-disk.ts';

export interface DiskUser {
  /** Makes the file, or truncates it in place and writes it anew: the inode stays. */
  readonly write: (path: string, content: string | Bytes) => void;
  readonly append: (path: string, content: string | Bytes) => void;
  readonly read: (path: string) => Bytes;
  /** Makes the folder and those above it. */
  readonly folder: (path: string) => void;
  /** Removes whatever is there, with all below; nothing happens when nothing is. */
  readonly remove: (path: string) => void;
  readonly rename: (from: string, to: string) => void;
  readonly link: (from: string, to: string) => void;
  readonly symlink: (target: string, path: string) => void;
  /** A named pipe. */
  readonly pipe: (path: string) => void;
  /** A file whose name is these bytes, in a folder. */
  readonly rawName: (folder: string, name: Bytes) => void;
  readonly setTimes: (path: string, mtimeMs: number) => void;
  readonly setMode: (path: string, mode: number) => void;
}

export function createSimUser(disk: SimDisk): DiskUser {
  const { programs, paths } = disk;
  const write = (path: string, content: string | Bytes, isAppended: boolean): void => {
    if (programs.lstat(path) === undefined) programs.createFile(path).close();
    const { inode, inodeVolume } = paths.inode(path);
    if (!isAppended) inodeVolume.truncate(inode);
    inodeVolume.write(inode, toBytes(content), inode.size);
    disk.changed(path);
  };
  return {
    ...namesOf(programs),
    write: (path, content) => write(path, content, false),
    append: (path, content) => write(path, content, true),
    read: (path) => new Uint8Array(paths.inode(path).inode.bytes),
    pipe: (path) => {
      const slot = paths.emptySlot(path);
      slot.volume.enter(slot.folder, slot.name, slot.volume.newInode('special'));
      disk.changed(path);
    },
    rawName: (folder, name) => {
      const { inode, inodeVolume } = paths.folder(folder);
      inodeVolume.enter(inode, name, inodeVolume.newInode('file'));
      disk.changed(`${folder}/`);
    },
  };
}

type NameActions = Pick<
  DiskUser,
  'folder' | 'remove' | 'rename' | 'link' | 'symlink' | 'setTimes' | 'setMode'
>;

/** The actions that the port itself can do. */
export function namesOf(fileSystem: FileSystem): NameActions {
  const folder = (path: string): void => {
    if (path === '' || fileSystem.lstat(path) !== undefined) return;
    folder(path.slice(0, path.lastIndexOf('/')));
    fileSystem.makeFolder(path);
  };
  const remove = (path: string): void => {
    const stat = fileSystem.lstat(path);
    if (stat === undefined) return;
    if (stat.type !== 'folder') {
      fileSystem.unlink(path);
      return;
    }
    for (const name of fileSystem.readFolder(path)) {
      if (typeof name === 'string') remove(`${path}/${name}`);
    }
    fileSystem.removeFolder(path);
  };
  return {
    folder,
    remove,
    rename: fileSystem.rename,
    link: fileSystem.link,
    symlink: fileSystem.makeSymlink,
    setTimes: fileSystem.setTimes,
    setMode: fileSystem.setMode,
  };
}

export function toBytes(content: string | Bytes): Bytes {
  return typeof content === 'string' ? utf8ToBytes(content) : content;
}
