import { CHUNK_SIZE_BYTES_MAX } from '@coffer/protocol/core';
import { isStoredChunkLength, storedChunkLength } from '@coffer/protocol/content';
import { defineFormat, Refusal, type CaseInput } from '../vector.ts';

type Input = { readonly plainLength: number; readonly storedLength: number };

const REFUSED = 'no chunk of this plain length has this stored length';

/** Lengths of chunks, plain and stored. */
export const chunkLengths = defineFormat<Input>({
  name: 'chunk-lengths',
  about: 'Stored lengths: P(n) + 52 with P(n) = max(256, Padmé(n)): §5.',
  cases: () => {
    const plainLengths = [1, 256, 257, 272, 273, 1000, 1025, 65_537, 1_000_000, 1_048_577];
    const pairOf = (plainLength: number): CaseInput<Input> => ({
      name: `${plainLength} bytes`,
      input: { plainLength, storedLength: storedChunkLength(plainLength) },
    });
    const wrong = (name: string, plainLength: number, storedLength: number): CaseInput<Input> => ({
      name,
      unlike: `${plainLength} bytes`,
      refused: REFUSED,
      input: { plainLength, storedLength },
    });
    return [
      ...[...plainLengths, CHUNK_SIZE_BYTES_MAX].map(pairOf),
      wrong('one byte without padding', 1, 53),
      wrong('one byte in the second length', 1, 272 + 52),
      wrong('a byte less than Padmé gives', 1_000_000, storedChunkLength(1_000_000) - 1),
      wrong('a byte more than Padmé gives', 1_000_000, storedChunkLength(1_000_000) + 1),
      wrong('above the largest chunk', CHUNK_SIZE_BYTES_MAX, CHUNK_SIZE_BYTES_MAX + 53),
    ];
  },
  read: (_suite, { plainLength, storedLength }) => {
    if (!isStoredChunkLength(storedLength) || storedChunkLength(plainLength) !== storedLength) {
      throw new Refusal(REFUSED);
    }
    return storedLength;
  },
});
