import { FormatError, type Bytes } from '../core/index.ts';
import { INLINE_PAGE_CHUNKS_MAX } from './content-codec.ts';
import { parsePage, type StoredChunk } from './page.ts';

export interface InlinePage {
  readonly kr: number;
  readonly chunks: readonly StoredChunk[];
}

/**
 * Chunks that the page within a record names, in order. As strict as whoever opens it, so that no
 * record stands whose file nobody can read; throws FormatError.
 */
export function readInlinePage(page: Bytes): InlinePage {
  const { kr, entries } = parsePage(page);
  if (entries.length > INLINE_PAGE_CHUNKS_MAX) {
    throw new FormatError('a page within a record names at most 32 chunks');
  }
  return { kr, chunks: entries };
}
