/**
 * What anyone can see of a stored chunk (protocol §5):
 *
 *   hdr[4] ‖ com[32] ‖ ciphertext ‖ tag[16]        hdr = 01 01 00 00
 *
 * Chunk id = SHA-256 of all of it.
 */
import {
  CHUNK_OVERHEAD_BYTES,
  CHUNK_STORED_SIZE_BYTES_MAX,
  digestFromBytes,
  type Bytes,
  type ChunkId,
} from '../core/index.ts';
import type { VerifySuite } from '../crypto/index.ts';
import { PADDED_LENGTH_MIN, paddedLength } from './padding.ts';

/** Format 1, padding 1 (Padmé), no compression, 0. */
export const CHUNK_HEADER: Bytes = Uint8Array.of(1, 1, 0, 0);
export const CHUNK_STORED_SIZE_BYTES_MIN = PADDED_LENGTH_MIN + CHUNK_OVERHEAD_BYTES;

/** Chunk id of the stored bytes, which may come in several parts. */
export function chunkId(suite: VerifySuite, ...stored: readonly Bytes[]): ChunkId {
  return digestFromBytes<ChunkId>(suite.sha256(...stored));
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
