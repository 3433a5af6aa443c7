/**
 * The half of the suite that the server gets: hashes, MACs and Ed25519 verification for Node and
 * Electron. Nothing here can open, unwrap or sign.
 *
 * [Note: Which SHA-256] `hash` of node:crypto has the processor's instructions, and is several times
 * cheaper when it gives text than when it gives a Buffer: 0.5 instead of 1.3 µs for 150 bytes, where
 * sodium-native's portable C takes 0.8. HMAC is built here from SHA-256 (RFC 2104): `createHmac` costs
 * ten times as much for the short inputs that the protocol derives keys from.
 */
import { createHash, hash, timingSafeEqual } from 'node:crypto';
import sodium from 'sodium-native';
import {
  ED25519_PUBLIC_KEY_SIZE_BYTES,
  SIGNATURE_SIZE_BYTES,
  type VerifySuite,
} from '../crypto/index.ts';
import type { Bytes } from '../core/index.ts';

/** What is used of the library. Its own types ask for Buffers; it takes any byte array. */
interface NativeVerify {
  readonly crypto_sign_verify_detached: (
    signature: Bytes,
    message: Bytes,
    publicKey: Bytes,
  ) => boolean;
}
const native = sodium as unknown as NativeVerify;

const DIGEST_SIZE_BYTES = 32;
const BLOCK_SIZE_BYTES = 64;
/** Up to here several parts are copied together, which is cheaper than a hash object. */
const JOINED_SIZE_BYTES_MAX = 16 * 1024;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** Synchronous, stateless to the outside, safe in worker threads. */
export function createNodeVerifySuite(): VerifySuite {
  const scratch = new Uint8Array(BLOCK_SIZE_BYTES + JOINED_SIZE_BYTES_MAX);
  const outer = new Uint8Array(BLOCK_SIZE_BYTES + DIGEST_SIZE_BYTES);

  function sha256(...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return digestOf(first);
    const length = totalLength(parts);
    if (length > scratch.length) return hashInTurn(parts);
    copyInto(scratch, 0, parts);
    return digestOf(scratch.subarray(0, length));
  }

  function hmacSha256(key: Bytes, ...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
    const blockKey = key.length > BLOCK_SIZE_BYTES ? digestOf(key) : key;
    fillPad(scratch, blockKey, INNER_PAD);
    const end = BLOCK_SIZE_BYTES + totalLength(parts);
    if (end <= scratch.length) {
      copyInto(scratch, BLOCK_SIZE_BYTES, parts);
      writeDigest(scratch.subarray(0, end), outer, BLOCK_SIZE_BYTES);
    } else {
      outer.set(hashInTurn([scratch.subarray(0, BLOCK_SIZE_BYTES), ...parts]), BLOCK_SIZE_BYTES);
    }
    fillPad(outer, blockKey, OUTER_PAD);
    const out = digestOf(outer);
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

function digestOf(input: Bytes): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(DIGEST_SIZE_BYTES);
  writeDigest(input, out, 0);
  return out;
}

/** `binary`: one character for each byte. */
function writeDigest(input: Bytes, out: Uint8Array, at: number): void {
  const digest = hash('sha256', input, 'binary');
  for (let i = 0; i < DIGEST_SIZE_BYTES; i++) out[at + i] = digest.charCodeAt(i);
}

function hashInTurn(parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
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
  block.fill(pad, 0, BLOCK_SIZE_BYTES);
  for (let i = 0; i < key.length; i++) block[i] = (key[i] ?? 0) ^ pad;
}
