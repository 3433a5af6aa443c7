/** Bodies that are not JSON (docs/api.md): id lists, bitmaps, commits and the read stream. */
import { decodeCbor, encodeCbor, schema } from '../codec/index.ts';
import {
  bytesToHex,
  COMMIT_BODY_SIZE_BYTES_MAX,
  concatBytes,
  DIGEST_SIZE_BYTES,
  digestFromBytes,
  FormatError,
  hexToBytes,
  IDS_PER_REQUEST_MAX,
  u32be,
  type AccountId,
  type Bytes,
  type ChunkId,
  type DeviceId,
  type PageId,
} from '../core/index.ts';

/** What a store keeps bytes under: chunks and pages share one namespace. */
export type BodyId = ChunkId | PageId;

export function encodeIds(ids: readonly BodyId[]): Uint8Array<ArrayBuffer> {
  return concatBytes(...ids.map(hexToBytes));
}

/** Ids of a request's body, in its order; throws FormatError on a cut id or too many. */
export function decodeIds(bytes: Bytes): BodyId[] {
  if (bytes.length % DIGEST_SIZE_BYTES !== 0) throw new FormatError('an id is cut');
  if (bytes.length > IDS_PER_REQUEST_MAX * DIGEST_SIZE_BYTES) throw new FormatError('too many ids');
  const ids: BodyId[] = [];
  for (let at = 0; at < bytes.length; at += DIGEST_SIZE_BYTES) {
    ids.push(digestFromBytes(bytes.subarray(at, at + DIGEST_SIZE_BYTES)));
  }
  return ids;
}

/** Bit i counts from the top of byte i/8: id i is missing. */
export function encodeMissing(missing: readonly boolean[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.ceil(missing.length / 8));
  missing.forEach((isMissing, i) => {
    if (isMissing) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (0x80 >> (i & 7));
  });
  return bytes;
}

/** The answer for `count` ids; throws FormatError when it has another size or a stray bit. */
export function decodeMissing(bytes: Bytes, count: number): boolean[] {
  if (bytes.length !== Math.ceil(count / 8)) throw new FormatError('bitmap of another size');
  const bits = Array.from({ length: bytes.length * 8 }, (_, i) => {
    return ((bytes[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0;
  });
  if (bits.slice(count).includes(true)) throw new FormatError('stray bit in a bitmap');
  return bits.slice(0, count);
}

/** A commit as an answer lists it; null where the server keeps no body any more. */
export interface ListedCommit {
  readonly header: Bytes;
  readonly signature: Bytes;
  readonly body: Bytes | null;
}

export interface CommitsAnswer {
  readonly era: number;
  /** Seq of the head at the time of the answer: more commits may follow the last listed one. */
  readonly headSeq: number;
  readonly commits: readonly ListedCommit[];
}

/** What an answer holds beyond its first commit. */
export const COMMITS_ANSWER_SIZE_BYTES_MAX = 8 * 1024 * 1024;
const HEADER_SIZE_BYTES_MAX = 8 * 1024;
const listedCommit = schema.tuple(
  schema.bytes(1, HEADER_SIZE_BYTES_MAX),
  schema.bytes(64),
  schema.nullable(schema.bytes(1, COMMIT_BODY_SIZE_BYTES_MAX)),
);
const commitsAnswer = schema.tuple(
  schema.uint(),
  schema.uint(),
  schema.list(listedCommit, COMMITS_ANSWER_SIZE_BYTES_MAX),
);

export function encodeCommitsAnswer(answer: CommitsAnswer): Uint8Array<ArrayBuffer> {
  const commits = answer.commits.map((c) => [c.header, c.signature, c.body]);
  return encodeCbor([answer.era, answer.headSeq, commits]);
}

/** Throws FormatError. What it holds is not verified. */
export function decodeCommitsAnswer(bytes: Bytes): CommitsAnswer {
  const sizeMax = COMMITS_ANSWER_SIZE_BYTES_MAX + COMMIT_BODY_SIZE_BYTES_MAX + 64 * 1024;
  const [era, headSeq, commits] = decodeCbor(bytes, commitsAnswer, sizeMax);
  return {
    era,
    headSeq,
    commits: commits.map(([header, signature, body]) => ({ header, signature, body })),
  };
}

/** What stands before each body of the read stream: id ‖ u32be length; length 0: absent. */
export const READ_FRAME_SIZE_BYTES = DIGEST_SIZE_BYTES + 4;

export function encodeReadFrame(id: BodyId, lengthBytes: number): Uint8Array<ArrayBuffer> {
  return concatBytes(hexToBytes(id), u32be(lengthBytes));
}

export function decodeReadFrame(frame: Bytes): {
  readonly id: BodyId;
  readonly lengthBytes: number;
} {
  if (frame.length !== READ_FRAME_SIZE_BYTES) throw new FormatError('cut frame');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return {
    id: bytesToHex(frame.subarray(0, DIGEST_SIZE_BYTES)) as BodyId,
    lengthBytes: view.getUint32(DIGEST_SIZE_BYTES),
  };
}

/**
 * What a device signs with label "session" to open one (protocol §2). `origin` is the server's, as
 * `https://host[:port]`, so that the answer to one server's challenge is worthless at another.
 */
export function encodeSessionProof(proof: {
  readonly origin: string;
  readonly account: AccountId;
  readonly device: DeviceId;
  readonly challenge: Bytes;
}): Uint8Array<ArrayBuffer> {
  const { origin, account, device, challenge } = proof;
  return encodeCbor([origin, hexToBytes(account), hexToBytes(device), challenge]);
}
