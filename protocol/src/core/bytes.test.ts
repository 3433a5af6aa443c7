import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  base64UrlToBytes,
  bytesToBase64Url,
  bytesToHex,
  bytesToUtf8,
  compareBytes,
  concatBytes,
  equalBytes,
  hexToBytes,
  isZeroBytes,
  readU32be,
  u32be,
  u64be,
  utf8ToBytes,
} from './bytes.ts';

const bytes = fc.uint8Array({ maxLength: 70 });
const sign = (value: number): number => Math.sign(value);

test('hexadecimal says what Buffer says, and comes back', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const text = bytesToHex(value);
      assert.equal(text, Buffer.from(value).toString('hex'));
      assert.deepEqual(hexToBytes(text), new Uint8Array(value));
    }),
  );
});

test('hexadecimal of odd length, upper case or with anything else is refused', () => {
  for (const bad of [
    '0',
    '0g',
    'AB',
    '0x',
    ' 0',
    '00 ',
    '-1',
    '\u0660\u0660',
    'é0',
    '\u01300',
    '0\ud83d',
  ]) {
    assert.throws(() => hexToBytes(bad), RangeError, bad);
  }
  const valid = new Set('0123456789abcdef');
  for (let code = 0; code < 0x250; code++) {
    const digit = String.fromCharCode(code);
    const read = (): unknown => [hexToBytes(`0${digit}`), hexToBytes(`${digit}0`)];
    if (valid.has(digit)) assert.doesNotThrow(read);
    else assert.throws(read, RangeError, `code unit ${code}`);
  }
});

test('base64url says what Buffer says, and comes back', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      const text = bytesToBase64Url(value);
      assert.equal(text, Buffer.from(value).toString('base64url'));
      assert.deepEqual(base64UrlToBytes(text), new Uint8Array(value));
    }),
  );
});

test('every text that base64url accepts is the one encoding of its bytes', () => {
  const digit = fc.constantFrom(...Array.from('ABYZabyz0189-_=+/ é'), '\ud83d');
  fc.assert(
    fc.property(fc.string({ unit: digit, maxLength: 6 }), (text) => {
      let value: Uint8Array;
      try {
        value = base64UrlToBytes(text);
      } catch (error) {
        assert.ok(error instanceof RangeError);
        return;
      }
      assert.equal(bytesToBase64Url(value), text);
    }),
    { numRuns: 2000 },
  );
  for (const bad of ['A', 'AB', 'AAB', 'AA==', 'A+', 'AAAAA']) {
    assert.throws(() => base64UrlToBytes(bad), RangeError, bad);
  }
});

test('bytes compare as Buffers do', () => {
  const near = fc
    .tuple(bytes, bytes, fc.boolean())
    .map(([a, b, same]) => [a, same ? a : b] as const);
  fc.assert(
    fc.property(near, ([a, b]) => {
      assert.equal(sign(compareBytes(a, b)), Buffer.compare(a, b));
      assert.equal(equalBytes(a, b), Buffer.compare(a, b) === 0);
      assert.equal(sign(compareBytes(a, b)), sign(compareText(bytesToHex(a), bytesToHex(b))));
    }),
  );
  assert.equal(equalBytes(Uint8Array.of(0), Uint8Array.of(0, 0)), false);
});

test('text is kept as UTF-8, and broken text or bytes are refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(bytesToUtf8(utf8ToBytes(text)), text);
    }),
  );
  assert.equal(bytesToUtf8(utf8ToBytes('\ufeffmark')), '\ufeffmark');
  for (const bad of ['\ud800', 'a\udc00', '\udc00\ud800']) {
    assert.throws(() => utf8ToBytes(bad), RangeError);
  }
  for (const bad of [
    [0xff],
    [0xc1, 0xa1],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x82],
  ]) {
    assert.throws(() => bytesToUtf8(Uint8Array.from(bad)), TypeError);
  }
});

test('numbers have a fixed width, big end first', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.maxSafeNat(), (small, large) => {
      assert.equal(bytesToHex(u32be(small)), small.toString(16).padStart(8, '0'));
      assert.equal(readU32be(concatBytes(Uint8Array.of(9), u32be(small)), 1), small);
      assert.equal(bytesToHex(u64be(large)), large.toString(16).padStart(16, '0'));
    }),
  );
});

test('joining and telling zeros work on views of larger buffers', () => {
  const whole = Uint8Array.of(1, 0, 0, 2);
  assert.deepEqual(concatBytes(whole.subarray(3), whole.subarray(0, 1)), Uint8Array.of(2, 1));
  assert.ok(isZeroBytes(whole.subarray(1, 3)));
  assert.equal(isZeroBytes(whole), false);
  assert.deepEqual(concatBytes(), new Uint8Array(0));
});

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
