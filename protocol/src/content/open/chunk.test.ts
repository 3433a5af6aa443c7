import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { concatBytes, IntegrityError, type IntegrityCode } from '../../core/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import { chunkId } from '../chunk-format.ts';
import {
  openChunk,
  padChunk,
  sealChunk,
  sealForeignChunk,
  sealPaddedChunk,
  type ChunkRef,
} from './chunk.ts';

const suite = await createNodeOpenSuite();
const contentKey = new Uint8Array(32).fill(7);
const plaintext = new Uint8Array(randomBytes(1000));
const sealed = sealChunk(suite, contentKey, plaintext);
const stored = concatBytes(...sealed.parts);

function fails(code: IntegrityCode, ref: ChunkRef, bytes: Uint8Array): void {
  assert.throws(
    () => openChunk(suite, ref, bytes),
    (error) => error instanceof IntegrityError && error.code === code,
  );
}

/** The ref with the id and length that `bytes` have. */
function refOf(bytes: Uint8Array, ref: ChunkRef = sealed.ref): ChunkRef {
  return { ...ref, id: chunkId(suite, bytes), storedLength: bytes.length };
}

test('a sealed chunk opens to its plaintext', () => {
  for (const length of [1, 255, 256, 257, 70_000, 4 * 1024 * 1024]) {
    const plain = new Uint8Array(length).fill(length & 0xff);
    const { ref, parts } = sealChunk(suite, contentKey, plain);
    const bytes = concatBytes(...parts);
    assert.equal(ref.storedLength, bytes.length);
    assert.deepEqual(openChunk(suite, ref, bytes), plain);
  }
});

test('equal chunks seal to equal bytes under one content key and to others under another', () => {
  assert.deepEqual(sealChunk(suite, contentKey, plaintext), sealed);
  const other = sealChunk(suite, new Uint8Array(32).fill(8), plaintext);
  assert.notEqual(other.ref.id, sealed.ref.id);
});

test('content of others never seals to equal bytes', () => {
  const one = sealForeignChunk(suite, plaintext);
  assert.notEqual(one.ref.id, sealForeignChunk(suite, plaintext).ref.id);
  assert.deepEqual(openChunk(suite, one.ref, concatBytes(...one.parts)), plaintext);
});

test('a chunk of another length or id is refused before it is opened', () => {
  fails('digest-mismatch', sealed.ref, stored.subarray(1));
  fails('digest-mismatch', sealed.ref, concatBytes(stored, Uint8Array.of(0)));
  for (const at of [0, 4, 36, stored.length - 1]) {
    const flipped = stored.slice();
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    fails('digest-mismatch', sealed.ref, flipped);
  }
});

test('a flipped bit anywhere does not open even under its own id', () => {
  for (const at of [0, 1, 2, 3, 4, 35, 36, 500, stored.length - 1]) {
    const flipped = stored.slice();
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    fails('open-failed', refOf(flipped), flipped);
  }
  fails('open-failed', refOf(stored.subarray(0, 40)), stored.subarray(0, 40));
});

test('a chunk does not open under another key', () => {
  fails('open-failed', { ...sealed.ref, key: new Uint8Array(32) }, stored);
});

test('padding that is not zero and a wrong plain length are refused', () => {
  fails('malformed', { ...sealed.ref, plainLength: 999 }, stored);
  fails('malformed', { ...sealed.ref, plainLength: 1025 }, stored);
  fails('malformed', { ...sealed.ref, plainLength: 0 }, stored);
  const padded = padChunk(plaintext);
  padded[padded.length - 1] = 1;
  const dirty = sealPaddedChunk(suite, sealed.ref.key, padded, plaintext.length);
  fails('malformed', dirty.ref, concatBytes(...dirty.parts));
  const zeros = sealPaddedChunk(suite, sealed.ref.key, new Uint8Array(1024), 100);
  fails('malformed', zeros.ref, concatBytes(...zeros.parts));
});
