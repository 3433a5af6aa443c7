import { concatBytes, type Bytes } from '../core/index.ts';
import { labelBytes, type Label } from './labels.ts';
import type { VerifySuite } from './suite.ts';

/** The bytes that SIGN(sk, x, b) signs: L(x) ‖ SHA-256(b). */
export function signedMessage(
  suite: VerifySuite,
  label: Label,
  body: Bytes,
): Uint8Array<ArrayBuffer> {
  return concatBytes(labelBytes(label), suite.sha256(body));
}

/** True when `signature` is SIGN(sk of `publicKey`, `label`, `body`). */
export function verifySignature(
  suite: VerifySuite,
  publicKey: Bytes,
  label: Label,
  body: Bytes,
  signature: Bytes,
): boolean {
  return suite.verifyEd25519(publicKey, signedMessage(suite, label, body), signature);
}
