import assert from 'node:assert/strict';
import test from 'node:test';
import { decodeCbor, encodeCbor, schema } from './index.ts';

test('text keeps every code point, a byte order mark at its beginning too', () => {
  for (const text of ['\ufeffnotes.txt', '\ufeff', 'a\ufeffb', '\u0000', 'Grüße 🌍']) {
    assert.equal(decodeCbor(encodeCbor([text]), schema.tuple(schema.text(64)), 256)[0], text);
  }
});
