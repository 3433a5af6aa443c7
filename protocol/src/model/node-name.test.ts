import assert from 'node:assert/strict';
import test from 'node:test';
import { parseNodeName } from './node-name.ts';

test('names are kept code point for code point', () => {
  const names = [
    'a',
    '...',
    ' ',
    'e\u0301',
    'é',
    'CON',
    'a\\b',
    'x'.repeat(1024),
    '\u202Etxt',
    '🙂',
  ];
  for (const name of names) assert.deepEqual(parseNodeName(name), { ok: true, value: name });
});

test('what cannot be a name is refused with its reason', () => {
  const problems: Readonly<Record<string, string>> = {
    '': 'empty',
    '.': 'reserved',
    '..': 'reserved',
    'a/b': 'forbidden-character',
    'a\0': 'forbidden-character',
    '\ud800': 'not-text',
    [`${'é'.repeat(512)}x`]: 'too-long',
  };
  for (const [name, error] of Object.entries(problems)) {
    assert.deepEqual(parseNodeName(name), { ok: false, error });
  }
});
