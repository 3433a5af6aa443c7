import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

test('the committed WebAssembly is what its source compiles to', () => {
  const script = new URL('../../../../scripts/compile-cut-scanner.mjs', import.meta.url);
  const compiled = execFileSync(process.execPath, [fileURLToPath(script)], { encoding: 'utf8' });
  const committed = readFileSync(new URL('cut-scanner.generated.ts', import.meta.url), 'utf8');
  assert.equal(compiled, committed);
});
