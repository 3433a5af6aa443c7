import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

interface Bundled {
  readonly root: string;
  readonly freshBundle: () => string | undefined;
  readonly mayBundle: () => boolean;
}

const clone = mkdtempSync(join(tmpdir(), 'coffer-bundled-'));
after(() => rmSync(clone, { recursive: true }));
const source = join(clone, 'a.ts');
const entry = join(clone, 'node_modules/.cache/bundle/entry.mjs');
const part = join(clone, 'node_modules/.cache/bundle/part.mjs');
const record = join(clone, 'node_modules/.cache/bundle/bundle.json');

const outputs = [entry, part].map((path) => [relative(clone, path), basename(path, '.mjs').length]);

async function cloneWithBundle(): Promise<Bundled> {
  const module = join(clone, 'scripts/bundled.mjs');
  cpSync(fileURLToPath(new URL('../../scripts/bundled.mjs', import.meta.url)), module);
  mkdirSync(join(clone, 'node_modules/.cache/bundle'), { recursive: true });
  writeFileSync(source, 'one');
  writeFileSync(entry, 'entry');
  writeFileSync(part, 'part');
  const bundled = (await import(pathToFileURL(module).href)) as Bundled;
  const { mtimeMs, size } = statSync(source);
  const inputs = [['a.ts', mtimeMs, size]];
  writeFileSync(record, JSON.stringify({ root: bundled.root, entry, outputs, inputs }));
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
  const bundle = { root, entry, outputs, inputs: [] };
  writeFileSync(record, JSON.stringify(bundle));
  assert.equal(freshBundle(), entry);
  const moved = { ...bundle, root: `${root}elsewhere/` };
  writeFileSync(record, JSON.stringify(moved));
  assert.equal(freshBundle(), undefined, 'a clone that moved');
  for (const output of [entry, part]) {
    writeFileSync(record, JSON.stringify(bundle));
    assert.equal(freshBundle(), entry);
    writeFileSync(output, '');
    assert.equal(freshBundle(), undefined, 'a part that a power cut has emptied');
    rmSync(output);
    assert.equal(freshBundle(), undefined, 'a part that is gone');
    writeFileSync(output, basename(output, '.mjs'));
  }
  writeFileSync(record, JSON.stringify({ root, entry, inputs: [] }));
  assert.equal(freshBundle(), undefined, 'a record that does not say what the bundle is');
  writeFileSync(record, `{"root":"${root}"`);
  assert.equal(freshBundle(), undefined, 'a record that is cut off');
});

test('what is worked on, made by others, failed of late or has no place is not bundled', async () => {
  const { mayBundle } = await cloneWithBundle();
  assert.equal(mayBundle(), false);
  const earlier = new Date(Date.now() - 61_000);
  utimesSync(source, earlier, earlier);
  assert.equal(mayBundle(), true);
  rmSync(record);
  assert.equal(mayBundle(), true, 'nothing was bundled yet');
  const lock = join(clone, 'node_modules/.cache/bundle/lock');
  mkdirSync(lock);
  assert.equal(mayBundle(), false, 'another process is at it, or has failed');
  const longAgo = new Date(Date.now() - 61 * 60_000);
  utimesSync(lock, longAgo, longAgo);
  assert.equal(mayBundle(), true, 'it failed long ago');
  rmSync(join(clone, 'node_modules'), { recursive: true });
  assert.equal(mayBundle(), false, 'there is no place for it');
});

test('a bundle stays for those that run from it until a month after it was replaced', () => {
  const made = join(clone, 'made');
  const at = (path: string): string => join(made, path);
  const monthAgo = new Date(Date.now() - 31 * 24 * 60 * 60_000);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
    utimesSync(at(path), monthAgo, monthAgo);
  };
  const entries = ['cli/src/daemon/engine-entry.ts', 'native-worker/src/thread/engine-entry.ts'];
  entries.push('native-worker/src/content/content-worker.ts', 'server/src/writer/writer-entry.ts');
  for (const path of ['cli/src/main.ts', ...entries]) write(path, 'export {};');
  for (const path of ['package-lock.json', 'node_modules/.package-lock.json']) write(path, '{}');
  for (const name of ['bundle.mjs', 'bundled.mjs']) {
    write(
      `scripts/${name}`,
      readFileSync(new URL(`../../scripts/${name}`, import.meta.url), 'utf8'),
    );
  }
  const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
  symlinkSync(join(modules, 'esbuild'), at('node_modules/esbuild'));

  /** The folder of the bundle of a main program that says `text`. */
  const bundle = (text: string): string => {
    write('cli/src/main.ts', `console.log('${text}');`);
    const { status, stderr } = spawnSync(process.execPath, [at('scripts/bundle.mjs')]);
    assert.equal(status, 0, String(stderr));
    const { entry: main } = JSON.parse(
      readFileSync(at('node_modules/.cache/bundle/bundle.json'), 'utf8'),
    ) as { readonly entry: string };
    assert.match(readFileSync(main, 'utf8'), new RegExp(text));
    return main.slice(0, -'/cli/src/main.mjs'.length);
  };
  const first = bundle('one');
  utimesSync(first, monthAgo, monthAgo);
  const second = bundle('second');
  assert.ok(existsSync(first), 'a daemon may have started from it just before');
  utimesSync(first, monthAgo, monthAgo);
  const third = bundle('the third');
  assert.deepEqual([first, second, third].map(existsSync), [false, true, true]);
});
