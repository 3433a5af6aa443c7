import assert from 'node:assert/strict';
import test from 'node:test';
import { utf8ToBytes } from '@coffer/protocol/core';
import { toBase32 } from './second-factor.ts';

test('base32 is that of RFC 4648, section 10, without padding', () => {
  const known = ['', 'my', 'mzxq', 'mzxw6', 'mzxw6yq', 'mzxw6ytb', 'mzxw6ytboi'];
  known.forEach((text, length) => {
    assert.equal(toBase32(utf8ToBytes('foobar'.slice(0, length))), text);
  });
  assert.equal(toBase32(new Uint8Array(20).fill(0xff)), '7'.repeat(32));
});
