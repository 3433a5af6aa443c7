import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

interface Bundled {
  readonly root: string;
  readonly freshBundle: () => string | undefined;
  readonly isQuiet: () => boolean;
}

const clone = mkdtempSync(join(tmpdir(), 'coffer-bundled-'));
after(() => rmSync(clone, { recursive: true }));
const source = join(clone, 'a.ts');
const entry = join(clone, 'node_modules/.cache/bundle/main.mjs');
const record = join(clone, 'node_modules/.cache/bundle/bundle.json');

async function cloneWithBundle(): Promise<Bundled> {
  const module = join(clone, 'scripts/bundled.mjs');
  cpSync(fileURLToPath(new URL('../../scripts/bundled.mjs', import.meta.url)), module);
  mkdirSync(join(clone, 'node_modules/.cache/bundle'), { recursive: true });
  writeFileSync(source, 'one');
  writeFileSync(entry, '');
  const bundled = (await import(pathToFileURL(module).href)) as Bundled;
  const { mtimeMs, size } = statSync(source);
  const inputs = [['a.ts', mtimeMs, size]];
  writeFileSync(record, JSON.stringify({ root: bundled.root, entry, inputs }));
  return bundled;
}

test('a bundle is used while its sources are what it was made of, where it was made', async () => {
  const { root, freshBundle } = await cloneWithBundle();
  assert.equal(freshBundle(), entry);
  const { atime, mtime } = statSync(source);
  writeFileSync(source, 'other');
  assert.equal(freshBundle(), undefined, 'a source that grew');
  writeFileSync(source, 'two');
  utimesSync(source, atime, new Date(mtime.getTime() + 5000));
  assert.equal(freshBundle(), undefined, 'a source that was written anew');
  rmSync(source);
  assert.equal(freshBundle(), undefined, 'a source that is gone');
  const moved = { root: `${root}elsewhere/`, entry, inputs: [] };
  writeFileSync(record, JSON.stringify(moved));
  assert.equal(freshBundle(), undefined, 'a clone that moved');
  writeFileSync(record, JSON.stringify({ root, entry: `${entry}.gone`, inputs: [] }));
  assert.equal(freshBundle(), undefined, 'an entry that is gone');
  writeFileSync(record, `{"root":"${root}"`);
  assert.equal(freshBundle(), undefined, 'a record that is cut off');
});

test('sources that were changed within the minute are not bundled', async () => {
  const { isQuiet } = await cloneWithBundle();
  assert.equal(isQuiet(), false);
  const earlier = new Date(Date.now() - 61_000);
  utimesSync(source, earlier, earlier);
  assert.equal(isQuiet(), true);
  rmSync(record);
  assert.equal(isQuiet(), true, 'nothing was bundled yet');
});
