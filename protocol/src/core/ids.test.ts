import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { bytesToHex } from './bytes.ts';
import { FormatError } from './errors.ts';
import {
  digestFromBytes,
  idFromBytes,
  idToBytes,
  NO_PARENT,
  parseDigest,
  parseId,
  reservedId,
  ZERO_DIGEST,
  type Digest,
  type NodeId,
} from './ids.ts';

const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('an id comes back from its bytes and from its text', () => {
  fc.assert(
    fc.property(sixteen, (bytes) => {
      fc.pre(bytes.subarray(0, 8).some((byte) => byte !== 0));
      const id = idFromBytes<NodeId>(bytes);
      assert.deepEqual(idToBytes(id), new Uint8Array(bytes));
      assert.equal(parseId<NodeId>(bytesToHex(bytes)), id);
    }),
  );
});

test('an id whose first eight bytes are zero is refused', () => {
  fc.assert(
    fc.property(sixteen, (bytes) => {
      const reserved = Uint8Array.from(bytes).fill(0, 0, 8);
      assert.throws(() => idFromBytes<NodeId>(reserved), FormatError);
      assert.throws(() => parseId<NodeId>(bytesToHex(reserved)), FormatError);
    }),
  );
  assert.doesNotThrow(() =>
    idFromBytes<NodeId>(Uint8Array.from({ length: 16 }, (_, i) => Number(i === 7))),
  );
});

test('ids and digests of other lengths or digits are refused', () => {
  for (const length of [0, 15, 17, 32]) {
    assert.throws(() => idFromBytes<NodeId>(new Uint8Array(length).fill(1)), FormatError);
  }
  for (const length of [0, 31, 33]) {
    assert.throws(() => digestFromBytes<Digest>(new Uint8Array(length)), FormatError);
  }
  for (const bad of [
    '',
    'a'.repeat(31),
    'a'.repeat(33),
    'A'.repeat(32),
    'g'.repeat(32),
    `${'a'.repeat(32)}\n`,
  ]) {
    assert.throws(() => parseId<NodeId>(bad), FormatError, bad);
    assert.throws(() => parseDigest<Digest>(bad + bad), FormatError, bad);
  }
  assert.equal(parseDigest<Digest>('0'.repeat(64)), ZERO_DIGEST);
});

test('reserved ids are those that the protocol writes down', () => {
  assert.equal(NO_PARENT, '0'.repeat(32));
  assert.equal(reservedId<NodeId>(3), `${'0'.repeat(30)}03`);
});
