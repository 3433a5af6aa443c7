import { bytesToHex, hexToBytes } from '@coffer/protocol/core';
import type { Label } from '@coffer/protocol/crypto';
import { openEnvelope, sealEnvelope } from '@coffer/protocol/crypto/open';
import { jsonToCbor, type CborJson } from '../cbor-json.ts';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  /** Secret seed of the recipient's X-Wing key. */
  readonly seed: string;
  readonly label: Label;
  readonly context: readonly CborJson[];
  readonly envelope: string;
};

const LOW_ORDER_X25519_AT = 1088;
const refused = (label: Label): string => `open-failed: a sealed object (${label}) does not open`;

/** ENVELOPE. */
export const envelopes = defineFormat<Input>({
  name: 'envelope',
  about: 'ENVELOPE, a sealed object for the holder of an X-Wing key: §1.',
  cases: (suite) => {
    const seed = suite.randomBytes(32);
    const label = 'epoch-key';
    const context = [bytesToHex(suite.randomBytes(16)), 3] as const;
    const publicKey = suite.kemPublicKey(seed);
    const envelope = bytesToHex(
      sealEnvelope(suite, publicKey, label, context.map(jsonToCbor), suite.randomBytes(64)),
    );
    const good: Input = { seed: bytesToHex(seed), label, context, envelope };
    const wrong = (name: string, change: Partial<Input>): CaseInput<Input> => {
      const input = { ...good, ...change };
      return { name, unlike: 'two keys', refused: refused(input.label), input };
    };
    const x25519Zero = `${envelope.slice(0, 2 * LOW_ORDER_X25519_AT)}${'00'.repeat(32)}${envelope.slice(2 * 1120)}`;
    const noEnvelope = 'open-failed: an envelope (epoch-key) does not open';
    return [
      { name: 'two keys', input: good },
      wrong('another recipient', { seed: flipBit(good.seed, 0) }),
      wrong('a flipped bit of the ML-KEM ciphertext', { envelope: flipBit(envelope, 0) }),
      wrong('a flipped bit of the X25519 key', { envelope: flipBit(envelope, 1100) }),
      wrong('a flipped bit of the nonce', { envelope: flipBit(envelope, 1121) }),
      wrong('a flipped bit of the sealed part', { envelope: flipBit(envelope, -1) }),
      wrong('another label', { label: 'device-account-key' }),
      wrong('another context', { context: [context[0], 4] }),
      wrong('the last byte cut off', { envelope: envelope.slice(0, -2) }),
      wrong('the KEM ciphertext alone', { envelope: envelope.slice(0, 2 * 1120) }),
      { ...wrong('an X25519 key of low order', { envelope: x25519Zero }), refused: noEnvelope },
      { ...wrong('nothing', { envelope: '' }), refused: noEnvelope },
    ];
  },
  read: (suite, { seed, label, context, envelope }) => ({
    publicKeyDigest: bytesToHex(suite.sha256(suite.kemPublicKey(hexToBytes(seed)))),
    plaintext: bytesToHex(
      openEnvelope(suite, hexToBytes(seed), label, context.map(jsonToCbor), hexToBytes(envelope)),
    ),
  }),
});
