import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8ToBytes } from '@coffer/protocol/core';
import { oneTimeCode, stepsOfCode } from './one-time-code.ts';

const secret = utf8ToBytes('12345678901234567890');

test('codes by counter are those of RFC 4226, appendix D', () => {
  const codes = Array.from({ length: 10 }, (_, counter) => oneTimeCode(secret, counter));
  assert.deepEqual(codes, [
    '755224',
    '287082',
    '359152',
    '969429',
    '338314',
    '254676',
    '287922',
    '162583',
    '399871',
    '520489',
  ]);
});

test('codes by time are the last six digits of those of RFC 6238, appendix B', () => {
  const eightDigits: readonly (readonly [seconds: number, code: string])[] = [
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ];
  for (const [seconds, code] of eightDigits) {
    const step = Math.floor(seconds / 30);
    assert.ok(stepsOfCode(secret, code.slice(2), seconds * 1000).includes(step), String(seconds));
  }
});

test('a code counts one step early and one step late, not two', () => {
  const now = 1_700_000_010_000;
  const step = Math.floor(now / 30_000);
  for (const aside of [-2, -1, 0, 1, 2]) {
    const steps = stepsOfCode(secret, oneTimeCode(secret, step + aside), now);
    assert.equal(steps.includes(step + aside), Math.abs(aside) <= 1, String(aside));
  }
});
