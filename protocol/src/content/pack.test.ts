import assert from 'node:assert/strict';
import test from 'node:test';
import { concatBytes, FormatError, PACK_SIZE_BYTES_MAX, type ChunkId } from '../core/index.ts';
import { createNodeVerifySuite } from '../suites/node-verify.ts';
import { storedChunkLength } from '../model/chunk-lengths.ts';
import { pageId } from '../model/page.ts';
import { chunkId } from './chunk-format.ts';
import { encodePack, packLength, parsePack, readPack, type PackBody } from './pack.ts';

const suite = createNodeVerifySuite();

function chunkBody(fill: number, plainLength = 10): PackBody {
  const bytes = new Uint8Array(storedChunkLength(plainLength)).fill(fill);
  return { id: chunkId(suite, bytes), isPage: false, parts: [bytes] };
}

function pageBody(fill: number): PackBody {
  const bytes = new Uint8Array(200).fill(fill);
  return {
    id: pageId(suite, bytes),
    isPage: true,
    parts: [bytes.subarray(0, 7), bytes.subarray(7)],
  };
}

const bodies = [chunkBody(1), pageBody(2), chunkBody(3, 5000)];
const pack = encodePack(bodies);

/** The pack with `change` done to a copy of it. */
function changed(change: (copy: Uint8Array) => void): Uint8Array {
  const copy = pack.slice();
  change(copy);
  return copy;
}

test('a pack gives back its bodies in order', () => {
  const entries = readPack(suite, pack);
  assert.deepEqual(
    entries.map(({ id, isPage, bytes }) => ({ id, isPage, bytes: concatBytes(bytes) })),
    bodies.map(({ id, isPage, parts }) => ({ id, isPage, bytes: concatBytes(...parts) })),
  );
  for (const { offset, bytes } of entries) {
    assert.deepEqual(pack.subarray(offset, offset + bytes.length), bytes);
  }
});

test('a pack that is cut off anywhere or too long is refused', () => {
  for (let length = 0; length < pack.length; length += length < 200 ? 1 : 97) {
    assert.throws(() => parsePack(pack.subarray(0, length)), FormatError, `${length}`);
  }
  assert.throws(() => parsePack(concatBytes(pack, Uint8Array.of(0))), FormatError);
  assert.throws(() => parsePack(new Uint8Array(PACK_SIZE_BYTES_MAX + 1)), FormatError);
});

test('another magic, version, reserved byte or count is refused', () => {
  for (let at = 0; at < 8; at++) {
    assert.throws(
      () => parsePack(changed((copy) => (copy[at] = (copy[at] ?? 0) ^ 2))),
      FormatError,
    );
  }
  const none = concatBytes(pack.subarray(0, 6), Uint8Array.of(0, 0));
  assert.throws(() => parsePack(none), FormatError);
});

test('a length that no chunk or page has is refused', () => {
  const firstLength = packLength(0, 0) + 32;
  const setLength = (value: number) =>
    changed((copy) => new DataView(copy.buffer).setUint32(firstLength, value));
  for (const length of [0, 307, 309, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    assert.throws(() => parsePack(setLength(length)), FormatError, `${length}`);
  }
});

test('an id twice in a pack is refused', () => {
  const twice = encodePack([chunkBody(1), chunkBody(1)]);
  assert.throws(() => parsePack(twice), FormatError);
});

test('a body with another id is refused, as chunk and as page', () => {
  const flipLast = changed((copy) => (copy[copy.length - 1] = 9));
  assert.throws(() => readPack(suite, flipLast), FormatError);
  const asChunk = { ...chunkBody(4), id: pageId(suite, new Uint8Array(308).fill(4)) };
  assert.throws(() => readPack(suite, encodePack([asChunk])), FormatError);
  const asPage = { ...pageBody(5), id: '00'.repeat(32) as ChunkId };
  assert.throws(() => readPack(suite, encodePack([asPage])), FormatError);
});
