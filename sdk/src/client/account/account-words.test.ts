import assert from 'node:assert/strict';
import test from 'node:test';
import { normaliseAccountName } from './account-name.ts';
import { parseRecoveryWords, recoveryKeyToWords } from './recovery-words.ts';

test('a recovery key is 24 words and comes back from them, however they are typed', () => {
  const key = new Uint8Array(32).map((_, i) => i * 7);
  const words = recoveryKeyToWords(key);
  assert.equal(words.length, 24);
  assert.deepEqual(parseRecoveryWords(words.join(' ')), key);
  assert.deepEqual(parseRecoveryWords(`  ${words.join('\n\t').toUpperCase()} `), key);
});

test('the words of a key of zeros are those of the standard', () => {
  const words = recoveryKeyToWords(new Uint8Array(32));
  assert.deepEqual(words, [...Array.from({ length: 23 }, () => 'abandon'), 'art']);
});

test('a wrong word, a wrong order and a missing word are noticed', () => {
  const words = [...recoveryKeyToWords(new Uint8Array(32).map((_, i) => i * 7))];
  assert.equal(parseRecoveryWords(words.slice(1).join(' ')), undefined);
  assert.equal(parseRecoveryWords(['coffer', ...words.slice(1)].join(' ')), undefined);
  assert.equal(parseRecoveryWords(words.toReversed().join(' ')), undefined);
  assert.equal(parseRecoveryWords(''), undefined);
});

test('names that look alike are one name', () => {
  assert.equal(normaliseAccountName(' Ana@Example.ORG\n'), 'ana@example.org');
  assert.equal(normaliseAccountName('Zoe\u0301@x'), normaliseAccountName('ZO\u00c9@x'));
});
