import { bytesToHex, hexToBytes, type Bytes } from '@coffer/protocol/core';
import { createChunker } from '@coffer/protocol/content/open';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { defineFormat, Refusal, type CaseInput } from '../vector.ts';

type Input = {
  readonly chunkerKey: string;
  /**
   * How the file is made, since it is too long to stand here. `xorshift`: x = seed; for each byte
   * x ^= x << 13, x ^= x >>> 17, x ^= x << 5 (32 bits), the byte is x & mask. `fill`: seed & 255.
   */
  readonly file: {
    readonly by: 'xorshift' | 'fill';
    readonly seed: number;
    readonly mask: number;
    readonly length: number;
  };
  /** Lengths of its chunks. */
  readonly lengths: readonly number[];
};

const MIB = 1024 * 1024;
const CUT_ELSEWHERE = 'the file is cut elsewhere';
const SLICE_SIZE_BYTES = 777_777;

/** Where files are cut. */
export const chunkCuts = defineFormat<Input>({
  name: 'chunk-cuts',
  about: 'Lengths of the chunks of a file: §5.',
  cases,
  read: (suite, input) => {
    const lengths = cutLengths(suite, input);
    if (JSON.stringify(lengths) !== JSON.stringify(input.lengths)) throw new Refusal(CUT_ELSEWHERE);
    return lengths.length;
  },
});

function cases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const chunkerKey = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
  const cut = (file: Input['file'], key = chunkerKey): Input => ({
    chunkerKey: key,
    file,
    lengths: cutLengths(suite, { chunkerKey: key, file }),
  });
  const random = (length: number, seed = 1, mask = 0xff) =>
    ({ by: 'xorshift', seed, mask, length }) as const;
  const good = cut(random(12 * MIB));
  const otherKey = cut(random(12 * MIB), bytesToHex(suite.randomBytes(32)));
  const wrong = (name: string, lengths: readonly number[]): CaseInput<Input> => ({
    name,
    unlike: '12 MiB',
    refused: CUT_ELSEWHERE,
    input: { ...good, lengths },
  });
  const [first = 0, second = 0, ...rest] = good.lengths;
  return [
    { name: 'an empty file', input: cut(random(0)) },
    { name: 'one byte', input: cut(random(1)) },
    { name: '1 MiB is one chunk', input: cut(random(MIB)) },
    { name: '3 MiB is cut by content', input: cut(random(3 * MIB, 7)) },
    { name: '12 MiB', input: good },
    { name: '12 MiB under another key', input: otherKey },
    { name: '12 MiB of 16 different bytes', input: cut(random(12 * MIB, 2, 0x0f)) },
    {
      name: 'zeros are cut at 4 MiB',
      input: cut({ by: 'fill', seed: 0, mask: 0, length: 9 * MIB }),
    },
    wrong('the cuts of another key', otherKey.lengths),
    wrong('a cut one byte later', [first + 1, second - 1, ...rest]),
    wrong('a cut left out', [first + second, ...rest]),
  ];
}

function cutLengths(suite: OpenSuite, { chunkerKey, file }: Omit<Input, 'lengths'>): number[] {
  const chunker = createChunker(suite, hexToBytes(chunkerKey)).start();
  const bytes = fileBytes(file);
  const lengths: number[] = [];
  for (let at = 0; at < bytes.length; at += SLICE_SIZE_BYTES) {
    for (const chunk of chunker.push(bytes.subarray(at, at + SLICE_SIZE_BYTES))) {
      lengths.push(chunk.length);
    }
  }
  for (const chunk of chunker.end()) lengths.push(chunk.length);
  return lengths;
}

function fileBytes({ by, seed, mask, length }: Input['file']): Bytes {
  const out = new Uint8Array(length);
  if (by === 'fill') return out.fill(seed);
  let x = seed;
  for (let i = 0; i < length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out[i] = x & mask;
  }
  return out;
}
