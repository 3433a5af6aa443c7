/**
 * The half of the suite that the server gets: hashes, MACs and Ed25519 verification for Node and
 * Electron. Nothing here can open, unwrap or sign.
 *
 * [Note: Which SHA-256] A call into sodium-native costs a third of a call into node:crypto, but its
 * SHA-256 is portable C; node:crypto has the processor's instructions. Small inputs go to the one,
 * large inputs to the other. HMAC is built here from SHA-256 (RFC 2104): `createHmac` costs ten
 * times as much for the short inputs that the protocol derives keys from.
 */
import { createHash, hash, timingSafeEqual } from 'node:crypto';
import sodium from 'sodium-native';
import {
  ED25519_PUBLIC_KEY_SIZE_BYTES,
  SIGNATURE_SIZE_BYTES,
  type VerifySuite,
} from '../crypto/index.ts';
import { concatBytes, type Bytes } from '../core/index.ts';

/** What is used of the library. Its own types ask for Buffers; it takes any byte array. */
interface NativeVerify {
  readonly crypto_hash_sha256: (out: Bytes, input: Bytes) => void;
  readonly crypto_sign_verify_detached: (
    signature: Bytes,
    message: Bytes,
    publicKey: Bytes,
  ) => boolean;
}
const native = sodium as unknown as NativeVerify;

const DIGEST_SIZE_BYTES = 32;
const BLOCK_SIZE_BYTES = 64;
/** Up to here sodium-native is at least as fast as node:crypto. */
const SMALL_SIZE_BYTES_MAX = 256;
/** Up to here several parts are copied together, which is cheaper than a hash object. */
const JOINED_SIZE_BYTES_MAX = 16 * 1024;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** Synchronous, stateless to the outside, safe in worker threads. */
export function createNodeVerifySuite(): VerifySuite {
  const scratch = new Uint8Array(BLOCK_SIZE_BYTES + SMALL_SIZE_BYTES_MAX);
  const outer = new Uint8Array(BLOCK_SIZE_BYTES + DIGEST_SIZE_BYTES);

  function sha256(...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
    const length = totalLength(parts);
    if (length > SMALL_SIZE_BYTES_MAX) return hashLarge(parts, length);
    const out = new Uint8Array(DIGEST_SIZE_BYTES);
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) {
      native.crypto_hash_sha256(out, first);
    } else {
      copyInto(scratch, 0, parts);
      native.crypto_hash_sha256(out, scratch.subarray(0, length));
    }
    return out;
  }

  function hmacSha256(key: Bytes, ...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
    const blockKey = key.length > BLOCK_SIZE_BYTES ? sha256(key) : key;
    fillPad(scratch, blockKey, INNER_PAD);
    const end = BLOCK_SIZE_BYTES + totalLength(parts);
    const inner = outer.subarray(BLOCK_SIZE_BYTES);
    if (end <= scratch.length) {
      copyInto(scratch, BLOCK_SIZE_BYTES, parts);
      native.crypto_hash_sha256(inner, scratch.subarray(0, end));
    } else {
      inner.set(hashLarge([scratch.subarray(0, BLOCK_SIZE_BYTES), ...parts], end));
    }
    fillPad(outer, blockKey, OUTER_PAD);
    const out = new Uint8Array(DIGEST_SIZE_BYTES);
    native.crypto_hash_sha256(out, outer);
    scratch.fill(0, 0, BLOCK_SIZE_BYTES);
    outer.fill(0);
    return out;
  }

  return { sha256, hmacSha256, verifyEd25519, equalConstantTime };
}

function verifyEd25519(publicKey: Bytes, message: Bytes, signature: Bytes): boolean {
  return (
    publicKey.length === ED25519_PUBLIC_KEY_SIZE_BYTES &&
    signature.length === SIGNATURE_SIZE_BYTES &&
    native.crypto_sign_verify_detached(signature, message, publicKey)
  );
}

function equalConstantTime(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function hashLarge(parts: readonly Bytes[], length: number): Uint8Array<ArrayBuffer> {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) {
    return new Uint8Array(hash('sha256', first, 'buffer'));
  }
  if (length <= JOINED_SIZE_BYTES_MAX) {
    return new Uint8Array(hash('sha256', concatBytes(...parts), 'buffer'));
  }
  const state = createHash('sha256');
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
}

function totalLength(parts: readonly Bytes[]): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}

function copyInto(target: Uint8Array, start: number, parts: readonly Bytes[]): void {
  let at = start;
  for (const part of parts) {
    target.set(part, at);
    at += part.length;
  }
}

function fillPad(block: Uint8Array, key: Bytes, pad: number): void {
  for (let i = 0; i < BLOCK_SIZE_BYTES; i++) block[i] = (key[i] ?? 0) ^ pad;
}
