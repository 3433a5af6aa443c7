import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sdkReference } from './reference.ts';

const file = fileURLToPath(new URL('../../docs/sdk-reference.md', import.meta.url));

test('docs/sdk-reference.md is what the declarations of the library say', () => {
  const { text } = sdkReference();
  if (process.env['COFFER_WRITE_DOCS'] === '1') writeFileSync(file, text);
  const hint = 'write it anew: COFFER_WRITE_DOCS=1 node --test test/sdk/reference.test.ts';
  assert.ok(readFileSync(file, 'utf8') === text, hint);
});

test('everything that the library exports says what it is', () => {
  assert.deepEqual(sdkReference().undocumented, []);
});
