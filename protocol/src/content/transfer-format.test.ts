import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { FormatError } from '../core/index.ts';
import {
  encodeIdList,
  encodeMissing,
  encodeReadFrameHead,
  parseIdList,
  parseMissing,
  parseReadFrameHead,
  type ContentId,
} from './transfer-format.ts';

const one = 'ab'.repeat(32) as ContentId;
const other = '01'.repeat(32) as ContentId;

test('a list of ids comes back and another length is refused', () => {
  const bytes = encodeIdList([one, other]);
  assert.deepEqual(parseIdList(bytes), [one, other]);
  for (const length of [0, 31, 33, 63, 32 * 4097]) {
    assert.throws(() => parseIdList(new Uint8Array(length)), FormatError);
  }
});

test('the bitmap counts from the top bit and comes back', () => {
  assert.deepEqual(encodeMissing([true, false, true]), Uint8Array.of(0b1010_0000));
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }), (missing) => {
      assert.deepEqual(parseMissing(encodeMissing(missing), missing.length), missing);
    }),
  );
  assert.throws(() => parseMissing(Uint8Array.of(0b1010_0001), 3), FormatError);
  assert.throws(() => parseMissing(Uint8Array.of(0, 0), 8), FormatError);
});

test('the head of a frame comes back', () => {
  assert.deepEqual(parseReadFrameHead(encodeReadFrameHead(one, 70_000)), {
    id: one,
    length: 70_000,
  });
  assert.throws(() => parseReadFrameHead(new Uint8Array(35)), FormatError);
});
