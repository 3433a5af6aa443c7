import type { Bytes } from '../core/index.ts';
import { labelBytes, type Label } from './labels.ts';
import type { VerifySuite } from './suite.ts';

/** H(x, b…) = SHA-256(L(x) ‖ b…): 32 bytes. Callers give fixed widths or one CBOR array. */
export function hash(
  suite: VerifySuite,
  label: Label,
  ...parts: readonly Bytes[]
): Uint8Array<ArrayBuffer> {
  return suite.sha256(labelBytes(label), ...parts);
}

/** KDF(k, x, b…) = HMAC-SHA-256(k, L(x) ‖ b…): 32 bytes. */
export function deriveKey(
  suite: VerifySuite,
  key: Bytes,
  label: Label,
  ...parts: readonly Bytes[]
): Uint8Array<ArrayBuffer> {
  return suite.hmacSha256(key, labelBytes(label), ...parts);
}
