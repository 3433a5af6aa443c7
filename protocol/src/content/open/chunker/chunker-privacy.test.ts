/** What chunk lengths tell to someone who knows or guesses the content, but not the chunker key. */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import test from 'node:test';
import type { Bytes } from '../../../core/index.ts';
import { createNodeVerifySuite } from '../../../suites/node-verify.ts';
import { paddedLength } from '../../../model/chunk-lengths.ts';
import { createChunker } from './chunker.ts';

const MIB = 1024 * 1024;
const suite = createNodeVerifySuite();

function seededBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  return new Uint8Array(stream.update(Buffer.alloc(length)));
}

function cutLengths(keySeed: number, file: Bytes): number[] {
  const by = createChunker(suite, seededBytes(keySeed, 32)).start();
  const lengths = Array.from(by.push(file), (chunk) => chunk.length);
  for (const chunk of by.end()) lengths.push(chunk.length);
  return lengths;
}

function cuts(keySeed: number, file: Bytes): Set<number> {
  let end = 0;
  return new Set(cutLengths(keySeed, file).map((length) => (end += length)));
}

test('the same key cuts the same in every instance', () => {
  const file = seededBytes(100, 8 * MIB);
  assert.deepEqual(cutLengths(1, file), cutLengths(1, file));
});

test('different keys share no more cuts than chance gives', () => {
  const file = seededBytes(101, 24 * MIB);
  const sets = Array.from({ length: 8 }, (_, i) => cuts(200 + i, file));
  let shared = 0;
  let united = 0;
  for (const [i, one] of sets.entries()) {
    for (const other of sets.slice(i + 1)) {
      shared += one.intersection(other).size;
      united += one.union(other).size;
    }
  }
  // The end of the file is common to all 28 pairs. By chance about one cut in 1,400 is.
  assert.ok(united > 1000);
  assert.ok(shared - 28 <= 6, `${shared - 28} of ${united} cuts are shared`);
});

test('only the first half of the chunker key decides about cuts', () => {
  const file = seededBytes(102, 8 * MIB);
  const key = seededBytes(300, 32);
  const by = createChunker(suite, key.slice(0, 16)).start();
  const lengths = Array.from(by.push(file), (chunk) => chunk.length);
  for (const chunk of by.end()) lengths.push(chunk.length);
  assert.deepEqual(lengths, cutLengths(300, file));
});

test('padded lengths do not tell which of many candidate files is stored', () => {
  // Goal: the adversary knows 32 files of one size and sees the padded lengths of one of them. It
  // cuts every candidate under a key of its own and names the one whose lengths agree most.
  const files = Array.from({ length: 32 }, (_, i) => seededBytes(400 + i, 4 * MIB));
  const guesses = files.map((file) => cutLengths(900, file).map(paddedLength));
  let named = 0;
  for (const [stored, file] of files.entries()) {
    const seen = new Set(cutLengths(500 + stored, file).map(paddedLength));
    const scores = guesses.map((lengths) => lengths.filter((length) => seen.has(length)).length);
    const best = Math.max(...scores);
    const leaders = scores.flatMap((score, i) => (score === best ? [i] : []));
    if (leaders.includes(stored)) named += 1 / leaders.length;
  }
  // Chance is one hit; 6 or more by chance has a probability below 0.001.
  assert.ok(named < 6, `${named} of 32 files named`);
});
