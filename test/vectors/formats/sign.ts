import { bytesToHex, hexToBytes } from '@coffer/protocol/core';
import { verifySignature, type Label } from '@coffer/protocol/crypto';
import { sign } from '@coffer/protocol/crypto/open';
import { defineFormat, Refusal, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  readonly publicKey: string;
  readonly label: Label;
  readonly body: string;
  readonly signature: string;
};

const REFUSED = 'signature refused';
/** Order of the group of Ed25519 (RFC 8032 §5.1). */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const IDENTITY_POINT = `01${'00'.repeat(31)}`;
const FIELD_PRIME = 2n ** 255n - 19n;

/** SIGN. */
export const signatures = defineFormat<Input>({
  name: 'sign',
  about: 'SIGN(sk, x, b), Ed25519 over L(x) and SHA-256(b), by the strict rule: §1.',
  cases: (suite) => {
    const seed = suite.randomBytes(32);
    const label = 'commit-sign';
    const signed = (body: Uint8Array): Input => ({
      publicKey: bytesToHex(suite.ed25519PublicKey(seed)),
      label,
      body: bytesToHex(body),
      signature: bytesToHex(sign(suite, seed, label, body)),
    });
    const good = signed(suite.randomBytes(240));
    const { signature } = good;
    const wrong = (name: string, change: Partial<Input>): CaseInput<Input> => ({
      name,
      unlike: 'a header',
      refused: REFUSED,
      input: { ...good, ...change },
    });
    const r = signature.slice(0, 64);
    const s = fromLittleEndian(signature.slice(64));
    return [
      { name: 'a header', input: good },
      { name: 'no body', input: signed(new Uint8Array(0)) },
      { name: 'a long body', input: signed(suite.randomBytes(5000)) },
      wrong('another body', { body: flipBit(good.body, 0) }),
      wrong('another label', { label: 'key-chain-sign' }),
      wrong('another key', {
        publicKey: bytesToHex(suite.ed25519PublicKey(suite.randomBytes(32))),
      }),
      wrong('a flipped bit of R', { signature: flipBit(signature, 0) }),
      wrong('a flipped bit of S', { signature: flipBit(signature, 32) }),
      wrong('S with the group order added', { signature: r + toLittleEndian(s + GROUP_ORDER) }),
      wrong('the last byte cut off', { signature: signature.slice(0, -2) }),
      wrong('a byte too many', { signature: `${signature}00` }),
      wrong('a public key of small order, for which R = 1 and S = 0 sign anything', {
        publicKey: IDENTITY_POINT,
        signature: IDENTITY_POINT + '00'.repeat(32),
      }),
      wrong('a public key that is not canonical', {
        publicKey: toLittleEndian(FIELD_PRIME + 1n),
        signature: IDENTITY_POINT + '00'.repeat(32),
      }),
      wrong('a public key of 31 bytes', { publicKey: good.publicKey.slice(2) }),
    ];
  },
  read: (suite, { publicKey, label, body, signature }) => {
    const isValid = verifySignature(
      suite,
      hexToBytes(publicKey),
      label,
      hexToBytes(body),
      hexToBytes(signature),
    );
    if (!isValid) throw new Refusal(REFUSED);
    return 'valid';
  },
});

function fromLittleEndian(hex: string): bigint {
  return BigInt(`0x${bytesToHex(hexToBytes(hex).reverse())}`);
}

function toLittleEndian(value: bigint): string {
  return bytesToHex(hexToBytes(value.toString(16).padStart(64, '0')).reverse());
}
