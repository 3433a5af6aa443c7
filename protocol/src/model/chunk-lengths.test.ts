import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { CHUNK_SIZE_BYTES_MAX } from '../core/index.ts';
import { isStoredChunkLength, paddedLength, storedChunkLength } from './chunk-lengths.ts';

test('known lengths have known padded lengths', () => {
  const pairs = [
    [0, 256],
    [1, 256],
    [256, 256],
    [257, 272],
    [1000, 1024],
    [1025, 1088],
    [100_000, 100_352],
    [1_048_576, 1_048_576],
    [1_048_577, 1_081_344],
    [4_194_304, 4_194_304],
  ] as const;
  for (const [plain, padded] of pairs) assert.equal(paddedLength(plain), padded, `${plain}`);
});

test('padding adds at most 12 % above 256 bytes, grows with the length and is stable', () => {
  const lengths = fc.integer({ min: 256, max: CHUNK_SIZE_BYTES_MAX });
  fc.assert(
    fc.property(lengths, (length) => {
      const padded = paddedLength(length);
      assert.ok(padded >= length && padded <= length * 1.12);
      assert.ok(padded <= paddedLength(length + 1));
      assert.equal(paddedLength(padded), padded);
    }),
  );
});

test('only lengths that a chunk can be stored with count as such', () => {
  assert.ok(isStoredChunkLength(storedChunkLength(1)));
  assert.ok(isStoredChunkLength(storedChunkLength(CHUNK_SIZE_BYTES_MAX)));
  for (const length of [0, 52, 307, 309, storedChunkLength(CHUNK_SIZE_BYTES_MAX) + 1, 2 ** 31]) {
    assert.ok(!isStoredChunkLength(length), `${length}`);
  }
});
