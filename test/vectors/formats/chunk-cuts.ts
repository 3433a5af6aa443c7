import { hexToBytes, type Bytes } from '@coffer/protocol/core';
import { createChunker } from '@coffer/protocol/content/open';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { defineFormat, type CaseInput } from '../vector.ts';

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
};

const MIB = 1024 * 1024;
const SLICE_SIZE_BYTES = 777_777;

/** Where files are cut. */
export const chunkCuts = defineFormat<Input>({
  name: 'chunk-cuts',
  about: 'Lengths of the chunks of a file: §5.',
  cases: (suite: OpenSuite): readonly CaseInput<Input>[] => {
    const chunkerKey = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
    const random = (length: number, seed = 1, mask = 0xff): Input => ({
      chunkerKey,
      file: { by: 'xorshift', seed, mask, length },
    });
    const zeros: Input = { chunkerKey, file: { by: 'fill', seed: 0, mask: 0, length: 9 * MIB } };
    const otherKey = Array.from(suite.randomBytes(32), (b) => b.toString(16).padStart(2, '0'));
    return [
      { name: 'an empty file', input: random(0) },
      { name: 'one byte', input: random(1) },
      { name: '1 MiB is one chunk', input: random(MIB) },
      { name: '1 MiB and a byte is cut by content', input: random(MIB + 1, 7) },
      { name: '12 MiB', input: random(12 * MIB) },
      {
        name: '12 MiB under another key',
        input: { ...random(12 * MIB), chunkerKey: otherKey.join('') },
      },
      { name: '12 MiB of 16 different bytes', input: random(12 * MIB, 2, 0x0f) },
      { name: 'zeros are cut at 4 MiB', input: zeros },
    ];
  },
  read: (suite, { chunkerKey, file }) => {
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
  },
});

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
