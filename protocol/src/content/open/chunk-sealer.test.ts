import assert from 'node:assert/strict';
import test from 'node:test';
import { concatBytes } from '../../core/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import { openChunk } from './chunk.ts';
import { BaseChunks, ChunkSealer } from './chunk-sealer.ts';

const suite = await createNodeOpenSuite();
const CONTENT_KEY = new Uint8Array(32).fill(9);
const OLDER_KEY = new Uint8Array(32).fill(8);
const short = new TextEncoder().encode('ends in no zero');
const long = concatBytes(short, new Uint8Array(7));

test('contents that differ in zeros at the end alone share a chunk and keep their lengths', () => {
  const sealer = new ChunkSealer(suite, () => [CONTENT_KEY]);
  const [first, second] = [sealer.seal(short, undefined), sealer.seal(long, undefined)];
  assert.equal(second.ref.id, first.ref.id);
  assert.deepEqual([first.ref.plainLength, second.ref.plainLength], [short.length, long.length]);
  assert.deepEqual(openChunk(suite, second.ref, concatBytes(...second.parts())), long);
  assert.deepEqual(openChunk(suite, first.ref, concatBytes(...first.parts())), short);
});

test('a chunk kept from the base revision has the length of the new content', () => {
  const before = new ChunkSealer(suite, () => [OLDER_KEY]).seal(short, undefined);
  const base = new BaseChunks([before.ref, { ...before.ref, plainLength: long.length }]);
  const after = new ChunkSealer(suite, () => [CONTENT_KEY, OLDER_KEY]).seal(long, base);
  assert.equal(after.ref.id, before.ref.id);
  assert.equal(after.ref.plainLength, long.length);
});
