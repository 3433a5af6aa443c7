/** Paths of the simulated disk: folders, mounts, symbolic links on the way. */
import type { Bytes } from '@coffer/protocol/core';
import { LocalFault } from '../ports/file-system.ts';
import type { SimInode } from './sim-inode.ts';
import type { SimVolume } from './sim-volume.ts';

const LINKS_MAX = 40;
const SEARCH_BIT = 0o100;
const WRITE_BIT = 0o200;

export interface SimSlot {
  readonly volume: SimVolume;
  readonly folder: SimInode;
  readonly name: string;
  /** What is there, not following a link; a mounted root where one covers it. */
  readonly inode: SimInode | undefined;
  readonly inodeVolume: SimVolume;
}

export class SimPaths {
  readonly #rootVolume: SimVolume;
  readonly #mounts = new Map<SimInode, SimVolume>();

  constructor(rootVolume: SimVolume) {
    this.#rootVolume = rootVolume;
  }

  volumes(): readonly SimVolume[] {
    return [this.#rootVolume, ...this.#mounts.values()];
  }

  mount(path: string, volume: SimVolume): void {
    const { inode } = this.slot(path);
    if (inode?.type !== 'folder') throw new LocalFault('not-a-folder', 'mount: not a folder');
    this.#mounts.set(inode, volume);
  }

  unmount(path: string): void {
    const { inode } = this.slot(path);
    for (const [covered, volume] of this.#mounts) {
      if (volume.root === inode) this.#mounts.delete(covered);
    }
  }

  isMount(inode: SimInode): boolean {
    return this.volumes().some(({ root }) => root === inode);
  }

  /** The slot that a path names. Links on the way are followed, the last segment is not. */
  slot(path: string): SimSlot {
    return this.#slot(path, 0);
  }

  /** What is at a path; throws `not-found`. */
  inode(path: string): SimSlot & { readonly inode: SimInode } {
    const slot = this.slot(path);
    const { inode } = slot;
    if (inode === undefined) throw new LocalFault('not-found', 'no such entry');
    return { ...slot, inode };
  }

  folder(path: string): SimSlot & { readonly inode: SimInode } {
    const slot = this.inode(path);
    if (slot.inode.type !== 'folder') throw new LocalFault('not-a-folder', 'not a folder');
    return slot;
  }

  /** The slot for a new entry: its name can be held, its folder may be written, nothing is there. */
  emptySlot(path: string): SimSlot {
    const slot = this.slot(path);
    slot.volume.checkName(slot.name);
    if (slot.inode !== undefined) throw new LocalFault('exists', 'something is there');
    this.checkWritable(slot);
    return slot;
  }

  checkWritable(slot: SimSlot): void {
    if ((slot.folder.mode & WRITE_BIT) === 0) throw new LocalFault('denied', 'no right to write');
  }

  #slot(path: string, links: number): SimSlot {
    if (links > LINKS_MAX) throw new LocalFault('io', 'too many links');
    const segments = path.split('/').filter((segment) => segment !== '');
    let volume = this.#rootVolume;
    let folder = volume.root;
    const last = segments.pop();
    if (last === undefined) {
      return { volume, folder, name: '', inode: folder, inodeVolume: volume };
    }
    for (const [depth, segment] of segments.entries()) {
      const found = this.#child(volume, folder, segment);
      if (found === undefined) throw new LocalFault('not-found', 'no such folder');
      if (found.inode.type === 'symlink') {
        const above = segments.slice(0, depth).join('/');
        const below = [...segments.slice(depth + 1), last].join('/');
        return this.#slot(`${follow(above, found.inode.target)}/${below}`, links + 1);
      }
      if (found.inode.type !== 'folder') throw new LocalFault('not-a-folder', 'not a folder');
      ({ inode: folder, volume } = found);
    }
    if ((folder.mode & SEARCH_BIT) === 0) throw new LocalFault('denied', 'no right to search');
    const found = this.#child(volume, folder, last);
    return {
      volume,
      folder,
      name: last,
      inode: found?.inode,
      inodeVolume: found?.volume ?? volume,
    };
  }

  #child(
    volume: SimVolume,
    folder: SimInode,
    name: string | Bytes,
  ): { inode: SimInode; volume: SimVolume } | undefined {
    if ((folder.mode & SEARCH_BIT) === 0) throw new LocalFault('denied', 'no right to search');
    const inode = folder.entries.get(volume.key(name))?.inode;
    if (inode === undefined) return undefined;
    const mounted = this.#mounts.get(inode);
    return mounted === undefined ? { inode, volume } : { inode: mounted.root, volume: mounted };
  }
}

/** A link's target as a path from the root; `..` above the root stays there. */
function follow(above: string, target: string): string {
  const out: string[] = [];
  const joined = target.startsWith('/') ? target : `${above}/${target}`;
  for (const segment of joined.split('/')) {
    if (segment === '..') out.pop();
    else if (segment !== '' && segment !== '.') out.push(segment);
  }
  return `/${out.join('/')}`;
}
