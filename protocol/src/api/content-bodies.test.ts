import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { FormatError, IDS_PER_REQUEST_MAX } from '../core/index.ts';
import {
  decodeIds,
  decodeMissing,
  decodeReadFrame,
  encodeIds,
  encodeMissing,
  encodeReadFrame,
  type BodyId,
} from './content-bodies.ts';

const one = 'ab'.repeat(32) as BodyId;
const other = '01'.repeat(32) as BodyId;

test('a list of 1 to 4,096 ids comes back, and another length is refused', () => {
  for (const count of [1, 2, IDS_PER_REQUEST_MAX]) {
    const ids = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? one : other));
    assert.deepEqual(decodeIds(encodeIds(ids)), ids);
  }
  for (const length of [0, 31, 33, 63, 32 * (IDS_PER_REQUEST_MAX + 1)]) {
    assert.throws(() => decodeIds(new Uint8Array(length)), FormatError, `${length} bytes`);
  }
});

test('the bitmap counts from the top bit and comes back', () => {
  assert.deepEqual(encodeMissing([true, false, true]), Uint8Array.of(0b1010_0000));
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }), (missing) => {
      assert.deepEqual(decodeMissing(encodeMissing(missing), missing.length), missing);
    }),
  );
  assert.throws(() => decodeMissing(Uint8Array.of(0b1010_0001), 3), FormatError);
  assert.throws(() => decodeMissing(Uint8Array.of(0x90, 0xa0), 10), FormatError);
  assert.throws(() => decodeMissing(Uint8Array.of(0, 0), 8), FormatError);
  assert.throws(() => decodeMissing(Uint8Array.of(0x90), 10), FormatError);
});

test('a read frame carries id and length', () => {
  assert.deepEqual(decodeReadFrame(encodeReadFrame(one, 70_000)), { id: one, lengthBytes: 70_000 });
  for (const length of [0, 35, 37]) {
    assert.throws(() => decodeReadFrame(new Uint8Array(length)), FormatError);
  }
});
