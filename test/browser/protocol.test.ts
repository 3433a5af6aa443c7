/** Goal: a real browser makes and reads the very bytes that Node does. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { build } from 'esbuild';
import type { VectorFile } from '../vectors/vector.ts';
import { launchChromium } from './chromium.ts';
import type { VectorsPage } from './vectors-page.ts';

const VECTORS = join(import.meta.dirname, '..', 'vectors', 'files');

test('Chromium makes and reads every vector', { timeout: 180_000 }, async () => {
  const files = globSync('*.json', { cwd: VECTORS }).map(
    (name) => JSON.parse(readFileSync(join(VECTORS, name), 'utf8')) as VectorFile,
  );
  assert.ok(files.length >= 10, `found ${files.length} vector files`);
  const script = await bundle('vectors-page.ts');
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.addScriptTag({ content: script });
    assert.deepEqual(await page.evaluate(callRunVectors, JSON.stringify(files)), []);
    const [first, ...others] = files;
    assert.ok(first);
    const changed = { ...first, cases: first.cases.slice(1) };
    const failures = await page.evaluate(callRunVectors, JSON.stringify([changed, ...others]));
    assert.equal(failures.length, 1, 'a changed file is noticed in the browser too');
    assert.deepEqual(errors, []);
  } finally {
    await browser.close();
  }
});

/** Runs in the page. */
function callRunVectors(text: string): Promise<readonly string[]> {
  const files = JSON.parse(text) as readonly VectorFile[];
  return (globalThis as unknown as VectorsPage).runVectors(files);
}

/** One script for a page out of an entry file of this folder. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, entry)],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    logLevel: 'error',
  });
  const [file] = outputFiles;
  assert.ok(file);
  return file.text;
}
