/**
 * What the protocol needs of a cryptographic library, synchronous, in two parts so that the server
 * can be given the first alone. `suites/` has the implementations; all pass the same vectors.
 */
import type { Bytes } from '../core/index.ts';

export interface VerifySuite {
  /** SHA-256 of the concatenation of `parts`: 32 bytes. */
  readonly sha256: (...parts: readonly Bytes[]) => Uint8Array<ArrayBuffer>;
  /** HMAC-SHA-256 of the concatenation of `parts` under a key of any length: 32 bytes. */
  readonly hmacSha256: (key: Bytes, ...parts: readonly Bytes[]) => Uint8Array<ArrayBuffer>;
  /** Ed25519 by libsodium's rule everywhere (strict: no small order, canonical S). */
  readonly verifyEd25519: (publicKey: Bytes, message: Bytes, signature: Bytes) => boolean;
  /** Comparison in constant time; false when lengths differ. */
  readonly equalConstantTime: (a: Bytes, b: Bytes) => boolean;
}

/** What content asks for: a thread that only seals and opens chunks needs no more. */
export interface ContentSuite extends VerifySuite {
  /** Random bytes for keys, nonces and ids. Comes in from outside so that a simulation can replay it. */
  readonly randomBytes: (length: number) => Uint8Array<ArrayBuffer>;
  /** XChaCha20-Poly1305 (IETF variant): ciphertext ‖ tag, 16 bytes more than `plaintext`. */
  readonly aeadSeal: (
    key: Bytes,
    nonce: Bytes,
    ad: Bytes,
    plaintext: Bytes,
  ) => Uint8Array<ArrayBuffer>;
  /** The plaintext, or undefined when the tag does not fit. */
  readonly aeadOpen: (
    key: Bytes,
    nonce: Bytes,
    ad: Bytes,
    sealed: Bytes,
  ) => Uint8Array<ArrayBuffer> | undefined;
}

export interface OpenSuite extends ContentSuite {
  /** Ed25519 public key (32 bytes) of a seed (32 bytes). */
  readonly ed25519PublicKey: (seed: Bytes) => Uint8Array<ArrayBuffer>;
  readonly signEd25519: (seed: Bytes, message: Bytes) => Uint8Array<ArrayBuffer>;
  /** Loads what is large and seldom needed: X-Wing and Argon2id. Later calls give the same. */
  readonly whole: () => Promise<WholeSuite>;
}

export interface WholeSuite extends OpenSuite {
  /** X-Wing public key (1216 bytes) of a seed (32 bytes). */
  readonly kemPublicKey: (seed: Bytes) => Uint8Array<ArrayBuffer>;
  /**
   * Fresh shared secret (32 bytes) and its encapsulation (1120 bytes) for an X-Wing public key;
   * IntegrityError `malformed` for bytes that are no such key.
   */
  readonly kemEncapsulate: (publicKey: Bytes) => {
    readonly ciphertext: Uint8Array<ArrayBuffer>;
    readonly secret: Uint8Array<ArrayBuffer>;
  };
  /**
   * The shared secret. A wrong ciphertext gives another secret, not an error; undefined only for one
   * that no honest sender makes (wrong length, X25519 point of low order).
   */
  readonly kemDecapsulate: (seed: Bytes, ciphertext: Bytes) => Uint8Array<ArrayBuffer> | undefined;
  /** Argon2id v1.3, t = 3, 64 MiB, p = 1 (protocol §7): 32 bytes. */
  readonly argon2id: (password: Bytes, salt: Bytes) => Uint8Array<ArrayBuffer>;
}

export const SIGNATURE_SIZE_BYTES = 64;
export const ED25519_PUBLIC_KEY_SIZE_BYTES = 32;
export const KEM_PUBLIC_KEY_SIZE_BYTES = 1216;
export const KEM_CIPHERTEXT_SIZE_BYTES = 1120;
export const KEY_SIZE_BYTES = 32;
