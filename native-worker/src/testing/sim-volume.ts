/**
 * One simulated file system: inodes, names, and what of them is durable.
 *
 * [Note: Journal of the simulated volume] Each change of names is recorded with the step that undoes
 * it. Syncing a folder makes durable all changes up to the last one that touched it, as a journalling
 * file system does. A crash undoes the others from the end, except a prefix that happened to reach
 * the disk.
 */
import { bytesToHex, utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import { LocalFault } from '../ports/file-system.ts';
import { SimInode, type TornWrite } from './sim-inode.ts';

export interface SimVolumeOptions {
  readonly dev?: bigint;
  /** False: birth times read 0. */
  readonly birthTimes?: boolean;
  /** Granularity of all times; 1 by default. */
  readonly mtimeGranNs?: bigint;
  readonly caseSensitive?: boolean;
  /** Names are stored and listed decomposed (NFD), as HFS+ does. */
  readonly normalising?: boolean;
  readonly nameUnit?: 'bytes' | 'utf16';
  readonly nameMax?: number;
  readonly hardLinks?: boolean;
  readonly symlinks?: boolean;
  /** False: permission bits cannot be changed, as on FAT. */
  readonly execBit?: boolean;
  readonly windowsNames?: boolean;
  /** A freed inode number is given to the next new entry (last freed first). */
  readonly inodeReuse?: boolean;
  readonly totalBytes?: number;
}

export interface SimCrash {
  /** How many of the pending changes of names reached the disk; none by default. */
  readonly keepNames?: (pending: number) => number;
  /** What becomes of a file's unsynced bytes; 'lost' by default. */
  readonly torn?: (ino: bigint) => TornWrite;
}

interface JournalEntry {
  readonly undo: () => void;
  readonly folders: readonly SimInode[];
  readonly atNs: bigint;
}

const FIRST_INO = 2n;
const WINDOWS_RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/iu;
const WINDOWS_CHARACTERS = /[<>:"|?*\\\p{Cc}]|[. ]$/u;

export class SimVolume {
  readonly options: Required<SimVolumeOptions>;
  readonly root: SimInode;
  usedBytes = 0;
  #free: bigint[] = [];
  #nextIno = FIRST_INO;
  #journal: JournalEntry[] = [];
  /** Files that are not written back, by when they first were not: nothing that comes then puts it off. */
  readonly #dirty = new Map<SimInode, bigint>();
  readonly #nowNs: () => bigint;

  constructor(nowNs: () => bigint, options: SimVolumeOptions = {}) {
    this.options = {
      dev: 1n,
      birthTimes: true,
      mtimeGranNs: 1n,
      caseSensitive: true,
      normalising: false,
      nameUnit: 'bytes',
      nameMax: 255,
      hardLinks: true,
      symlinks: true,
      execBit: true,
      windowsNames: false,
      inodeReuse: true,
      totalBytes: 1e12,
      ...options,
    };
    this.#nowNs = nowNs;
    this.root = this.newInode('folder');
    this.root.links = 1;
  }

  /** The time now, as coarse as the volume keeps it. */
  stamp(): bigint {
    return this.coarse(this.#nowNs());
  }

  coarse(ns: bigint): bigint {
    const { mtimeGranNs } = this.options;
    return ns - (((ns % mtimeGranNs) + mtimeGranNs) % mtimeGranNs);
  }

  newInode(type: SimInode['type'], target = ''): SimInode {
    const ino = (this.options.inodeReuse ? this.#free.pop() : undefined) ?? this.#nextIno++;
    const nowNs = this.stamp();
    const birthNs = this.options.birthTimes ? nowNs : 0n;
    return new SimInode({ type, ino, dev: this.options.dev, birthNs, nowNs, target });
  }

  key(name: string | Bytes): string {
    if (typeof name !== 'string') return `\0${bytesToHex(name)}`;
    const form = this.options.normalising ? name.normalize('NFD') : name;
    return this.options.caseSensitive ? form : form.toLowerCase();
  }

  /** Throws what the volume answers to a name that it cannot hold. */
  checkName(name: string): void {
    const { nameUnit, nameMax, windowsNames } = this.options;
    const length = nameUnit === 'bytes' ? utf8ToBytes(name).length : name.length;
    if (length > nameMax) throw new LocalFault('name-too-long', 'the name is too long');
    const isIllegal = name === '' || name.includes('\0');
    const isReserved =
      windowsNames && (WINDOWS_RESERVED.test(name) || WINDOWS_CHARACTERS.test(name));
    if (isIllegal || isReserved) throw new LocalFault('name-illegal', 'the name cannot be held');
  }

  /** Gives `inode` a name in `folder`; the slot must be empty. */
  enter(folder: SimInode, name: string | Bytes, inode: SimInode): void {
    const key = this.key(name);
    const stored =
      typeof name === 'string' && this.options.normalising ? name.normalize('NFD') : name;
    folder.entries.set(key, { name: stored, inode });
    inode.links++;
    const timesBack = this.#touch(folder, inode);
    this.#record([folder], () => {
      folder.entries.delete(key);
      inode.links--;
      timesBack();
    });
  }

  /** Takes a name away; the inode goes with its last name and handle. */
  leave(folder: SimInode, name: string | Bytes): void {
    const key = this.key(name);
    const entry = folder.entries.get(key);
    if (entry === undefined) throw new LocalFault('not-found', 'no such entry');
    const { inode } = entry;
    folder.entries.delete(key);
    inode.links--;
    const timesBack = this.#touch(folder, inode);
    this.#record([folder], () => {
      folder.entries.set(key, entry);
      inode.links++;
      timesBack();
    });
    this.release(inode);
  }

  /** Runs several changes of names as one that a crash keeps or loses whole. */
  atomically(action: () => void): void {
    const from = this.#journal.length;
    action();
    const parts = this.#journal.splice(from);
    this.#record(
      parts.flatMap(({ folders }) => folders),
      () => {
        for (const part of parts.toReversed()) part.undo();
      },
    );
  }

  /** Frees the number of an inode without name and handle. */
  release(inode: SimInode): void {
    if (inode.links > 0 || inode.openHandles > 0) return;
    this.usedBytes -= inode.type === 'file' ? inode.size : 0;
    this.#free.push(inode.ino);
  }

  write(inode: SimInode, bytes: Bytes, position: number): void {
    const growth = Math.max(0, position + bytes.length - inode.size);
    if (this.usedBytes + growth > this.options.totalBytes) {
      throw new LocalFault('disk-full', 'no space is left');
    }
    this.usedBytes += growth;
    inode.write(bytes, position);
    this.changed(inode);
  }

  truncate(inode: SimInode): void {
    this.usedBytes -= inode.size;
    inode.truncate();
    this.changed(inode);
  }

  /** Content changed now. */
  changed(inode: SimInode): void {
    inode.mtimeNs = this.stamp();
    this.metadataChanged(inode);
  }

  metadataChanged(inode: SimInode): void {
    inode.ctimeNs = this.stamp();
    if (inode.type === 'file' && !this.#dirty.has(inode)) this.#dirty.set(inode, this.#nowNs());
  }

  syncFile(inode: SimInode): void {
    inode.sync();
    this.#dirty.delete(inode);
  }

  syncFolder(folder: SimInode): void {
    const last = this.#journal.findLastIndex(({ folders }) => folders.includes(folder));
    this.#journal.splice(0, last + 1);
  }

  /** What the system writes back by itself: everything that has waited since `untilNs` or before. */
  writeBack(untilNs: bigint): void {
    for (const [inode, sinceNs] of this.#dirty) if (sinceNs <= untilNs) this.syncFile(inode);
    const last = this.#journal.findLastIndex(({ atNs }) => atNs <= untilNs);
    this.#journal.splice(0, last + 1);
  }

  crash(how: SimCrash = {}): void {
    const pending = this.#journal.length;
    const kept = Math.min(pending, Math.max(0, how.keepNames?.(pending) ?? 0));
    for (const { undo } of this.#journal.slice(kept).toReversed()) undo();
    this.#journal = [];
    for (const inode of this.#dirty.keys()) inode.crash(how.torn?.(inode.ino) ?? 'lost');
    this.#dirty.clear();
    this.#recount();
  }

  /** The free numbers and the used bytes follow from what has a name. */
  #recount(): void {
    const live = new Map<bigint, SimInode>();
    const queue = [this.root];
    for (const inode of queue) {
      inode.openHandles = 0;
      live.set(inode.ino, inode);
      for (const { inode: child } of inode.entries.values()) queue.push(child);
    }
    this.#free = [];
    for (let ino = FIRST_INO; ino < this.#nextIno; ino++) if (!live.has(ino)) this.#free.push(ino);
    this.usedBytes = 0;
    for (const inode of live.values()) this.usedBytes += inode.type === 'file' ? inode.size : 0;
  }

  /** The folder got or lost a name of the inode; the result undoes that in the times of both. */
  #touch(folder: SimInode, inode: SimInode): () => void {
    const { mtimeNs, ctimeNs } = folder;
    const ofInode = inode.ctimeNs;
    folder.mtimeNs = this.stamp();
    folder.ctimeNs = folder.mtimeNs;
    inode.ctimeNs = folder.mtimeNs;
    return () => {
      Object.assign(folder, { mtimeNs, ctimeNs });
      inode.ctimeNs = ofInode;
    };
  }

  #record(folders: readonly SimInode[], undo: () => void): void {
    this.#journal.push({ undo, folders, atNs: this.#nowNs() });
  }
}
