/**
 * What anyone can see of a stored chunk (protocol §5):
 *
 *   hdr[4] ‖ com[32] ‖ ciphertext ‖ tag[16]        hdr = 01 01 00 00
 *
 * Chunk id = SHA-256 of all of it.
 */
import { digestFromBytes, type Bytes, type ChunkId } from '../core/index.ts';
import type { VerifySuite } from '../crypto/index.ts';

/** Format 1, padding 1 (Padmé), no compression, 0. */
export const CHUNK_HEADER: Bytes = Uint8Array.of(1, 1, 0, 0);

/** Chunk id of the stored bytes, which may come in several parts. */
export function chunkId(suite: VerifySuite, ...stored: readonly Bytes[]): ChunkId {
  return digestFromBytes<ChunkId>(suite.sha256(...stored));
}
