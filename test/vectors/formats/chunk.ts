import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  parseDigest,
  type ChunkId,
} from '@coffer/protocol/core';
import { chunkId } from '@coffer/protocol/content';
import {
  chunkKey,
  openChunk,
  padChunk,
  sealChunk,
  sealForeignChunk,
  sealPaddedChunk,
  type SealedChunk,
} from '@coffer/protocol/content/open';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  readonly id: string;
  readonly key: string;
  readonly plainLength: number;
  readonly storedLength: number;
  readonly stored: string;
  /** With it, the plaintext is sealed again under it and must give the same key and id. */
  readonly contentKey: string | null;
};

const OTHER_ID = 'digest-mismatch: a chunk has another id than the page says';
const OTHER_LENGTH = 'digest-mismatch: a chunk has another stored length than the page says';
const DOES_NOT_OPEN = 'open-failed: a chunk does not open';

/** Stored chunks. */
export const chunks = defineFormat<Input>({
  name: 'chunk',
  about:
    'Stored chunks: §5. Checked in this order: length and id, header and commitment, AEAD, zero padding, plain length.',
  cases,
  read: (suite, input) => {
    const ref = {
      id: parseDigest<ChunkId>(input.id),
      key: hexToBytes(input.key),
      plainLength: input.plainLength,
      storedLength: input.storedLength,
    };
    const plaintext = openChunk(suite, ref, hexToBytes(input.stored));
    const again =
      input.contentKey === null
        ? null
        : sealChunk(suite, hexToBytes(input.contentKey), plaintext).ref;
    return {
      plaintext: bytesToHex(plaintext),
      sealedAgain: again === null ? null : { id: again.id, key: bytesToHex(again.key) },
    };
  },
});

function inputOf({ ref, parts }: SealedChunk, contentKey: string | null): Input {
  return {
    id: ref.id,
    key: bytesToHex(ref.key),
    plainLength: ref.plainLength,
    storedLength: ref.storedLength,
    stored: bytesToHex(concatBytes(...parts)),
    contentKey,
  };
}

function cases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const contentKey = suite.randomBytes(32);
  const convergent = (length: number) => {
    const sealed = sealChunk(suite, contentKey, suite.randomBytes(length));
    return inputOf(sealed, bytesToHex(contentKey));
  };
  const good = convergent(300);
  const wrong = (name: string, refused: string, change: Partial<Input>): CaseInput<Input> => ({
    name,
    unlike: '300 bytes',
    refused,
    input: { ...good, ...change },
  });
  /** Other stored bytes, named by the id that they have. */
  const served = (name: string, stored: string) =>
    wrong(name, DOES_NOT_OPEN, {
      stored,
      id: chunkId(suite, hexToBytes(stored)),
      storedLength: stored.length / 2,
    });
  const plaintext = suite.randomBytes(300);
  const dirty = padChunk(plaintext);
  dirty[dirty.length - 1] = 1;
  const dirtyKey = chunkKey(suite, contentKey, dirty);
  const long = concatBytes(plaintext, new Uint8Array(212));
  const longKey = chunkKey(suite, contentKey, long);
  return [
    { name: 'one byte', input: convergent(1) },
    { name: '256 bytes need no padding', input: convergent(256) },
    { name: '300 bytes', input: good },
    { name: 'a random key', input: inputOf(sealForeignChunk(suite, plaintext), null) },
    wrong('another id', OTHER_ID, { id: flipBit(good.id, 0) }),
    wrong('another announced length', OTHER_LENGTH, { storedLength: good.storedLength + 1 }),
    wrong('a flipped bit', OTHER_ID, { stored: flipBit(good.stored, 100) }),
    wrong('the last byte cut off', OTHER_ID, { stored: good.stored.slice(0, -2) }),
    served('format 2', flipBit(good.stored, 0)),
    served('another padding', flipBit(good.stored, 1)),
    served('a fourth header byte', flipBit(good.stored, 3)),
    served('a flipped bit of the commitment', flipBit(good.stored, 4)),
    served('a flipped bit of the ciphertext', flipBit(good.stored, 36)),
    served('a flipped bit of the tag', flipBit(good.stored, -1)),
    wrong('another key', DOES_NOT_OPEN, { key: flipBit(good.key, 0) }),
    wrong('a plain length too small', 'malformed: the padding of a chunk is not zero', {
      plainLength: 299,
    }),
    wrong('a plain length too large', 'malformed: a chunk has another length than its page says', {
      plainLength: 321,
    }),
    {
      ...wrong(
        'a byte of the padding is not zero',
        'malformed: the padding of a chunk is not zero',
        {
          ...inputOf(sealPaddedChunk(suite, dirtyKey, dirty, 300), null),
        },
      ),
    },
    {
      ...wrong(
        'more padding than Padmé gives',
        'malformed: a chunk has another length than its page says',
        inputOf(sealPaddedChunk(suite, longKey, long, 300), null),
      ),
    },
  ];
}
