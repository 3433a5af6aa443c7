/**
 * Pages: runs of a file's chunk list (protocol §5).
 *
 *   page   = CBOR [1, kr, public, sealed]
 *   public = n × (chunk id[32] ‖ u32be stored length)
 *   sealed = SEAL(F_kr, "page", [space, node, kr, SHA-256(public)], n × (K[32] ‖ u32be plain length))
 *
 * Page id = H("page-id", page). The server reads the public half: it says which chunks to keep.
 */
import { decodeCbor, encodeCbor, schema } from '../codec/index.ts';
import {
  digestFromBytes,
  FormatError,
  hexToBytes,
  PROTOCOL_VERSION,
  readU32be,
  type Bytes,
  type ChunkId,
  type PageId,
} from '../core/index.ts';
import { hash, type VerifySuite } from '../crypto/index.ts';
import { isStoredChunkLength } from './chunk-lengths.ts';

export const PAGE_ENTRIES_MAX = 4096;
const ENTRIES_BEFORE_PAGE_MAY_END = 256;
/** Size of one entry, in the public half (id, stored length) as in the sealed one (key, plain length). */
export const PAGE_ENTRY_SIZE_BYTES = 36;
/** What SEAL adds (protocol §1). */
const SEAL_OVERHEAD_BYTES = 73;
const FRAME_SIZE_BYTES_MAX = 32;
export const PAGE_SIZE_BYTES_MAX =
  2 * PAGE_ENTRIES_MAX * PAGE_ENTRY_SIZE_BYTES + SEAL_OVERHEAD_BYTES + FRAME_SIZE_BYTES_MAX;

/** A chunk as everyone sees it. */
export interface StoredChunk {
  readonly id: ChunkId;
  readonly storedLength: number;
}

export interface ParsedPage {
  /** Number of the node key that seals the other half. */
  readonly kr: number;
  readonly entries: readonly StoredChunk[];
  /** The bytes that `entries` were read from: their hash is bound to `sealed`. */
  readonly public: Bytes;
  readonly sealed: Bytes;
}

const pageSchema = schema.tuple(
  schema.literal(PROTOCOL_VERSION),
  schema.uint(),
  schema.bytes(PAGE_ENTRY_SIZE_BYTES, PAGE_ENTRIES_MAX * PAGE_ENTRY_SIZE_BYTES),
  schema.bytes(
    PAGE_ENTRY_SIZE_BYTES + SEAL_OVERHEAD_BYTES,
    PAGE_ENTRIES_MAX * PAGE_ENTRY_SIZE_BYTES + SEAL_OVERHEAD_BYTES,
  ),
);

/** Reads a page strictly; throws FormatError. */
export function parsePage(bytes: Bytes): ParsedPage {
  const [, kr, publicHalf, sealed] = decodeCbor(bytes, pageSchema, PAGE_SIZE_BYTES_MAX);
  if (publicHalf.length % PAGE_ENTRY_SIZE_BYTES !== 0) {
    throw new FormatError('the public half of a page has whole entries');
  }
  if (sealed.length !== publicHalf.length + SEAL_OVERHEAD_BYTES) {
    throw new FormatError('both halves of a page have as many entries');
  }
  return { kr, entries: readEntries(publicHalf), public: publicHalf, sealed };
}

export function encodePage(kr: number, publicHalf: Bytes, sealed: Bytes): Uint8Array<ArrayBuffer> {
  return encodeCbor([PROTOCOL_VERSION, kr, publicHalf, sealed]);
}

/** The public half for these chunks. */
export function encodePublicEntries(chunks: readonly StoredChunk[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(chunks.length * PAGE_ENTRY_SIZE_BYTES);
  const view = new DataView(out.buffer);
  for (const [i, chunk] of chunks.entries()) {
    out.set(hexToBytes(chunk.id), i * PAGE_ENTRY_SIZE_BYTES);
    view.setUint32(i * PAGE_ENTRY_SIZE_BYTES + 32, chunk.storedLength);
  }
  return out;
}

export function pageId(suite: VerifySuite, page: Bytes): PageId {
  return digestFromBytes<PageId>(hash(suite, 'page-id', page));
}

/** Whether a page ends after its `count`-th entry, whose chunk id is `id`. */
export function isPageEnd(id: ChunkId, count: number): boolean {
  if (count >= PAGE_ENTRIES_MAX) return true;
  const lastBits = Number.parseInt(id.slice(-3), 16) & 0x3ff;
  return count >= ENTRIES_BEFORE_PAGE_MAY_END && lastBits === 0;
}

function readEntries(publicHalf: Bytes): StoredChunk[] {
  const entries: StoredChunk[] = [];
  for (let at = 0; at < publicHalf.length; at += PAGE_ENTRY_SIZE_BYTES) {
    const storedLength = readU32be(publicHalf, at + 32);
    if (!isStoredChunkLength(storedLength)) {
      throw new FormatError('no chunk is stored with this length');
    }
    entries.push({
      id: digestFromBytes<ChunkId>(publicHalf.subarray(at, at + 32)),
      storedLength,
    });
  }
  return entries;
}
