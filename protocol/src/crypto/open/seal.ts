/**
 * SEAL and OPEN (protocol §1): a committing AEAD for every small object.
 *
 *   out = 01 ‖ N[24] ‖ com[32] ‖ XChaCha20-Poly1305(ek, N, ad = com, plaintext)
 *   a = SHA-256(CBOR(aad)); ek = KDF(k, x, 01 ‖ N ‖ a); com = KDF(k, x, 02 ‖ N ‖ a)
 *
 * The commitment binds key, nonce and associated data, so that no sealed object opens under two keys.
 */
import { encodeCbor, type Cbor } from '../../codec/index.ts';
import { concatBytes, IntegrityError, u8, type Bytes } from '../../core/index.ts';
import { deriveKey } from '../hash.ts';
import type { Label } from '../labels.ts';
import type { OpenSuite } from '../suite.ts';

const VERSION = 1;
const NONCE_SIZE_BYTES = 24;
const COMMITMENT_SIZE_BYTES = 32;
const TAG_SIZE_BYTES = 16;
const HEADER_SIZE_BYTES = 1 + NONCE_SIZE_BYTES + COMMITMENT_SIZE_BYTES;
/** What a sealed object is longer than its plaintext. */
export const SEAL_OVERHEAD_BYTES = HEADER_SIZE_BYTES + TAG_SIZE_BYTES;
const PADDED_TO_BYTES = 256;
const PADDING_START = 0x80;

/** What is bound to a sealed object without being in it. */
export type AssociatedData = readonly Cbor[];

export function seal(
  suite: OpenSuite,
  key: Bytes,
  label: Label,
  aad: AssociatedData,
  plaintext: Bytes,
): Uint8Array<ArrayBuffer> {
  const nonce = suite.randomBytes(NONCE_SIZE_BYTES);
  const bound = suite.sha256(encodeCbor(aad));
  const sealingKey = deriveKey(suite, key, label, u8(1), nonce, bound);
  const commitment = deriveKey(suite, key, label, u8(2), nonce, bound);
  const sealed = suite.aeadSeal(sealingKey, nonce, commitment, plaintext);
  return concatBytes(u8(VERSION), nonce, commitment, sealed);
}

/** The plaintext of `sealed`. One error for every cause: IntegrityError `open-failed`. */
export function open(
  suite: OpenSuite,
  key: Bytes,
  label: Label,
  aad: AssociatedData,
  sealed: Bytes,
): Uint8Array<ArrayBuffer> {
  if (sealed.length < SEAL_OVERHEAD_BYTES || sealed[0] !== VERSION) throw openFailed(label);
  const nonce = sealed.subarray(1, 1 + NONCE_SIZE_BYTES);
  const commitment = sealed.subarray(1 + NONCE_SIZE_BYTES, HEADER_SIZE_BYTES);
  const bound = suite.sha256(encodeCbor(aad));
  const expected = deriveKey(suite, key, label, u8(2), nonce, bound);
  if (!suite.equalConstantTime(expected, commitment)) throw openFailed(label);
  const sealingKey = deriveKey(suite, key, label, u8(1), nonce, bound);
  const plaintext = suite.aeadOpen(
    sealingKey,
    nonce,
    commitment,
    sealed.subarray(HEADER_SIZE_BYTES),
  );
  if (plaintext === undefined) throw openFailed(label);
  return plaintext;
}

/** SEAL of plaintext ‖ 80 ‖ 00… up to a multiple of 256 bytes, so that lengths say little. */
export function sealPadded(
  suite: OpenSuite,
  key: Bytes,
  label: Label,
  aad: AssociatedData,
  plaintext: Bytes,
): Uint8Array<ArrayBuffer> {
  const padded = new Uint8Array(
    Math.ceil((plaintext.length + 1) / PADDED_TO_BYTES) * PADDED_TO_BYTES,
  );
  padded.set(plaintext);
  padded[plaintext.length] = PADDING_START;
  return seal(suite, key, label, aad, padded);
}

export function openPadded(
  suite: OpenSuite,
  key: Bytes,
  label: Label,
  aad: AssociatedData,
  sealed: Bytes,
): Uint8Array<ArrayBuffer> {
  const padded = open(suite, key, label, aad, sealed);
  let end = padded.length;
  while (end > 0 && padded[end - 1] === 0) end--;
  const isMinimal =
    padded.length > 0 &&
    padded.length % PADDED_TO_BYTES === 0 &&
    padded.length - end < PADDED_TO_BYTES;
  if (!isMinimal || padded[end - 1] !== PADDING_START) throw openFailed(label);
  return padded.subarray(0, end - 1);
}

function openFailed(label: Label): IntegrityError {
  return new IntegrityError('open-failed', `a sealed object (${label}) does not open`);
}
