/** The whole suite for browsers (and anything without native code): libsodium in WebAssembly. */
import sumo, { memcmp } from 'libsodium-wrappers-sumo';
import { assert, type Bytes } from '../core/index.ts';
import {
  ED25519_PUBLIC_KEY_SIZE_BYTES,
  KEY_SIZE_BYTES,
  SIGNATURE_SIZE_BYTES,
  type WholeSuite,
} from '../crypto/index.ts';
import { createSumoPart, own, type RandomBytes } from './sumo.ts';

const TAG_SIZE_BYTES = 16;
const NONCE_SIZE_BYTES = 24;

/** `randomBytes` is given by simulations and vectors; without it the browser's source is used. */
export async function createWebOpenSuite(
  randomBytes: RandomBytes = (length) => own(sumo.randombytes_buf(length)),
): Promise<WholeSuite> {
  const suite: WholeSuite = {
    ...(await createSumoPart(randomBytes)),
    sha256,
    hmacSha256,
    verifyEd25519,
    equalConstantTime: (a, b) => a.length === b.length && memcmp(a, b),
    randomBytes,
    aeadSeal,
    aeadOpen,
    ed25519PublicKey: (seed) => own(signingKeys(seed).publicKey),
    signEd25519: (seed, message) =>
      own(sumo.crypto_sign_detached(message, signingKeys(seed).privateKey)),
    whole: () => Promise.resolve(suite),
  };
  return suite;
}

function sha256(...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return own(sumo.crypto_hash_sha256(first));
  const state = sumo.crypto_hash_sha256_init();
  for (const part of parts) sumo.crypto_hash_sha256_update(state, part);
  return own(sumo.crypto_hash_sha256_final(state));
}

/** In three steps, since the one-shot call takes keys of 32 bytes only. */
function hmacSha256(key: Bytes, ...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const state = sumo.crypto_auth_hmacsha256_init(key);
  for (const part of parts) sumo.crypto_auth_hmacsha256_update(state, part);
  return own(sumo.crypto_auth_hmacsha256_final(state));
}

function verifyEd25519(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
  return (
    publicKey.length === ED25519_PUBLIC_KEY_SIZE_BYTES &&
    signature.length === SIGNATURE_SIZE_BYTES &&
    sumo.crypto_sign_verify_detached(signature, message, publicKey)
  );
}

function aeadSeal(key: Bytes, nonce: Bytes, ad: Bytes, plaintext: Bytes): Uint8Array<ArrayBuffer> {
  checkAeadSizes(key, nonce);
  return own(sumo.crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, ad, null, nonce, key));
}

function aeadOpen(
  key: Bytes,
  nonce: Bytes,
  ad: Bytes,
  sealed: Bytes,
): Uint8Array<ArrayBuffer> | undefined {
  checkAeadSizes(key, nonce);
  if (sealed.length < TAG_SIZE_BYTES) return undefined;
  try {
    return own(sumo.crypto_aead_xchacha20poly1305_ietf_decrypt(null, sealed, ad, nonce, key));
  } catch {
    return undefined; // Sizes are right here: the tag does not fit.
  }
}

function signingKeys(seed: Bytes): {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
} {
  assert(seed.length === KEY_SIZE_BYTES, 'an Ed25519 seed has 32 bytes');
  return sumo.crypto_sign_seed_keypair(seed);
}

function checkAeadSizes(key: Bytes, nonce: Bytes): void {
  assert(key.length === KEY_SIZE_BYTES, 'an AEAD key has 32 bytes');
  assert(nonce.length === NONCE_SIZE_BYTES, 'an XChaCha20 nonce has 24 bytes');
}
