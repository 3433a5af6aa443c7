/**
 * The public half of a page (protocol §5): [1, kr, public, sealed], public = n × (chunk id[32] ‖ u32be
 * stored length). The model reads it where a record carries its page inline.
 */
import { decodeCbor, schema } from '../codec/index.ts';
import {
  CHUNK_OVERHEAD_BYTES,
  CHUNK_STORED_SIZE_BYTES_MAX,
  DIGEST_SIZE_BYTES,
  digestFromBytes,
  FormatError,
  readU32be,
  RECORD_SIZE_BYTES_MAX,
  type Bytes,
  type ChunkId,
} from '../core/index.ts';
import { INLINE_PAGE_CHUNKS_MAX } from './content-codec.ts';

export interface ChunkRef {
  readonly id: ChunkId;
  /** Bytes of the sealed chunk. */
  readonly storedLength: number;
}

export interface InlinePage {
  readonly kr: number;
  readonly chunks: readonly ChunkRef[];
}

const ENTRY_SIZE_BYTES = DIGEST_SIZE_BYTES + 4;
const { uint, literal, bytes, tuple } = schema;
const pageTuple = tuple(
  literal(1),
  uint(),
  bytes(ENTRY_SIZE_BYTES, ENTRY_SIZE_BYTES * INLINE_PAGE_CHUNKS_MAX),
  bytes(1, RECORD_SIZE_BYTES_MAX),
);

/** Chunks that an inline page names, in order; throws FormatError. */
export function readInlinePage(page: Bytes): InlinePage {
  const [, kr, entries] = decodeCbor(page, pageTuple, RECORD_SIZE_BYTES_MAX);
  if (entries.length % ENTRY_SIZE_BYTES !== 0) throw new FormatError('a page entry is cut short');
  const chunks: ChunkRef[] = [];
  for (let at = 0; at < entries.length; at += ENTRY_SIZE_BYTES) {
    const storedLength = readU32be(entries, at + DIGEST_SIZE_BYTES);
    if (storedLength <= CHUNK_OVERHEAD_BYTES || storedLength > CHUNK_STORED_SIZE_BYTES_MAX) {
      throw new FormatError('a stored chunk length is out of range');
    }
    const id = digestFromBytes<ChunkId>(entries.subarray(at, at + DIGEST_SIZE_BYTES));
    chunks.push({ id, storedLength });
  }
  return { kr, chunks };
}
