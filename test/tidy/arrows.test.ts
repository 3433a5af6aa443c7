/**
 * Who may import whom (ARCHITECTURE.md). Two of these rules are promises to users: the server cannot
 * decrypt, and the interface never holds a key.
 */
import assert from 'node:assert/strict';
import { dirname, join, normalize } from 'node:path/posix';
import test from 'node:test';
import { isTest, projectFiles, readSource } from './sources.ts';

/** Layer → layers it may import besides itself. A file belongs to the longest layer it starts with. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'protocol/src/core': [],
  'protocol/src/codec': ['protocol/src/core'],
  'protocol/src/crypto': ['protocol/src/core', 'protocol/src/codec'],
  'protocol/src/crypto/open': ['protocol/src/core', 'protocol/src/codec', 'protocol/src/crypto'],
  'protocol/src/model': ['protocol/src/core', 'protocol/src/codec', 'protocol/src/crypto'],
  'protocol/src/model/open': [
    'protocol/src/core',
    'protocol/src/codec',
    'protocol/src/crypto',
    'protocol/src/crypto/open',
    'protocol/src/model',
  ],
  'protocol/src/content': [
    'protocol/src/core',
    'protocol/src/codec',
    'protocol/src/crypto',
    'protocol/src/model',
  ],
  'protocol/src/content/open': [
    'protocol/src/core',
    'protocol/src/codec',
    'protocol/src/crypto',
    'protocol/src/crypto/open',
    'protocol/src/model',
    'protocol/src/model/open',
    'protocol/src/content',
  ],
  'protocol/src/api': [
    'protocol/src/core',
    'protocol/src/codec',
    'protocol/src/crypto',
    'protocol/src/model',
    'protocol/src/content',
  ],
  'protocol/src/suites': ['protocol/src/core', 'protocol/src/crypto'],
  'sdk/src': ['protocol/src'],
  'native-worker/src/planner': ['protocol/src/core', 'protocol/src/model'],
  'native-worker/src/contract': [],
  'native-worker/src': [
    'native-worker/src/planner',
    'native-worker/src/contract',
    'sdk/src',
    'protocol/src',
  ],
  'server/src': ['protocol/src'],
  'cli/src': ['cli/src/daemon', 'native-worker/src', 'sdk/src', 'server/src', 'protocol/src'],
  'cli/src/daemon': ['cli/src', 'native-worker/src', 'sdk/src', 'protocol/src'],
  'electron/src': ['native-worker/src', 'cli/src/daemon'],
  'renderer/src/ui': ['resources'],
  'renderer/src': ['renderer/src/ui', 'native-worker/src/contract', 'resources'],
  'web/src': ['sdk/src', 'protocol/src', 'renderer/src/ui'],
};

/** Not even indirectly, with the promise that each rule keeps. */
const UNREACHABLE = [
  {
    from: 'server/src/',
    to: /\/open\/|suites\/(node|web)-open/,
    promise: 'the server cannot decrypt',
  },
  { from: 'renderer/src/', to: /^(sdk|protocol)\//, promise: 'the interface never holds a key' },
  { from: 'protocol/src/', to: /^(?!protocol\/)/, promise: 'the protocol stands alone' },
  {
    from: 'sdk/src/',
    to: /^(native-worker|server|cli)\//,
    promise: 'the SDK stands on the protocol alone',
  },
  {
    from: 'native-worker/src/',
    to: /^(server|cli|electron|renderer)\//,
    promise: 'the engine knows no shell',
  },
  {
    from: 'web/src/',
    to: /^(native-worker|server|electron)\//,
    promise: 'the web app runs in a browser',
  },
] as const;

/** Folders whose product code must run anywhere: no node: module. */
const PLATFORM_FREE =
  /^(protocol\/src\/(?!suites\/)|native-worker\/src\/planner\/|sdk\/src\/(?!adapters\/|testing\/)|web\/src\/|renderer\/src\/)/;

const FILES_MIN = 60;
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s+['"](?<from>[^'"]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"]+)['"]|(?:^|\n)import\s+['"](?<bare>[^'"]+)['"]|import\.meta\.resolve\(\s*['"](?<resolved>@coffer\/[^'"]+)['"]|new URL\(\s*['"](?<worker>\.[^'"]+\.ts)['"]/g;

const files = projectFiles(/^[a-z-]+\/src\/.*\.(ts|svelte)$/);
const productFiles = files.filter((file) => !isTest(file));
const doors = new Map(
  projectFiles(/^[a-z-]+\/package\.json$/).map((file) => {
    const { name, exports } = JSON.parse(readSource(file)) as {
      name: string;
      exports: Record<string, string>;
    };
    return [name, { folder: dirname(file), exports }] as const;
  }),
);
const importsByFile = new Map(productFiles.map((file) => [file, importsOf(file)]));

test('every import goes to an allowed layer through an open door', () => {
  assert.ok(productFiles.length >= FILES_MIN, `looked at ${productFiles.length} files only`);
  const wrong: string[] = [];
  for (const [file, { own }] of importsByFile) {
    const from = layerOf(file);
    for (const target of own) {
      const to = layerOf(target);
      const isAllowed =
        to === from || ALLOWED[from]?.some((layer) => to === layer || to.startsWith(`${layer}/`));
      if (!isAllowed) wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

for (const { from, to, promise } of UNREACHABLE) {
  test(`${promise}: ${from} never reaches ${to}`, () => {
    const seen = new Set(productFiles.filter((file) => file.startsWith(from)));
    for (const file of seen)
      for (const target of importsByFile.get(file)?.own ?? []) seen.add(target);
    assert.deepEqual(
      [...seen].filter((file) => to.test(file)),
      [],
    );
  });
}

test('code that must run anywhere imports no node: module', () => {
  const wrong = [...importsByFile].flatMap(([file, { outside }]) =>
    PLATFORM_FREE.test(file)
      ? outside.filter((name) => name.startsWith('node:')).map((name) => `${file}: ${name}`)
      : [],
  );
  assert.deepEqual(wrong, []);
});

test('tests are imported by nothing but tests', () => {
  const wrong = [...importsByFile].flatMap(([file, { own }]) =>
    own
      .filter((target) => target.endsWith('.test.ts') || /^(test|bench)\//.test(target))
      .map((target) => `${file}: ${target}`),
  );
  assert.deepEqual(wrong, []);
});

function importsOf(file: string): { own: string[]; outside: string[] } {
  const own: string[] = [];
  const outside: string[] = [];
  for (const { groups } of readSource(file).matchAll(IMPORT)) {
    const name =
      groups?.['from'] ??
      groups?.['dynamic'] ??
      groups?.['bare'] ??
      groups?.['resolved'] ??
      groups?.['worker'] ??
      '';
    if (name.startsWith('.')) own.push(normalize(join(dirname(file), name)));
    else if (name.startsWith('@coffer/')) own.push(throughDoor(file, name));
    else outside.push(name);
  }
  return { own, outside };
}

function throughDoor(file: string, name: string): string {
  const [scope, workspace, ...rest] = name.split('/');
  const door = doors.get(`${scope}/${workspace}`);
  const target = door?.exports[['.', ...rest].join('/')];
  assert.ok(
    door !== undefined && target !== undefined,
    `${file} imports ${name}, which is no door`,
  );
  return normalize(join(door.folder, target));
}

function layerOf(file: string): string {
  if (file.startsWith('resources/')) return 'resources';
  const layers = Object.keys(ALLOWED).filter((layer) => file.startsWith(`${layer}/`));
  const layer = layers.sort((a, b) => b.length - a.length)[0];
  assert.ok(layer !== undefined, `${file} belongs to no layer`);
  return layer;
}
