import type { Bytes } from '../../core/index.ts';
import type { Label } from '../labels.ts';
import type { OpenSuite } from '../suite.ts';
import { signedMessage } from '../verify.ts';

/** SIGN(sk, x, b) = Ed25519(sk, L(x) ‖ SHA-256(b)): 64 bytes. `seed` is the 32-byte secret seed. */
export function sign(
  suite: OpenSuite,
  seed: Bytes,
  label: Label,
  body: Bytes,
): Uint8Array<ArrayBuffer> {
  return suite.signEd25519(seed, signedMessage(suite, label, body));
}
