/**
 * The rule of protocol §5 as plainly as it can be said, for tests: the whole file at once, one byte
 * after the other, SipHash on big integers. About a hundred times slower than the chunker.
 */
import {
  CHUNK_SIZE_BYTES_MAX,
  CHUNK_SIZE_BYTES_MIN,
  CHUNK_SIZE_BYTES_TARGET,
  SINGLE_CHUNK_SIZE_BYTES_MAX,
  readU32be,
  u8,
  type Bytes,
} from '../../../core/index.ts';
import { hash, type VerifySuite } from '../../../crypto/index.ts';

const U64 = (1n << 64n) - 1n;

/** Lengths of the chunks of `file`. */
export function referenceCutLengths(suite: VerifySuite, chunkerKey: Bytes, file: Bytes): number[] {
  if (file.length === 0) return [];
  if (file.length <= SINGLE_CHUNK_SIZE_BYTES_MAX) return [file.length];
  const gear = Array.from({ length: 256 }, (_, byte) =>
    readU32be(hash(suite, 'gear', u8(byte)), 0),
  );
  const lengths: number[] = [];
  let start = 0;
  let h = 0;
  for (const [i, byte] of file.entries()) {
    h = ((h << 1) + (gear[byte] ?? 0)) >>> 0;
    const length = i + 1 - start;
    if (length < CHUNK_SIZE_BYTES_MIN) continue;
    const threshold = length < CHUNK_SIZE_BYTES_TARGET ? 48 : 192;
    const isCandidate = h >>> 22 === 0;
    if (
      length === CHUNK_SIZE_BYTES_MAX ||
      (isCandidate && siphash16(chunkerKey, file.subarray(i - 63, i + 1)) < threshold)
    ) {
      lengths.push(length);
      start = i + 1;
    }
  }
  if (start < file.length) lengths.push(file.length - start);
  return lengths;
}

/** The first two bytes, little endian, of SipHash-2-4 (Aumasson, Bernstein 2012). */
function siphash16(key: Bytes, message: Bytes): number {
  return Number(siphash24(key, message) & 0xffffn);
}

/** SipHash-2-4 of `message` under the first 16 bytes of `key`, as a number. */
export function siphash24(key: Bytes, message: Bytes): bigint {
  const k0 = u64le(key, 0);
  const k1 = u64le(key, 8);
  const v = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ] as [bigint, bigint, bigint, bigint];
  const padded = new Uint8Array(Math.floor(message.length / 8) * 8 + 8);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const word = u64le(padded, at);
    v[3] ^= word;
    sipRound(v);
    sipRound(v);
    v[0] ^= word;
  }
  v[2] ^= 0xffn;
  for (let round = 0; round < 4; round++) sipRound(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

function sipRound(v: [bigint, bigint, bigint, bigint]): void {
  v[0] = (v[0] + v[1]) & U64;
  v[1] = rotate(v[1], 13n) ^ v[0];
  v[0] = rotate(v[0], 32n);
  v[2] = (v[2] + v[3]) & U64;
  v[3] = rotate(v[3], 16n) ^ v[2];
  v[0] = (v[0] + v[3]) & U64;
  v[3] = rotate(v[3], 21n) ^ v[0];
  v[2] = (v[2] + v[1]) & U64;
  v[1] = rotate(v[1], 17n) ^ v[2];
  v[2] = rotate(v[2], 32n);
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & U64;
}

function u64le(bytes: Bytes, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);
}
