/** The engine's own folder in a root: `.coffer/` with staging and the recycle area. */
import { bytesToHex, utf8ToBytes } from '@coffer/protocol/core';
import type { z } from 'zod';
import { RECYCLE_PATH_BYTES_MAX } from '../limits.ts';
import { LocalFault, type FileSystem } from '../ports/index.ts';
import type { Recycled } from '../trees/index.ts';

export const OWN_FOLDER_NAME = '.coffer';
const OWNER_ONLY = 0o700;
const OTHERS = 0o077;
const STAGING = `${OWN_FOLDER_NAME}/staging`;
const RECYCLE = `${OWN_FOLDER_NAME}/recycle`;

/**
 * Makes a folder in the engine's own one and all that are missing above it; follows no link. The own
 * folder is there as long as the root is the pair's: nothing is made in what stands in its place.
 */
export function ensureFolder(fileSystem: FileSystem, root: string, relative: string): string {
  let path = root;
  for (const name of relative.split('/')) {
    path = `${path}/${name}`;
    const stat = fileSystem.lstat(path);
    if (stat === undefined) {
      if (name === OWN_FOLDER_NAME) throw new LocalFault('not-found', 'the root is gone');
      fileSystem.makeFolder(path);
    } else if (stat.type !== 'folder') {
      throw new LocalFault('not-a-folder', 'the engine needs a folder where something else is');
    }
  }
  return path;
}

/** For a root that becomes a pair's. Deleted files come into it: it is for its owner alone. */
export function makeOwnFolder(fileSystem: FileSystem, root: string): void {
  const path = `${root}/${OWN_FOLDER_NAME}`;
  if (fileSystem.lstat(path) === undefined) fileSystem.makeFolder(path);
  const stat = fileSystem.lstat(path);
  if (stat?.type !== 'folder') {
    throw new LocalFault('not-a-folder', 'the engine needs a folder where something else is');
  }
  if ((stat.mode & OTHERS) !== 0) setOwnerOnly(fileSystem, path);
}

function setOwnerOnly(fileSystem: FileSystem, path: string): void {
  try {
    fileSystem.setMode(path, OWNER_ONLY);
  } catch (error) {
    // Some file systems keep no permissions.
    if (!(error instanceof LocalFault)) throw error;
  }
}

export function ensureStaging(fileSystem: FileSystem, root: string): string {
  return ensureFolder(fileSystem, root, STAGING);
}

export function stagedPath(root: string, name: string): string {
  return `${root}/${STAGING}/${name}`;
}

/**
 * A free path for what left `relative` for staging: there, or beside it with a number; in the root where
 * its folder is gone. A scan finds it by its inode.
 */
export function wayBack(fileSystem: FileSystem, root: string, relative: string): string {
  const name = relative.slice(relative.lastIndexOf('/') + 1);
  const wanted = `${root}/${hasFolders(fileSystem, root, relative) ? relative : name}`;
  let path = wanted;
  for (let n = 2; fileSystem.lstat(path) !== undefined; n++) path = `${wanted} ${n}`;
  return path;
}

/** Every folder above the path is a folder: no write goes through a link that stands there now. */
export function hasFolders(fileSystem: FileSystem, root: string, relative: string): boolean {
  let path = root;
  for (const name of relative.split('/').slice(0, -1)) {
    path = `${path}/${name}`;
    if (fileSystem.lstat(path)?.type !== 'folder') return false;
  }
  return true;
}

/** Empties the staging folder; what intents still name is passed in `keep`. */
export function cleanStaging(
  fileSystem: FileSystem,
  root: string,
  keep: ReadonlySet<string>,
): void {
  const folder = `${root}/${STAGING}`;
  if (fileSystem.lstat(folder)?.type !== 'folder') return;
  for (const name of fileSystem.readFolder(folder)) {
    if (typeof name !== 'string' || keep.has(name)) continue;
    const path = `${folder}/${name}`;
    const type = fileSystem.lstat(path)?.type;
    if (type === 'file' || type === 'symlink') fileSystem.unlink(path);
  }
}

/** One batch of the recycle area: where what leaves the tree goes, by rename. */
export class RecycleBatch {
  readonly id: string;
  readonly #fileSystem: FileSystem;
  readonly #root: string;
  readonly #folder: string;
  #shortNames = 0;
  #used = false;

  constructor(options: {
    readonly fileSystem: FileSystem;
    readonly root: string;
    readonly nowMs: number;
    readonly random: Uint8Array;
  }) {
    this.#fileSystem = options.fileSystem;
    this.#root = options.root;
    this.id = bytesToHex(options.random);
    const date = new Date(options.nowMs).toISOString().slice(0, 10);
    this.#folder = `${RECYCLE}/${date}/${this.id}`;
  }

  /**
   * A free relative path for what was at `path`; folders above it are made. A path that would get
   * too long is replaced by a short name: `index.jsonl` tells both.
   */
  reserve(path: string): string {
    this.#used = true;
    const wanted = `${this.#folder}/${path}`;
    if (utf8ToBytes(wanted).length <= RECYCLE_PATH_BYTES_MAX) {
      const folder = wanted.slice(0, wanted.lastIndexOf('/'));
      if (this.#makeFolders(folder)) {
        const free = this.#free(wanted);
        if (free !== undefined) return free;
      }
    }
    this.#makeFolders(this.#folder);
    for (;;) {
      const short = `${this.#folder}/~${++this.#shortNames}`;
      if (this.#fileSystem.lstat(`${this.#root}/${short}`) === undefined) return short;
    }
  }

  /** Writes `index.jsonl` anew: one line for each entry of the batch. */
  writeIndex(entries: readonly Recycled[]): void {
    if (!this.#used || entries.length === 0) return;
    const lines = entries.map((entry) =>
      JSON.stringify({
        path: entry.path,
        stored: entry.stored.slice(this.#folder.length + 1),
        node: entry.node,
        kind: entry.kind,
        size: entry.size,
        sha256: entry.sha256,
        at: new Date(entry.atMs).toISOString(),
        reason: entry.reason,
      }),
    );
    writeWhole(
      this.#fileSystem,
      `${this.#root}/${this.#folder}/index.jsonl`,
      `${lines.join('\n')}\n`,
    );
  }

  #makeFolders(relative: string): boolean {
    try {
      ensureFolder(this.#fileSystem, this.#root, relative);
      return true;
    } catch (error) {
      // A file lies where the path needs a folder, or a name does not fit: a short name does.
      if (error instanceof LocalFault && SHORT_NAME_HELPS.has(error.code)) return false;
      throw error;
    }
  }

  #free(wanted: string): string | undefined {
    if (this.#fileSystem.lstat(`${this.#root}/${wanted}`) === undefined) return wanted;
    return undefined;
  }
}

const SHORT_NAME_HELPS = new Set(['not-a-folder', 'name-too-long', 'exists']);

/** Replaces a small file of the engine's own as a whole. */
export function writeWhole(fileSystem: FileSystem, path: string, text: string): void {
  const temporary = `${path}.new`;
  if (fileSystem.lstat(temporary) !== undefined) fileSystem.unlink(temporary);
  const file = fileSystem.createFile(temporary);
  try {
    file.write(utf8ToBytes(text));
  } finally {
    file.close();
  }
  fileSystem.rename(temporary, path);
}

/** The same, and it is there after a power cut: bytes, name, and the names of the folders above. */
export async function writeDurably(
  fileSystem: FileSystem,
  root: string,
  relative: string,
  text: string,
): Promise<void> {
  const path = `${root}/${relative}`;
  const temporary = `${path}.new`;
  if (fileSystem.lstat(temporary) !== undefined) fileSystem.unlink(temporary);
  const file = fileSystem.createFile(temporary);
  try {
    file.write(utf8ToBytes(text));
    await file.sync();
  } finally {
    file.close();
  }
  fileSystem.rename(temporary, path);
  for (let folder = path; folder.length > root.length;) {
    folder = folder.slice(0, folder.lastIndexOf('/'));
    await fileSystem.syncFolder(folder);
  }
}

/** A small file of the engine's own as data; undefined when it is absent or is something else. */
export function parseWhole<T>(schema: z.ZodType<T>, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    const result = schema.safeParse(JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Text of a small file of the engine's own; undefined when there is none. */
export function readWhole(fileSystem: FileSystem, path: string): string | undefined {
  if (fileSystem.lstat(path)?.type !== 'file') return undefined;
  const file = fileSystem.openRead(path);
  try {
    const bytes = new Uint8Array(Math.min(file.stat().size, 64 * 1024));
    const length = file.read(bytes, 0);
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    file.close();
  }
}
