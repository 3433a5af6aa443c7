/**
 * Lengths of chunks, padded and stored (protocol §5): P(n) = max(256, Padmé(n)). Padmé keeps as many leading
 * bits of a length as the length of its exponent has, so that at most 12 % is added and only
 * O(log log n) bits of the length stay visible.
 */
import { assert, CHUNK_OVERHEAD_BYTES, CHUNK_STORED_SIZE_BYTES_MAX } from '../core/index.ts';

const PADDED_LENGTH_MIN = 256;
const CHUNK_STORED_SIZE_BYTES_MIN = PADDED_LENGTH_MIN + CHUNK_OVERHEAD_BYTES;

/** P(n) in bytes for a plain length from 0 to 2^30. */
export function paddedLength(plainLength: number): number {
  assert(
    Number.isInteger(plainLength) && plainLength >= 0 && plainLength <= 2 ** 30,
    'a plain length is a count of bytes',
  );
  if (plainLength <= PADDED_LENGTH_MIN) return PADDED_LENGTH_MIN;
  const exponent = 31 - Math.clz32(plainLength);
  const keptBits = 32 - Math.clz32(exponent);
  const rest = 2 ** (exponent - keptBits) - 1;
  return (plainLength + rest) & ~rest;
}

/** Stored length in bytes of a chunk with this plain length. */
export function storedChunkLength(plainLength: number): number {
  return paddedLength(plainLength) + CHUNK_OVERHEAD_BYTES;
}

/** True for every length that a stored chunk can have. */
export function isStoredChunkLength(length: number): boolean {
  if (length < CHUNK_STORED_SIZE_BYTES_MIN || length > CHUNK_STORED_SIZE_BYTES_MAX) return false;
  return storedChunkLength(length - CHUNK_OVERHEAD_BYTES) === length;
}
