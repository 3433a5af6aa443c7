/** Reading a file so that what was hashed is one state of it (engine §3). */
import { createHash, hash } from 'node:crypto';
import type { Digest } from '@coffer/protocol/core';
import type { EntryStat, FileSystem } from '../ports/index.ts';
import { isSameStamp } from './settle.ts';

export type StableHash =
  | { readonly kind: 'stable'; readonly sha256: Digest; readonly stat: EntryStat }
  | { readonly kind: 'changed' };

const CHANGED: StableHash = { kind: 'changed' };

/**
 * SHA-256 of the file that `seen` was the lstat of. Yields the bytes done after each `block` read.
 * 'changed' when the file is, before, while or after it is read, any other than `seen`. LocalFault
 * passes through; the file is closed in every case.
 */
export function* hashStable(
  fileSystem: FileSystem,
  path: string,
  seen: EntryStat,
  block: Uint8Array,
): Generator<number, StableHash, undefined> {
  const file = fileSystem.openRead(path);
  try {
    if (!isSameStamp(file.stat(), seen)) return CHANGED;
    const running = seen.size > block.length ? createHash('sha256') : undefined;
    let single = block.subarray(0, 0);
    let done = 0;
    while (done < seen.size) {
      // One block for the whole file is filled on from where a short read left it.
      const rest = running === undefined ? block.subarray(done) : block;
      const length = file.read(rest, done);
      if (length === 0) return CHANGED;
      done += length;
      if (running === undefined) {
        // The block is not given away before it is hashed.
        single = block.subarray(0, done);
        continue;
      }
      running.update(block.subarray(0, length));
      if (done < seen.size) yield done;
    }
    // What grew meanwhile is told by its size.
    if (done !== seen.size || !isSameStamp(file.stat(), seen)) return CHANGED;
    const stat = fileSystem.lstat(path);
    if (stat === undefined || stat.type !== 'file' || !isSameStamp(stat, seen)) return CHANGED;
    const sha256 = running?.digest('hex') ?? hash('sha256', single, 'hex');
    return { kind: 'stable', sha256: sha256 as Digest, stat };
  } finally {
    file.close();
  }
}
