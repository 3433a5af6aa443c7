import assert from 'node:assert/strict';
import test from 'node:test';
import { parseBytes } from './settings.ts';

test('a rate is bytes, by thousands or by 1,024, and at least one', () => {
  assert.deepEqual(['1', '500', '1.5M', '2Mi'].map(parseBytes), [1, 500, 1_500_000, 2_097_152]);
  for (const text of ['0', '0.4', '0K', 'fast', '']) {
    assert.throws(() => parseBytes(text), { code: 'usage' }, text);
  }
});
