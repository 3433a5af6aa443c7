import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  bytesToHex,
  CBOR_DEPTH_MAX,
  CBOR_ITEMS_MAX,
  concatBytes,
  FormatError,
  hexToBytes,
  u32be,
} from '../core/index.ts';
import { decodeCbor, encodeCbor, type Cbor } from './cbor.ts';
import * as schema from './schema.ts';
import { referenceDecode, referenceEncode } from './testing/reference-cbor.ts';

const anything: schema.Schema<Cbor> = (value) => value as Cbor;
const decodeAny = (bytes: Uint8Array): Cbor => decodeCbor(bytes, anything, 1 << 20);

const leaf = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 70_000 }),
  fc.boolean(),
  fc.constant(null),
  fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(bytes)),
  fc.string({ unit: 'grapheme' }),
);
const value: fc.Arbitrary<Cbor> = fc.letrec<{ node: Cbor }>((tie) => ({
  node: fc.oneof({ maxDepth: CBOR_DEPTH_MAX - 1 }, leaf, fc.array(tie('node'), { maxLength: 30 })),
})).node;

test('a value comes back from its encoding', () => {
  fc.assert(
    fc.property(value, (original) => {
      assert.deepEqual(decodeAny(encodeCbor(original)), original);
    }),
  );
});

test('whatever is accepted is the one encoding of what it says', () => {
  const mutated = fc
    .tuple(value, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat({ max: 3 }))
    .map(([original, at, byte, kind]) => mutate(encodeCbor(original), at, byte, kind));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      let decoded: Cbor;
      try {
        decoded = decodeAny(bytes);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
        return;
      }
      assert.equal(bytesToHex(encodeCbor(decoded)), bytesToHex(bytes));
    }),
    { numRuns: 3000 },
  );
});

test('reading and writing in one pass say what decoding, encoding again and comparing says', () => {
  const outcome = (read: () => Cbor): unknown => {
    try {
      return read();
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
      return 'refused';
    }
  };
  const head = fc
    .tuple(
      fc.integer({ min: 0, max: 255 }),
      fc.uint8Array({ minLength: 0, maxLength: 9 }),
      fc.constantFrom(0, 1, 23, 24, 25),
    )
    .map(([first, rest, zeros]) =>
      concatBytes(Uint8Array.of(first), new Uint8Array(rest), new Uint8Array(zeros)),
    );
  const changed = fc
    .tuple(value, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat({ max: 3 }))
    .map(([original, at, byte, kind]) => mutate(encodeCbor(original), at, byte, kind));
  fc.assert(
    fc.property(fc.oneof(changed, head, fc.uint8Array({ maxLength: 12 })), (bytes) => {
      assert.deepEqual(
        outcome(() => decodeAny(bytes)),
        outcome(() => referenceDecode(bytes)),
      );
    }),
    { numRuns: 20_000 },
  );
  fc.assert(
    fc.property(value, (original) => {
      assert.deepEqual(encodeCbor(original), new Uint8Array(referenceEncode(original)));
    }),
  );
});

test('every head has one form', () => {
  for (const head of ['1800', '1817', '190000', '1900ff', '1a00000000', '1a0000ffff', '1c', '1f']) {
    assert.throws(() => decodeAny(hexToBytes(head)), FormatError, head);
  }
  for (const head of ['1b00000000ffffffff', '1b0020000000000000', '3b001fffffffffffff', '9f00ff']) {
    assert.throws(() => decodeAny(hexToBytes(head)), FormatError, head);
  }
  for (const number of [23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
    assert.equal(decodeAny(encodeCbor(number)), number);
    assert.equal(decodeAny(encodeCbor(-number)), -number);
    assert.deepEqual(encodeCbor(number), new Uint8Array(referenceEncode(number)));
    assert.deepEqual(encodeCbor(-number), new Uint8Array(referenceEncode(-number)));
  }
});

test('values that the encoding cannot hold are refused before they are encoded', () => {
  const bad: readonly unknown[] = [
    2 ** 53,
    -(2 ** 53),
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '\ud800',
    'a\udfff',
    undefined,
    10n,
    Symbol('x'),
    {},
    new Map(),
    new Date(0),
    new ArrayBuffer(1),
    new Float64Array(1),
    () => 0,
  ];
  for (const one of bad) {
    assert.throws(() => encodeCbor(one as Cbor), FormatError, String(one));
    assert.throws(() => encodeCbor([0, [one as Cbor]]), FormatError, String(one));
  }
});

test('arrays nest eight deep and no deeper, however deep the input is', () => {
  const nested = (depth: number): Cbor => (depth === 0 ? 0 : [nested(depth - 1)]);
  assert.deepEqual(decodeAny(encodeCbor(nested(8))), nested(8));
  assert.throws(() => encodeCbor(nested(9)), FormatError);
  for (const depth of [9, 1000, 500_000]) {
    const bytes = concatBytes(new Uint8Array(depth).fill(0x81), Uint8Array.of(0));
    assert.throws(() => decodeAny(bytes), FormatError, `${depth} deep`);
  }
});

test('sizes are checked before anything is decoded', () => {
  const bytes = encodeCbor(new Uint8Array(10));
  assert.throws(() => decodeCbor(bytes, anything, bytes.length - 1), FormatError);
  assert.doesNotThrow(() => decodeCbor(bytes, anything, bytes.length));
  for (const claim of ['9affffffff', '9bffffffffffffffff', '5affffffff', '7b0000ffffffffffff']) {
    assert.throws(() => decodeAny(hexToBytes(claim)), FormatError, claim);
  }
});

test('a value of too many items is refused before it fills the memory', () => {
  const many = (count: number): Uint8Array =>
    concatBytes(Uint8Array.of(0x9a), u32be(count), new Uint8Array(count).fill(0x80));
  const accept = (bytes: Uint8Array): unknown => decodeCbor(bytes, anything, 1 << 24);
  assert.doesNotThrow(() => accept(many(CBOR_ITEMS_MAX - 1)));
  assert.throws(() => accept(many(CBOR_ITEMS_MAX)), FormatError);
  const before = process.memoryUsage().heapUsed;
  assert.throws(() => accept(many(15_000_000)), FormatError);
  assert.ok(process.memoryUsage().heapUsed - before < 100_000_000);
});

test('arrays beside each other do not count as nested', () => {
  const wide = Array.from({ length: 20 }, () => [[], [[]], 1, []]);
  assert.deepEqual(decodeAny(encodeCbor(wide)), wide);
});

test('a Buffer decodes to plain bytes of their own', () => {
  const source = Buffer.from(encodeCbor([Uint8Array.of(1, 2)]));
  const [inner] = decodeCbor(source, schema.tuple(schema.bytes(2)), 10);
  source.fill(0);
  assert.deepEqual(inner, Uint8Array.of(1, 2));
});

test('minus zero is encoded as zero', () => {
  assert.equal(bytesToHex(encodeCbor(-0)), '00');
});

test('decoded byte strings do not change when their source does', () => {
  const bytes = encodeCbor([Uint8Array.of(1, 2, 3)]);
  const [inner] = decodeCbor(bytes, schema.tuple(schema.bytes(3)), 10);
  bytes.fill(0);
  assert.deepEqual(inner, Uint8Array.of(1, 2, 3));
});

function mutate(bytes: Uint8Array, at: number, byte: number, kind: number): Uint8Array {
  const index = at % (bytes.length + 1);
  const [before, after] = [bytes.subarray(0, index), bytes.subarray(index)];
  if (kind === 0) return concatBytes(before, Uint8Array.of(byte), after);
  if (kind === 1) return concatBytes(before, after.subarray(1));
  if (kind === 2) return before;
  return concatBytes(before, Uint8Array.of(byte), after.subarray(1));
}
