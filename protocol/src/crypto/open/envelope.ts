/**
 * ENVELOPE(pk, x, ctx, pt) = ct ‖ SEAL(k, x, ctx, pt) with X-Wing (protocol §1). It has no sender: it
 * appears only inside a signed structure, a paired channel, or as a file-request drop.
 */
import { encodeCbor } from '../../codec/index.ts';
import { concatBytes, IntegrityError, type Bytes } from '../../core/index.ts';
import { deriveKey } from '../hash.ts';
import type { Label } from '../labels.ts';
import { KEM_CIPHERTEXT_SIZE_BYTES, type OpenSuite, type WholeSuite } from '../suite.ts';
import { open, seal, type AssociatedData } from './seal.ts';

export function sealEnvelope(
  suite: WholeSuite,
  publicKey: Bytes,
  label: Label,
  context: AssociatedData,
  plaintext: Bytes,
): Uint8Array<ArrayBuffer> {
  const { ciphertext, secret } = suite.kemEncapsulate(publicKey);
  const key = envelopeKey(suite, secret, publicKey, ciphertext, context);
  return concatBytes(ciphertext, seal(suite, key, label, context, plaintext));
}

/** Opens with the X-Wing `seed` of the recipient; IntegrityError `open-failed` for every cause. */
export function openEnvelope(
  suite: WholeSuite,
  seed: Bytes,
  label: Label,
  context: AssociatedData,
  envelope: Bytes,
): Uint8Array<ArrayBuffer> {
  const ciphertext = envelope.subarray(0, KEM_CIPHERTEXT_SIZE_BYTES);
  const secret = suite.kemDecapsulate(seed, ciphertext);
  if (secret === undefined) {
    throw new IntegrityError('open-failed', `an envelope (${label}) does not open`);
  }
  const key = envelopeKey(suite, secret, suite.kemPublicKey(seed), ciphertext, context);
  return open(suite, key, label, context, envelope.subarray(KEM_CIPHERTEXT_SIZE_BYTES));
}

function envelopeKey(
  suite: OpenSuite,
  secret: Bytes,
  publicKey: Bytes,
  ciphertext: Bytes,
  context: AssociatedData,
): Uint8Array<ArrayBuffer> {
  return deriveKey(
    suite,
    secret,
    'envelope',
    suite.sha256(publicKey),
    suite.sha256(ciphertext),
    suite.sha256(encodeCbor(context)),
  );
}
