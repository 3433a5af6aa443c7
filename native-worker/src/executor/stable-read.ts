/**
 * Reading a file so that what is used is what was there at one moment (engine §3): any difference in
 * inode, size or times between before and after drops the result.
 */
import { createHash } from 'node:crypto';
import type { Bytes, Digest } from '@coffer/protocol/core';
import { READ_BLOCK_BYTES, SMALL_FILE_BYTES_MAX } from '../limits.ts';
import type { EntryStat, FileSystem } from '../ports/index.ts';
import { isSameFile } from './local-paths.ts';

/** The file changed while it was read: nothing is known of its content. */
export class FileChanged extends Error {
  override readonly name = 'FileChanged';
}

/**
 * Yields the content of the file at `path`, which must be what `expected` says before and after.
 * Small files are read whole before the first block is yielded, so that no file stays open.
 * Throws FileChanged, or LocalFault as the port does.
 */
export function* readStably(
  fileSystem: FileSystem,
  path: string,
  expected: Pick<EntryStat, 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>,
): Generator<Bytes, void, undefined> {
  if (expected.size <= SMALL_FILE_BYTES_MAX) {
    yield readWholeStably(fileSystem, path, expected);
    return;
  }
  const file = fileSystem.openRead(path);
  try {
    const before = file.stat();
    requireAs(before, expected);
    let position = 0;
    for (;;) {
      const block = new Uint8Array(READ_BLOCK_BYTES);
      const length = file.read(block, position);
      if (length === 0) break;
      position += length;
      yield block.subarray(0, length);
    }
    requireUnchanged(fileSystem, path, before, file.stat());
    if (position !== before.size) throw new FileChanged('the file has another size');
  } finally {
    file.close();
  }
}

function readWholeStably(
  fileSystem: FileSystem,
  path: string,
  expected: Pick<EntryStat, 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>,
): Bytes {
  const file = fileSystem.openRead(path);
  try {
    const before = file.stat();
    requireAs(before, expected);
    const bytes = new Uint8Array(before.size);
    let position = 0;
    while (position < bytes.length) {
      const length = file.read(bytes.subarray(position), position);
      if (length === 0) break;
      position += length;
    }
    requireUnchanged(fileSystem, path, before, file.stat());
    if (position !== before.size) throw new FileChanged('the file has another size');
    return bytes;
  } finally {
    file.close();
  }
}

function requireAs(
  stat: EntryStat,
  expected: Pick<EntryStat, 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>,
): void {
  const same =
    stat.type === 'file' &&
    stat.ino === expected.ino &&
    stat.size === expected.size &&
    stat.mtimeNs === expected.mtimeNs &&
    stat.ctimeNs === expected.ctimeNs;
  if (!same) throw new FileChanged('the file is not what was seen');
}

function requireUnchanged(
  fileSystem: FileSystem,
  path: string,
  before: EntryStat,
  after: EntryStat,
): void {
  const atPath = fileSystem.lstat(path);
  if (!isSameFile(before, after) || atPath === undefined || !isSameFile(before, atPath)) {
    throw new FileChanged('the file changed while it was read');
  }
}

/** SHA-256 of the file, in steps of one block. */
export function* hashStably(
  fileSystem: FileSystem,
  path: string,
  expected: Pick<EntryStat, 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>,
): Generator<undefined, Digest, undefined> {
  const hash = createHash('sha256');
  for (const block of readStably(fileSystem, path, expected)) {
    hash.update(block);
    yield undefined;
  }
  return hash.digest('hex') as Digest;
}
