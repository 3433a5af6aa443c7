import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import test from 'node:test';
import * as fc from 'fast-check';
import { concatBytes, type Bytes } from '../../../core/index.ts';
import { createNodeVerifySuite } from '../../../suites/node-verify.ts';
import { createChunker, createFixedChunker, type Chunker } from './chunker.ts';
import { referenceCutLengths, siphash24 } from './reference-cut-lengths.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const suite = createNodeVerifySuite();
const chunkerKey = seededBytes(1, 32);
const chunker = createChunker(suite, chunkerKey);

/** Bytes that look random and depend on `seed` alone. */
function seededBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  return new Uint8Array(stream.update(Buffer.alloc(length)));
}

/** Lengths of the chunks of a file that comes in these slices. */
function cutLengths(by: Chunker, slices: readonly Bytes[]): number[] {
  const file = by.start();
  const lengths: number[] = [];
  for (const slice of slices) for (const chunk of file.push(slice)) lengths.push(chunk.length);
  for (const chunk of file.end()) lengths.push(chunk.length);
  return lengths;
}

function sliced(file: Bytes, lengths: readonly number[]): Bytes[] {
  const slices: Bytes[] = [];
  let at = 0;
  for (let i = 0; at < file.length; i++) {
    const length = Math.max(1, lengths[i % lengths.length] ?? 1);
    slices.push(file.subarray(at, at + length));
    at += length;
  }
  return slices;
}

function ends(lengths: readonly number[]): number[] {
  let end = 0;
  return lengths.map((length) => (end += length));
}

test('the reference SipHash-2-4 gives the published value', () => {
  const key = Uint8Array.from({ length: 16 }, (_, i) => i);
  const message = Uint8Array.from({ length: 15 }, (_, i) => i);
  assert.equal(siphash24(key, message), 0xa129ca6149be45e5n);
});

test('a file of at most 1 MiB is one chunk and an empty one none', () => {
  assert.deepEqual(cutLengths(chunker, []), []);
  assert.deepEqual(cutLengths(chunker, [new Uint8Array(1)]), [1]);
  const file = seededBytes(2, MIB);
  assert.deepEqual(cutLengths(chunker, sliced(file, [100 * KIB])), [MIB]);
});

test('a longer file is cut as the reference cuts it', () => {
  for (const [seed, length] of [
    [3, MIB + 1],
    [4, 3 * MIB],
    [5, 12 * MIB + 12_345],
  ] as const) {
    const file = seededBytes(seed, length);
    const expected = referenceCutLengths(suite, chunkerKey, file);
    assert.deepEqual(cutLengths(chunker, [file]), expected);
  }
});

test('text with little variety is cut as the reference cuts it', () => {
  const words = ['alpha ', 'beta\n', 'gamma, ', 'delta; '];
  const picks = seededBytes(6, 900 * KIB);
  const file = Buffer.from(Array.from(picks, (pick) => words[pick % words.length]).join(''));
  assert.ok(file.length > 4 * MIB);
  const lengths = cutLengths(chunker, [file]);
  assert.deepEqual(lengths, referenceCutLengths(suite, chunkerKey, file));
  assert.ok(lengths.length > 2);
});

test('a run of one byte is cut at the largest length', () => {
  const file = new Uint8Array(9 * MIB);
  const lengths = cutLengths(chunker, sliced(file, [MIB]));
  assert.deepEqual(lengths, referenceCutLengths(suite, chunkerKey, file));
  assert.deepEqual(lengths, [4 * MIB, 4 * MIB, MIB]);
});

test('any slicing of a file gives the same cuts and the same bytes', () => {
  const file = seededBytes(7, 5 * MIB + 77);
  const expected = cutLengths(chunker, [file]);
  const slices = fc.array(
    fc.oneof(fc.integer({ min: 1, max: 2 * MIB }), fc.integer({ min: 2000, max: 70_000 })),
    { minLength: 1, maxLength: 8 },
  );
  fc.assert(
    fc.property(slices, (lengths) => {
      assert.deepEqual(cutLengths(chunker, sliced(file, lengths)), expected);
    }),
    { numRuns: 15 },
  );
  const by = chunker.start();
  const chunks = sliced(file, [333_333]).flatMap((slice) =>
    Array.from(by.push(slice), (chunk) => chunk.slice()),
  );
  for (const chunk of by.end()) chunks.push(chunk.slice());
  assert.ok(Buffer.from(file).equals(concatBytes(...chunks)));
});

test('two files under way at once do not disturb each other', () => {
  const one = sliced(seededBytes(8, 4 * MIB), [50 * KIB]);
  const two = sliced(seededBytes(9, 4 * MIB), [50 * KIB]);
  const [first, second] = [chunker.start(), chunker.start()];
  const lengths: [number[], number[]] = [[], []];
  for (const [i, slice] of one.entries()) {
    for (const chunk of first.push(slice)) lengths[0].push(chunk.length);
    for (const chunk of second.push(two[i] ?? new Uint8Array(0))) lengths[1].push(chunk.length);
  }
  for (const chunk of first.end()) lengths[0].push(chunk.length);
  for (const chunk of second.end()) lengths[1].push(chunk.length);
  assert.deepEqual(lengths, [cutLengths(chunker, one), cutLengths(chunker, two)]);
});

test('an edit moves the cuts around it and no others', () => {
  const file = seededBytes(10, 16 * MIB);
  const before = ends(cutLengths(chunker, [file]));
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: file.length }),
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 0, max: 3000 }),
      (at, removed, inserted) => {
        const after = concatBytes(
          file.subarray(0, at),
          seededBytes(11, inserted),
          file.subarray(at + removed),
        );
        const shift = after.length - file.length;
        const cuts = new Set(ends(cutLengths(chunker, [after])));
        const lost = before.filter((end) => !cuts.has(end < at ? end : end + shift));
        // Each cut below the first lost one and far behind the edit is there again.
        assert.ok(lost.every((end) => end >= at));
        assert.ok(lost.length <= 8, `${lost.length} cuts of ${before.length} moved`);
      },
    ),
    { numRuns: 15, seed: 1 },
  );
});

test('chunks of random content are about 1 MiB long', () => {
  const lengths = cutLengths(chunker, [seededBytes(12, 128 * MIB)]).slice(0, -1);
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  assert.ok(Math.abs(mean / MIB - 1) < 0.1, `mean ${mean}`);
  assert.ok(lengths.every((length) => length >= 256 * KIB && length <= 4 * MIB));
  const below = lengths.filter((length) => length < MIB).length / lengths.length;
  // 1 − e^(−0.75 · 2^20 · 48 / 2^26) = 43 % end before the target size.
  assert.ok(Math.abs(below - 0.43) < 0.12, `${below} below the target`);
});

test('content of others is cut at every MiB', () => {
  const file = new Uint8Array(3 * MIB + 5);
  assert.deepEqual(cutLengths(createFixedChunker(), sliced(file, [700_000])), [MIB, MIB, MIB, 5]);
  assert.deepEqual(cutLengths(createFixedChunker(), []), []);
});
