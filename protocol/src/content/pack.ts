/**
 * Packs: how chunks and pages travel to the server and rest there (protocol §6).
 *
 *   "CFPK" ‖ 01 00 ‖ u16be n ‖ n × (id[32] ‖ u32be length) ‖ bodies without gaps
 *
 * The top bit of a length says that the body is a page; its id is the page id, else the chunk id.
 */
import {
  assert,
  CHUNKS_PER_PACK_MAX,
  digestFromBytes,
  equalBytes,
  FormatError,
  PACK_SIZE_BYTES_MAX,
  readU32be,
  writeHex,
  type Bytes,
  type ChunkId,
  type PageId,
} from '../core/index.ts';
import type { VerifySuite } from '../crypto/index.ts';
import { isStoredChunkLength } from '../model/chunk-lengths.ts';
import { PAGE_SIZE_BYTES_MAX, pageId } from '../model/page.ts';
import { chunkId } from './chunk-format.ts';

const MAGIC: Bytes = Uint8Array.of(0x43, 0x46, 0x50, 0x4b, 1, 0);
const HEAD_SIZE_BYTES = MAGIC.length + 2;
const INDEX_ENTRY_SIZE_BYTES = 36;
const PAGE_FLAG = 0x8000_0000;

/** What goes into a pack; the parts of a body are put together without gaps. */
export interface PackBody {
  readonly id: ChunkId | PageId;
  readonly isPage: boolean;
  readonly parts: readonly Bytes[];
}

export interface PackEntry {
  readonly id: ChunkId | PageId;
  readonly isPage: boolean;
  /** Where the body begins in the pack. */
  readonly offset: number;
  /** A view into the pack. */
  readonly bytes: Bytes;
}

/** Length in bytes of a pack with this many bodies of this length in all. */
export function packLength(bodyCount: number, bodyBytes: number): number {
  return HEAD_SIZE_BYTES + bodyCount * INDEX_ENTRY_SIZE_BYTES + bodyBytes;
}

/** The pack of `bodies`, in their order. They are distinct and fit: the caller sees to it. */
export function encodePack(bodies: readonly PackBody[]): Uint8Array<ArrayBuffer> {
  const lengths = bodies.map(({ parts }) => parts.reduce((sum, part) => sum + part.length, 0));
  const total = packLength(
    bodies.length,
    lengths.reduce((sum, length) => sum + length, 0),
  );
  assert(bodies.length > 0 && bodies.length <= CHUNKS_PER_PACK_MAX, 'a pack has 1 to 4096 bodies');
  assert(total <= PACK_SIZE_BYTES_MAX, 'a pack has at most 16 MiB');
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  out.set(MAGIC);
  view.setUint16(MAGIC.length, bodies.length);
  let at = packLength(bodies.length, 0);
  for (const [i, body] of bodies.entries()) {
    const index = packLength(i, 0);
    writeHex(body.id, out, index);
    view.setUint32(index + 32, (lengths[i] ?? 0) + (body.isPage ? PAGE_FLAG : 0));
    for (const part of body.parts) {
      out.set(part, at);
      at += part.length;
    }
  }
  return out;
}

/**
 * The bodies of a pack by its index, hashes not checked. Throws FormatError unless head, index and
 * lengths fit each other and the limits, ids are distinct and the last body ends where the pack ends.
 */
export function parsePack(pack: Bytes): readonly PackEntry[] {
  if (pack.length > PACK_SIZE_BYTES_MAX) throw new FormatError('a pack has at most 16 MiB');
  const isPack =
    pack.length >= HEAD_SIZE_BYTES && equalBytes(pack.subarray(0, MAGIC.length), MAGIC);
  if (!isPack) throw new FormatError('not a pack');
  const count = ((pack[MAGIC.length] ?? 0) << 8) | (pack[MAGIC.length + 1] ?? 0);
  if (count < 1 || count > CHUNKS_PER_PACK_MAX)
    throw new FormatError('a pack has 1 to 4096 bodies');
  let offset = packLength(count, 0);
  if (pack.length < offset) throw new FormatError('the index of a pack is cut off');
  const entries: PackEntry[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const at = packLength(i, 0);
    const announced = readU32be(pack, at + 32);
    const isPage = announced >= PAGE_FLAG;
    const length = isPage ? announced - PAGE_FLAG : announced;
    checkLength(isPage, length);
    if (offset + length > pack.length) throw new FormatError('a body of a pack is cut off');
    const id = digestFromBytes<ChunkId | PageId>(pack.subarray(at, at + 32));
    if (seen.has(id)) throw new FormatError('an id is twice in a pack');
    seen.add(id);
    entries.push({ id, isPage, offset, bytes: pack.subarray(offset, offset + length) });
    offset += length;
  }
  if (offset !== pack.length) throw new FormatError('bytes after the last body of a pack');
  return entries;
}

/** Whether a body has the id that the index gives it. */
export function isPackEntryGenuine(suite: VerifySuite, entry: PackEntry): boolean {
  return (entry.isPage ? pageId : chunkId)(suite, entry.bytes) === entry.id;
}

/** `parsePack` with every body hashed; throws FormatError also when an id does not fit its body. */
export function readPack(suite: VerifySuite, pack: Bytes): readonly PackEntry[] {
  const entries = parsePack(pack);
  for (const entry of entries) {
    if (!isPackEntryGenuine(suite, entry)) {
      throw new FormatError(`the body of ${entry.id} has another id`);
    }
  }
  return entries;
}

function checkLength(isPage: boolean, length: number): void {
  if (isPage ? length < 1 || length > PAGE_SIZE_BYTES_MAX : !isStoredChunkLength(length)) {
    throw new FormatError('no body of a pack has this length');
  }
}
