import { bytesToHex, concatBytes, hexToBytes } from '@coffer/protocol/core';
import type { Label, OpenSuite } from '@coffer/protocol/crypto';
import {
  open,
  openPadded,
  seal,
  sealPadded,
  type AssociatedData,
} from '@coffer/protocol/crypto/open';
import { jsonToCbor, type CborJson } from '../cbor-json.ts';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit, setByte } from './change-bytes.ts';

type Input = {
  readonly key: string;
  readonly label: Label;
  readonly aad: readonly CborJson[];
  /** PSEAL: the plaintext is padded to a multiple of 256 bytes. */
  readonly padded: boolean;
  readonly sealed: string;
};

const REFUSED = 'open-failed: a sealed object (node-key) does not open';
const REFUSED_META = 'open-failed: a sealed object (node-meta) does not open';

/** SEAL and PSEAL. */
export const seals = defineFormat<Input>({
  name: 'seal',
  about:
    'SEAL and PSEAL, the committing AEAD of every small object: §1. Every refusal is the same.',
  cases: (suite) => [...plainCases(suite), ...paddedCases(suite)],
  read: (suite, { key, label, aad, padded, sealed }) => {
    const openOne = padded ? openPadded : open;
    const bound = aad.map(jsonToCbor);
    return bytesToHex(openOne(suite, hexToBytes(key), label, bound, hexToBytes(sealed)));
  },
});

function plainCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const key = suite.randomBytes(32);
  const label = 'node-key';
  const aad = [bytesToHex(suite.randomBytes(16)), 7, { text: 'bound' }, null] as const;
  const sealOne = (plaintext: Uint8Array): Input => ({
    key: bytesToHex(key),
    label,
    aad,
    padded: false,
    sealed: bytesToHex(seal(suite, key, label, aad.map(jsonToCbor), plaintext)),
  });
  const good = sealOne(suite.randomBytes(32));
  const empty = sealOne(new Uint8Array(0));
  const wrong = (name: string, change: Partial<Input>, unlike = 'a key'): CaseInput<Input> => ({
    name,
    unlike,
    refused: REFUSED,
    input: { ...good, ...change },
  });
  return [
    { name: 'a key', input: good },
    { name: 'no plaintext', input: empty },
    { name: 'a thousand bytes', input: sealOne(suite.randomBytes(1000)) },
    wrong('version 0', { sealed: setByte(good.sealed, 0, 0) }),
    wrong('version 2', { sealed: setByte(good.sealed, 0, 2) }),
    wrong('a flipped bit of the nonce', { sealed: flipBit(good.sealed, 1) }),
    wrong('a flipped bit of the commitment', { sealed: flipBit(good.sealed, 25) }),
    wrong('a flipped bit of the ciphertext', { sealed: flipBit(good.sealed, 57) }),
    wrong('a flipped bit of the tag', { sealed: flipBit(good.sealed, -1) }),
    wrong('the last byte cut off', { sealed: good.sealed.slice(0, -2) }),
    wrong('a byte too many', { sealed: `${good.sealed}00` }),
    wrong('shorter than any seal', { sealed: empty.sealed.slice(0, -2) }, 'no plaintext'),
    wrong('nothing', { sealed: '' }, 'no plaintext'),
    wrong('another key', { key: flipBit(good.key, 0) }),
    {
      ...wrong('another label', { label: 'node-meta' }),
      refused: REFUSED_META,
    },
    wrong('another number bound', { aad: [aad[0], 8, aad[2], aad[3]] }),
    wrong('a bound element more', { aad: [...aad, null] }),
  ];
}

function paddedCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const key = suite.randomBytes(32);
  const label = 'node-meta';
  const aad = [bytesToHex(suite.randomBytes(16))] as const;
  const withBytes = (sealed: Uint8Array): Input => ({
    key: bytesToHex(key),
    label,
    aad,
    padded: true,
    sealed: bytesToHex(sealed),
  });
  const bound: AssociatedData = aad.map(jsonToCbor);
  const pad = (plaintext: Uint8Array): Input =>
    withBytes(sealPadded(suite, key, label, bound, plaintext));
  const raw = (...parts: readonly Uint8Array[]): Input =>
    withBytes(seal(suite, key, label, bound, concatBytes(...parts)));
  const zeros = (length: number): Uint8Array => new Uint8Array(length);
  const text = suite.randomBytes(10);
  const wrong = (name: string, unlike: string, input: Input): CaseInput<Input> => ({
    name,
    unlike,
    refused: REFUSED_META,
    input,
  });
  return [
    { name: 'padded: nothing', input: pad(zeros(0)) },
    { name: 'padded: ten bytes', input: pad(text) },
    { name: 'padded: 255 bytes fill one block', input: pad(suite.randomBytes(255)) },
    { name: 'padded: 256 bytes take two blocks', input: pad(suite.randomBytes(256)) },
    { name: 'padded: zeros at the end of the plaintext stay', input: pad(zeros(9)) },
    wrong('padded: no padding at all', 'padded: nothing', raw()),
    wrong('padded: zeros alone', 'padded: nothing', raw(zeros(256))),
    wrong(
      'padded: another byte before the zeros',
      'padded: ten bytes',
      raw(text, Uint8Array.of(0x81), zeros(245)),
    ),
    wrong(
      'padded: not a multiple of 256',
      'padded: ten bytes',
      raw(text, Uint8Array.of(0x80), zeros(244)),
    ),
    wrong(
      'padded: a block too many',
      'padded: ten bytes',
      raw(text, Uint8Array.of(0x80), zeros(501)),
    ),
  ];
}
