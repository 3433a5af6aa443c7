/**
 * What only libsodium-wrappers-sumo has: X-Wing (sodium-native has no KEM) and, so that every
 * platform runs the same code, Argon2id. Both open suites share it.
 */
import sumo, { ready } from 'libsodium-wrappers-sumo';
import { assert, IntegrityError, type Bytes } from '../core/index.ts';
import {
  KEM_CIPHERTEXT_SIZE_BYTES,
  KEM_PUBLIC_KEY_SIZE_BYTES,
  KEY_SIZE_BYTES,
  type OpenSuite,
  type WholeSuite,
} from '../crypto/index.ts';

export type RandomBytes = OpenSuite['randomBytes'];
type SumoPart = Omit<WholeSuite, keyof OpenSuite>;

const ENCAPSULATION_SEED_SIZE_BYTES = 64;
const ARGON2ID_SALT_SIZE_BYTES = 16;
const ARGON2ID_OPS = 3;
const ARGON2ID_MEMORY_BYTES = 64 * 1024 * 1024;

/** Waits until the library can be called; every call after that is synchronous. */
export async function createSumoPart(randomBytes: RandomBytes): Promise<SumoPart> {
  await ready;
  return {
    kemPublicKey: (seed) => own(kemKeyPair(seed).publicKey),
    kemEncapsulate: (publicKey) =>
      encapsulate(publicKey, randomBytes(ENCAPSULATION_SEED_SIZE_BYTES)),
    kemDecapsulate: decapsulate,
    argon2id,
  };
}

/** The bytes in a buffer of their own, never a view of the library's memory. */
export function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const buffer = bytes.buffer;
  return buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength
    ? (bytes as Uint8Array<ArrayBuffer>)
    : new Uint8Array(bytes);
}

function kemKeyPair(seed: Bytes): {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
} {
  assert(seed.length === KEY_SIZE_BYTES, 'an X-Wing seed has 32 bytes');
  return sumo.crypto_kem_xwing_seed_keypair(seed);
}

function encapsulate(publicKey: Bytes, seed: Bytes): ReturnType<WholeSuite['kemEncapsulate']> {
  if (publicKey.length !== KEM_PUBLIC_KEY_SIZE_BYTES) throw refusedKey();
  try {
    const { ciphertext, sharedSecret } = sumo.crypto_kem_xwing_enc_deterministic(publicKey, seed);
    return { ciphertext: own(ciphertext), secret: own(sharedSecret) };
  } catch (cause) {
    throw refusedKey(cause);
  }
}

function decapsulate(seed: Bytes, ciphertext: Bytes): Uint8Array<ArrayBuffer> | undefined {
  const { privateKey } = kemKeyPair(seed);
  if (ciphertext.length !== KEM_CIPHERTEXT_SIZE_BYTES) return undefined;
  try {
    return own(sumo.crypto_kem_xwing_dec(ciphertext, privateKey));
  } catch {
    return undefined; // A low-order X25519 point: no honest sender makes it.
  }
}

function argon2id(password: Bytes, salt: Bytes): Uint8Array<ArrayBuffer> {
  assert(salt.length === ARGON2ID_SALT_SIZE_BYTES, 'a salt has 16 bytes');
  return own(
    sumo.crypto_pwhash(
      KEY_SIZE_BYTES,
      password,
      salt,
      ARGON2ID_OPS,
      ARGON2ID_MEMORY_BYTES,
      sumo.crypto_pwhash_ALG_ARGON2ID13,
    ),
  );
}

function refusedKey(cause?: unknown): IntegrityError {
  return new IntegrityError('malformed', 'a KEM public key is refused', { cause });
}
