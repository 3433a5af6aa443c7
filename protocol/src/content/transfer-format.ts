/**
 * The binary bodies around packs (protocol §6, docs/api.md): lists of ids, the bitmap that answers
 * `missing`, and the frames of a read: id[32] ‖ u32be length ‖ bytes, length 0 for an absent id.
 */
import {
  concatBytes,
  digestFromBytes,
  DIGEST_SIZE_BYTES,
  FormatError,
  hexToBytes,
  IDS_PER_REQUEST_MAX,
  readU32be,
  u32be,
  type Bytes,
  type ChunkId,
  type PageId,
} from '../core/index.ts';

/** Chunks and pages share one set of ids at the server. */
export type ContentId = ChunkId | PageId;

export const READ_FRAME_HEAD_SIZE_BYTES = DIGEST_SIZE_BYTES + 4;

export function encodeIdList(ids: readonly ContentId[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(ids.length * DIGEST_SIZE_BYTES);
  for (const [i, id] of ids.entries()) out.set(hexToBytes(id), i * DIGEST_SIZE_BYTES);
  return out;
}

/** 1 to 4,096 ids; throws FormatError. */
export function parseIdList(bytes: Bytes): readonly ContentId[] {
  const count = bytes.length / DIGEST_SIZE_BYTES;
  if (!Number.isInteger(count) || count < 1 || count > IDS_PER_REQUEST_MAX) {
    throw new FormatError('a request names 1 to 4096 ids');
  }
  return Array.from({ length: count }, (_, i) =>
    digestFromBytes<ContentId>(bytes.subarray(i * DIGEST_SIZE_BYTES, (i + 1) * DIGEST_SIZE_BYTES)),
  );
}

/** Bit i from the top of byte ⌊i/8⌋ is `missing[i]`; bits after the last are zero. */
export function encodeMissing(missing: readonly boolean[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(Math.ceil(missing.length / 8));
  for (const [i, isMissing] of missing.entries()) {
    if (isMissing) out[i >> 3] = (out[i >> 3] ?? 0) | (0x80 >> (i & 7));
  }
  return out;
}

/** The answer for `count` ids; throws FormatError on another length or a bit after the last. */
export function parseMissing(bytes: Bytes, count: number): readonly boolean[] {
  if (bytes.length !== Math.ceil(count / 8)) throw new FormatError('a bitmap of another length');
  const last = bytes[bytes.length - 1] ?? 0;
  if (count % 8 !== 0 && (last & (0xff >> (count % 8))) !== 0) {
    throw new FormatError('a bit after the last id');
  }
  return Array.from({ length: count }, (_, i) => ((bytes[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0);
}

/** What stands before the bytes of an id in the answer to a read; length 0 for an absent one. */
export function encodeReadFrameHead(id: ContentId, length: number): Uint8Array<ArrayBuffer> {
  return concatBytes(hexToBytes(id), u32be(length));
}

export function parseReadFrameHead(head: Bytes): {
  readonly id: ContentId;
  readonly length: number;
} {
  if (head.length !== READ_FRAME_HEAD_SIZE_BYTES)
    throw new FormatError('a frame head has 36 bytes');
  return {
    id: digestFromBytes<ContentId>(head.subarray(0, DIGEST_SIZE_BYTES)),
    length: readU32be(head, DIGEST_SIZE_BYTES),
  };
}
