/** A file on the disk as a source for the uploader that seals itself in the content workers. */
import type { Bytes } from '@coffer/protocol/core';
import type { SelfSealingSource } from '@coffer/sdk';
import { readStably } from '../executor/stable-read.ts';
import type { FileSystem } from '../ports/index.ts';
import type { ContentPool } from './content-pool.ts';
import type { ExpectedFile } from './messages.ts';

export interface PooledFile {
  readonly path: string;
  readonly expected: ExpectedFile;
  /** Told about every chunk that was taken over: plain bytes. */
  readonly advanced: (bytes: number) => void;
}

/** Iterated, it reads by `fileSystem` in this thread; it is for that alone where the pool does not take it on. */
export function createPooledSource(
  pool: ContentPool,
  fileSystem: FileSystem,
  { path, expected, advanced }: PooledFile,
): Iterable<Bytes> | SelfSealingSource {
  function* blocks(): Generator<Bytes, void, undefined> {
    for (const block of readStably(fileSystem, path, expected)) {
      yield block;
      advanced(block.length);
    }
  }
  if (!pool.takesOn(expected.size)) return { [Symbol.iterator]: blocks };
  return {
    [Symbol.iterator]: blocks,
    sealChunks: (keys, take, signal) =>
      pool.sealFile(
        path,
        expected,
        keys,
        async (chunk) => {
          await take(chunk);
          advanced(chunk.ref.plainLength);
        },
        signal,
      ),
  };
}
