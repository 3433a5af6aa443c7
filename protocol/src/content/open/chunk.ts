/**
 * Sealing and opening of chunks (protocol §5).
 *
 *   K   = KDF(content key, "chunk", hdr ‖ padded), or 32 random bytes for one sealing
 *   com = KDF(K, "chunk-com", hdr)
 *   ct  = XChaCha20-Poly1305(KDF(K, "chunk-enc", hdr), nonce 0^24, ad = hdr ‖ com, padded)
 *
 * K is derived from exactly what is sealed under it, so that the fixed nonce meets one message only.
 */
import {
  assert,
  CHUNK_OVERHEAD_BYTES,
  CHUNK_SIZE_BYTES_MAX,
  concatBytes,
  equalBytes,
  IntegrityError,
  type Bytes,
  type ChunkId,
  type IntegrityCode,
} from '../../core/index.ts';
import { deriveKey, KEY_SIZE_BYTES, type ContentSuite } from '../../crypto/index.ts';
import { paddedLength } from '../../model/chunk-lengths.ts';
import { CHUNK_HEADER, chunkId } from '../chunk-format.ts';

const NONCE: Bytes = new Uint8Array(24);
const COMMITMENT_SIZE_BYTES = 32;
const PREFIX_SIZE_BYTES = CHUNK_HEADER.length + COMMITMENT_SIZE_BYTES;

/** All that a page says of one chunk: enough to fetch, check and open it. */
export interface ChunkRef {
  readonly id: ChunkId;
  /** K, 32 bytes. */
  readonly key: Bytes;
  readonly plainLength: number;
  readonly storedLength: number;
}

export interface SealedChunk {
  readonly ref: ChunkRef;
  /** The stored bytes in order: hdr ‖ com, then ciphertext ‖ tag. */
  readonly parts: readonly [Bytes, Bytes];
}

/** `plaintext` and zeros after it up to P(n), as a copy. */
export function padChunk(plaintext: Bytes): Uint8Array<ArrayBuffer> {
  return padChunkInto(new Uint8Array(paddedLength(plaintext.length)), plaintext);
}

/** `padChunk` into the front of `scratch`, which a caller may use again after each sealing. */
export function padChunkInto(
  scratch: Uint8Array<ArrayBuffer>,
  plaintext: Bytes,
): Uint8Array<ArrayBuffer> {
  assert(
    plaintext.length > 0 && plaintext.length <= CHUNK_SIZE_BYTES_MAX,
    'a chunk has 1 byte to 4 MiB',
  );
  const padded = scratch.subarray(0, paddedLength(plaintext.length));
  padded.set(plaintext);
  return padded.fill(0, plaintext.length);
}

/** K of padded plaintext under the content key of an epoch: equal for equal chunks. */
export function chunkKey(
  suite: ContentSuite,
  contentKey: Bytes,
  padded: Bytes,
): Uint8Array<ArrayBuffer> {
  return deriveKey(suite, contentKey, 'chunk', CHUNK_HEADER, padded);
}

/** Seals under the key that follows from content key and plaintext. */
export function sealChunk(suite: ContentSuite, contentKey: Bytes, plaintext: Bytes): SealedChunk {
  const padded = padChunk(plaintext);
  return sealPaddedChunk(suite, chunkKey(suite, contentKey, padded), padded, plaintext.length);
}

/** Seals under a fresh random key: content of others, which must equal nothing. */
export function sealForeignChunk(suite: ContentSuite, plaintext: Bytes): SealedChunk {
  const key = suite.randomBytes(KEY_SIZE_BYTES);
  return sealPaddedChunk(suite, key, padChunk(plaintext), plaintext.length);
}

/** The last step of sealing. `key` is K of exactly these bytes, or never used again. */
export function sealPaddedChunk(
  suite: ContentSuite,
  key: Bytes,
  padded: Bytes,
  plainLength: number,
): SealedChunk {
  const prefix = chunkPrefix(suite, key);
  const body = suite.aeadSeal(encryptionKey(suite, key), NONCE, prefix, padded);
  const ref: ChunkRef = {
    id: chunkId(suite, prefix, body),
    key,
    plainLength,
    storedLength: prefix.length + body.length,
  };
  return { ref, parts: [prefix, body] };
}

/**
 * The plaintext of a stored chunk. The checks, in this order, each an IntegrityError: announced
 * length and id (`digest-mismatch`), commitment and AEAD (`open-failed`), zero padding and plain
 * length (`malformed`).
 */
export function openChunk(
  suite: ContentSuite,
  ref: ChunkRef,
  stored: Bytes,
): Uint8Array<ArrayBuffer> {
  if (chunkId(suite, stored) !== ref.id) {
    throw new IntegrityError('digest-mismatch', 'a chunk has another id than the page says');
  }
  if (stored.length !== ref.storedLength) {
    throw byAuthor('digest-mismatch', 'a chunk has another stored length than the page says');
  }
  const padded = openStoredChunk(suite, ref.key, stored);
  for (let i = ref.plainLength; i < padded.length; i++) {
    if (padded[i] !== 0) throw byAuthor('malformed', 'the padding of a chunk is not zero');
  }
  if (ref.plainLength < 1 || paddedLength(ref.plainLength) !== padded.length) {
    throw byAuthor('malformed', 'a chunk has another length than its page says');
  }
  return padded.subarray(0, ref.plainLength);
}

function openStoredChunk(suite: ContentSuite, key: Bytes, stored: Bytes): Uint8Array<ArrayBuffer> {
  const failed = () => byAuthor('open-failed', 'a chunk does not open');
  if (stored.length < CHUNK_OVERHEAD_BYTES) throw failed();
  const prefix = stored.subarray(0, PREFIX_SIZE_BYTES);
  if (!equalBytes(prefix.subarray(0, CHUNK_HEADER.length), CHUNK_HEADER)) throw failed();
  if (!suite.equalConstantTime(prefix, chunkPrefix(suite, key))) throw failed();
  const body = stored.subarray(PREFIX_SIZE_BYTES);
  const padded = suite.aeadOpen(encryptionKey(suite, key), NONCE, prefix, body);
  if (padded === undefined) throw failed();
  return padded;
}

/** The bytes are those that the page names: whoever sealed them is at fault. */
function byAuthor(code: IntegrityCode, message: string): IntegrityError {
  return new IntegrityError(code, message, { whose: 'author' });
}

/** hdr ‖ com. */
function chunkPrefix(suite: ContentSuite, key: Bytes): Uint8Array<ArrayBuffer> {
  return concatBytes(CHUNK_HEADER, deriveKey(suite, key, 'chunk-com', CHUNK_HEADER));
}

function encryptionKey(suite: ContentSuite, key: Bytes): Uint8Array<ArrayBuffer> {
  return deriveKey(suite, key, 'chunk-enc', CHUNK_HEADER);
}
