/** What sealing and opening content takes in Node: sodium-native alone, which is ready at once. */
import { randomFillSync } from 'node:crypto';
import sodium from 'sodium-native';
import { assert, type Bytes } from '../core/index.ts';
import { KEY_SIZE_BYTES, type ContentSuite } from '../crypto/index.ts';
import { createNodeVerifySuite } from './node-verify.ts';

/** What is used of the library. Its own types ask for Buffers; it takes any byte array. */
interface NativeAead {
  readonly crypto_aead_xchacha20poly1305_ietf_encrypt: (
    out: Bytes,
    message: Bytes,
    ad: Bytes,
    nsec: null,
    nonce: Bytes,
    key: Bytes,
  ) => void;
  readonly crypto_aead_xchacha20poly1305_ietf_decrypt: (
    out: Bytes,
    nsec: null,
    sealed: Bytes,
    ad: Bytes,
    nonce: Bytes,
    key: Bytes,
  ) => void;
}
const native = sodium as unknown as NativeAead;

const TAG_SIZE_BYTES = 16;
const NONCE_SIZE_BYTES = 24;

/** `randomBytes` is given by simulations and vectors; without it the operating system's source is used. */
export function createNodeContentSuite(
  randomBytes: ContentSuite['randomBytes'] = systemRandomBytes,
): ContentSuite {
  return { ...createNodeVerifySuite(), randomBytes, aeadSeal, aeadOpen };
}

/** Keys, nonces and ids are drawn in stock: one call for a few bytes costs as much as one for 4 KiB. */
const stock = new Uint8Array(4096);
let used = stock.length;

function systemRandomBytes(length: number): Uint8Array<ArrayBuffer> {
  if (length > stock.length / 8) return randomFillSync(new Uint8Array(length));
  if (used + length > stock.length) {
    randomFillSync(stock);
    used = 0;
  }
  const bytes = stock.slice(used, used + length);
  // What was given out is kept by its owner alone.
  stock.fill(0, used, used + length);
  used += length;
  return bytes;
}

function aeadSeal(key: Bytes, nonce: Bytes, ad: Bytes, plaintext: Bytes): Uint8Array<ArrayBuffer> {
  checkAeadSizes(key, nonce);
  const out = new Uint8Array(plaintext.length + TAG_SIZE_BYTES);
  native.crypto_aead_xchacha20poly1305_ietf_encrypt(out, plaintext, ad, null, nonce, key);
  return out;
}

function aeadOpen(
  key: Bytes,
  nonce: Bytes,
  ad: Bytes,
  sealed: Bytes,
): Uint8Array<ArrayBuffer> | undefined {
  checkAeadSizes(key, nonce);
  if (sealed.length < TAG_SIZE_BYTES) return undefined;
  const out = new Uint8Array(sealed.length - TAG_SIZE_BYTES);
  try {
    native.crypto_aead_xchacha20poly1305_ietf_decrypt(out, null, sealed, ad, nonce, key);
  } catch {
    return undefined; // Sizes are right here: the tag does not fit.
  }
  return out;
}

function checkAeadSizes(key: Bytes, nonce: Bytes): void {
  assert(key.length === KEY_SIZE_BYTES, 'an AEAD key has 32 bytes');
  assert(nonce.length === NONCE_SIZE_BYTES, 'an XChaCha20 nonce has 24 bytes');
}
