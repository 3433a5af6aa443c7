/**
 * The binary bodies around packs (protocol §6, docs/api.md): lists of ids, the bitmap that answers
 * `missing`, and the frames of a read: id[32] ‖ u32be length ‖ bytes, length 0 for an absent id.
 */
import {
  concatBytes,
  DIGEST_SIZE_BYTES,
  digestFromBytes,
  FormatError,
  hexToBytes,
  IDS_PER_REQUEST_MAX,
  readU32be,
  u32be,
  type Bytes,
  type ChunkId,
  type PageId,
} from '../core/index.ts';

/** What a store keeps bytes under: chunks and pages share one namespace. */
export type BodyId = ChunkId | PageId;

/** What stands before each body of the read stream. */
export const READ_FRAME_SIZE_BYTES = DIGEST_SIZE_BYTES + 4;

export function encodeIds(ids: readonly BodyId[]): Uint8Array<ArrayBuffer> {
  return concatBytes(...ids.map(hexToBytes));
}

/** 1 to 4,096 ids in their order; throws FormatError. */
export function decodeIds(bytes: Bytes): BodyId[] {
  const count = bytes.length / DIGEST_SIZE_BYTES;
  if (!Number.isInteger(count)) throw new FormatError('an id is cut');
  if (count < 1 || count > IDS_PER_REQUEST_MAX) {
    throw new FormatError(`a request names 1 to ${IDS_PER_REQUEST_MAX} ids`);
  }
  return Array.from({ length: count }, (_, i) =>
    digestFromBytes<BodyId>(bytes.subarray(i * DIGEST_SIZE_BYTES, (i + 1) * DIGEST_SIZE_BYTES)),
  );
}

/** Bit i from the top of byte ⌊i/8⌋ says that id i is missing; bits after the last are zero. */
export function encodeMissing(missing: readonly boolean[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil(missing.length / 8));
  for (const [i, isMissing] of missing.entries()) {
    if (isMissing) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (0x80 >> (i & 7));
  }
  return bytes;
}

/** The answer for `count` ids; throws FormatError when it has another size or a stray bit. */
export function decodeMissing(bytes: Bytes, count: number): boolean[] {
  if (bytes.length !== Math.ceil(count / 8)) throw new FormatError('a bitmap of another size');
  const last = bytes.at(-1) ?? 0;
  if (count % 8 !== 0 && (last & (0xff >> (count % 8))) !== 0) {
    throw new FormatError('a stray bit in a bitmap');
  }
  return Array.from({ length: count }, (_, i) => ((bytes[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0);
}

/** `lengthBytes` 0: the server does not have it. */
export function encodeReadFrame(id: BodyId, lengthBytes: number): Uint8Array<ArrayBuffer> {
  return concatBytes(hexToBytes(id), u32be(lengthBytes));
}

export function decodeReadFrame(frame: Bytes): {
  readonly id: BodyId;
  readonly lengthBytes: number;
} {
  if (frame.length !== READ_FRAME_SIZE_BYTES) throw new FormatError('a frame is cut');
  return {
    id: digestFromBytes<BodyId>(frame.subarray(0, DIGEST_SIZE_BYTES)),
    lengthBytes: readU32be(frame, DIGEST_SIZE_BYTES),
  };
}
