import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { CALLS, CALL_NAMES, ERROR_CODES, ERRORS, errorEntry, errorsAsMarkdown } from './index.ts';

const docs = new URL('../../../docs/', import.meta.url);

test('docs/errors.md is what the table says (UPDATE_DOCS=1 writes it)', () => {
  const file = new URL('errors.md', docs);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, errorsAsMarkdown());
  assert.equal(readFileSync(file, 'utf8'), errorsAsMarkdown());
});

test('every code has text that ends a sentence and says no secret word', () => {
  assert.ok(ERROR_CODES.length >= 30);
  for (const code of ERROR_CODES) {
    assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert.match(errorEntry(code).text, /\.$/);
    assert.ok(errorEntry(code).text.length <= 200);
  }
});

test('failures that a person must end are not retried by the clock, and integrity never is', () => {
  assert.equal(ERRORS.integrity.retry, 'never');
  assert.equal(ERRORS.integrity.exit, 7);
  for (const code of ERROR_CODES) {
    const { exit, retry } = errorEntry(code);
    if (exit === 5) assert.equal(retry, 'after-user');
    if (exit === 6) assert.equal(retry, 'after-delay');
  }
});

test('docs/api.md lists exactly the calls of the table', () => {
  const text = readFileSync(new URL('api.md', docs), 'utf8');
  const listed = [...text.matchAll(/^\| `(GET|POST|PUT|DELETE) ([^`?]+)/gm)].map(
    ([, method, path]) => `${method} ${path}`,
  );
  const known = CALL_NAMES.map((name) => `${CALLS[name].method} ${CALLS[name].path}`);
  assert.deepEqual(listed.sort(), known.sort());
});
