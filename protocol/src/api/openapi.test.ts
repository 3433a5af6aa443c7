import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CALL_NAMES, CALLS } from './calls.ts';
import { openApiDocument } from './openapi.ts';

const file = fileURLToPath(new URL('../../../docs/openapi.json', import.meta.url));
const document = `${JSON.stringify(openApiDocument(), null, 2)}\n`;

test('docs/openapi.json is what the table of calls says', () => {
  if (process.env['COFFER_WRITE_DOCS'] === '1') writeFileSync(file, document);
  const hint = 'write it anew: COFFER_WRITE_DOCS=1 node --test protocol/src/api/openapi.test.ts';
  assert.ok(readFileSync(file, 'utf8') === document, hint);
});

test('every call is in the document once, with its bodies', () => {
  const { paths } = JSON.parse(document) as {
    paths: Record<string, Record<string, { operationId: string; requestBody?: unknown }>>;
  };
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  assert.deepEqual(operations.map(({ operationId }) => operationId).sort(), [...CALL_NAMES].sort());
  for (const { operationId, requestBody } of operations) {
    const call = CALLS[operationId as keyof typeof CALLS];
    assert.equal(requestBody !== undefined, call.request !== null, operationId);
  }
});

test('no field of a body is left without a form', () => {
  const untyped: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const properties = (value as { properties?: Record<string, object> }).properties;
    for (const [name, schema] of Object.entries(properties ?? {})) {
      const keys = Object.keys(schema);
      if (!keys.some((key) => /^(type|const|enum|anyOf|oneOf|\$ref)$/.test(key)))
        untyped.push(`${path}.${name}`);
    }
    for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`);
  };
  walk(JSON.parse(document), '');
  assert.deepEqual(untyped, []);
});
