/** House rules that a machine can hold (CONTRIBUTING.md). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { LABELS } from '@coffer/protocol/crypto';
import { isTest, projectFiles, readSource, root } from './sources.ts';

const FILE_LINES_MAX = 500;
const SOURCES_MIN = 60;
const sources = projectFiles(/\.(ts|mjs)$/).filter((file) => !file.endsWith('.generated.ts'));
const product = sources.filter((file) => !isTest(file) && !file.startsWith('scripts/'));

/** Lines of `files` that match `pattern`, as `file:line text`. */
function linesWith(pattern: RegExp, files: readonly string[]): readonly string[] {
  return files.flatMap((file) =>
    readSource(file)
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1} ${line.trim()}`] : [])),
  );
}

test('there is code to look at', () => {
  assert.ok(sources.length >= SOURCES_MIN, `${sources.length} sources only`);
});

test(`no source has more than ${FILE_LINES_MAX} lines`, () => {
  const long = sources.filter((file) => readSource(file).split('\n').length > FILE_LINES_MAX + 1);
  assert.deepEqual(long, []);
});

test('nothing is put off, skipped or silenced', () => {
  const words = ['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|');
  assert.deepEqual(linesWith(new RegExp(`\\b(${words})\\b`), sources), []);
  assert.deepEqual(
    linesWith(
      /\b(it|test|describe|suite)\.(skip|only|todo)\b|\bskip: true/,
      sources.filter((file) => !file.startsWith('test/tidy/')),
    ),
    [],
  );
  const silenced = new RegExp(
    ['@ts-' + 'ignore', '@ts-' + 'nocheck', 'lint-' + 'disable'].join('|'),
  );
  assert.deepEqual(linesWith(silenced, sources), []);
});

test('time and randomness come in as arguments', () => {
  const mayTouchTheWorld =
    /\/(adapters|suites|testing)\/|^(cli|electron|renderer|web|bench)\/|\/main\.ts$/;
  const inside = product.filter((file) => !mayTouchTheWorld.test(file));
  const ambient =
    /\b(Date\.now\(|new Date\(\)|Math\.random\(|setTimeout\(|setInterval\(|performance\.now\(|getRandomValues\(|randomBytes\((?!.*suite)|randomUUID\()/;
  const wrong = linesWith(ambient, inside).filter(
    (line) => !/(suite|random|options|this|deps)\S*\.randomBytes\(/.test(line),
  );
  assert.deepEqual(wrong, []);
});

test('no file is named after nothing in particular', () => {
  const vague = /\/(utils?|helpers?|common|misc|managers?|data|info)\.(ts|mjs)$/;
  assert.deepEqual(
    sources.filter((file) => vague.test(file)),
    [],
  );
});

test('the project names no registry and no machine', () => {
  const hosts = new RegExp(
    [
      'registry\\.' + 'npmjs',
      'deb\\.' + 'debian',
      'unpkg' + '\\.com',
      '/wo' + 'rk/',
      '/fa' + 'rm/',
    ].join('|'),
  );
  const files = projectFiles(
    /\.(ts|mjs|json|md|sh|yml|html|css|svelte)$|(^|\/)coffer$|^\.ci\/run$/,
  ).filter((file) => file !== 'package-lock.json');
  assert.deepEqual(linesWith(hosts, files), []);
});

test('the label registry of the specification is the one in the code', () => {
  const [, block] = /^Labels: `([^`]+)`/m.exec(readSource('docs/protocol.md')) ?? [];
  assert.deepEqual(block?.split(/\s+/).sort(), [...LABELS].sort());
});

test('the compiler that the checks call is TypeScript 7', () => {
  const version = execFileSync(
    process.execPath,
    [`${root}node_modules/@typescript/native/bin/tsc`, '--version'],
    { encoding: 'utf8' },
  );
  assert.match(version, /Version 7\./);
});

test('the folders of ARCHITECTURE.md are those that there are', () => {
  const [, block = ''] = /^```\n(protocol\/[^]*?)^```/m.exec(readSource('ARCHITECTURE.md')) ?? [];
  const files = projectFiles(/^[^.]/);
  const named = new Set<string>();
  let top = '';
  for (const line of block.split('\n')) {
    const [, folder, parts] = /^(?:([a-z-]+)\/| {2}([a-z,]+)) +/.exec(line) ?? [];
    top = folder ?? top;
    for (const part of parts?.split(',') ?? []) named.add(`${top}/src/${part}`);
    if (folder !== undefined) named.add(folder);
  }
  assert.ok(named.size >= 30, `${named.size} folders`);
  const isThere = (folder: string): boolean => files.some((file) => file.startsWith(`${folder}/`));
  assert.deepEqual(
    [...named].filter((folder) => !isThere(folder)),
    [],
  );
  const tops = new Set(
    files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]),
  );
  assert.deepEqual(
    [...tops].filter((folder) => !block.includes(`${folder}/`)),
    [],
  );
  for (const parent of ['protocol/src', 'native-worker/src']) {
    const inside = files.flatMap((file) => new RegExp(`^${parent}/[^/]+(?=/)`).exec(file) ?? []);
    assert.deepEqual(
      [...new Set(inside)].filter((folder) => !named.has(folder)),
      [],
      parent,
    );
  }
});
