/** A search that finds nothing says something only if it would find what is there. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import { assertNothingLeaked, textsOf } from './leaks.ts';

const NAME = 'Grüße an Ada.txt';
const KEY = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 250) & 0xff);
const OTHERS = Uint8Array.from({ length: 64 }, (_, i) => (i * 11) & 0xff);

const SPELLINGS: Readonly<Record<string, (bytes: Buffer) => string | Buffer>> = {
  bytes: (bytes) => bytes,
  hexadecimal: (bytes) => bytes.toString('hex'),
  'upper-case hexadecimal': (bytes) => bytes.toString('hex').toUpperCase(),
  base64: (bytes) => bytes.toString('base64'),
  base64url: (bytes) => bytes.toString('base64url'),
  'all in percents': (bytes) => bytes.toString('hex').replaceAll(/../g, (digits) => `%${digits}`),
};

/** Request lines, headers and bodies around what is looked for. */
const around = (spelt: string | Buffer): readonly Bytes[] => [
  utf8ToBytes('GET /v1/x\nhost: 127.0.0.1\n'),
  new Uint8Array(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(spelt), Buffer.from('"}')])),
];

for (const [spelling, spell] of Object.entries(SPELLINGS)) {
  test(`what leaves as ${spelling} is found, alone and at any place among other bytes`, () => {
    for (const needle of [KEY, utf8ToBytes(NAME)]) {
      for (let before = 0; before < 4; before++) {
        for (let after = 0; after < 4; after++) {
          const whole = [OTHERS.subarray(0, before), needle, OTHERS.subarray(40, 40 + after)];
          const sent = around(spell(Buffer.concat(whole)));
          const search = (): void => assertNothingLeaked(sent, { secret: needle });
          assert.throws(search, /secret left the device/, `${before} before, ${after} after`);
        }
      }
    }
  });
}

test('a text in a path or a query is found', () => {
  const sent = around(`/v1/x?name=${encodeURIComponent(NAME)}`);
  assert.throws(() => assertNothingLeaked(sent, textsOf(NAME)), /left the device/);
});

test('what did not leave is not found, and a search of nothing is none', () => {
  const sent = around(Buffer.from(OTHERS).toString('base64'));
  assertNothingLeaked(sent, { secret: KEY }, textsOf(NAME));
  assert.throws(() => assertNothingLeaked([], textsOf(NAME)), /something was sent/);
  assert.throws(() => assertNothingLeaked(sent, textsOf('abc')), /long enough/);
});
