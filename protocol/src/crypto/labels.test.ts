/**
 * Goal: one label, one use. The registry is held against the protocol, and every call in the sources
 * that takes a label is found: a label stands in one call of a kind (and the call that undoes it).
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { labelBytes, LABELS, type Label } from './labels.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const FOLDERS = [
  'protocol',
  'sdk',
  'server',
  'native-worker',
  'cli',
  'web',
  'electron',
  'renderer',
];
/** Functions that take a label, and what they do with it: calls of one kind undo each other. */
const KIND_BY_FUNCTION = {
  hash: 'hash',
  labelBytes: 'hash',
  deriveKey: 'derived key',
  seal: 'seal',
  open: 'seal',
  sealPadded: 'padded seal',
  openPadded: 'padded seal',
  sealEnvelope: 'envelope',
  openEnvelope: 'envelope',
  sign: 'signature',
  verifySignature: 'signature',
} as const;
const CALL = new RegExp(`(?<![\\w.])(?<name>${Object.keys(KIND_BY_FUNCTION).join('|')})\\(`, 'g');

interface Use {
  readonly label: Label;
  readonly function: keyof typeof KIND_BY_FUNCTION;
  readonly file: string;
}

const files = FOLDERS.flatMap((folder) => globSync(`${folder}/src/**/*.ts`, { cwd: ROOT })).filter(
  (file) => !/\.(test|generated|tmp)\.ts$|\/testing\/|\/reference-/.test(file),
);
const uses = files.flatMap(usesIn);

test('labels are ASCII, differ, and none is the beginning of another with its length', () => {
  assert.equal(new Set(LABELS).size, LABELS.length);
  for (const label of LABELS) {
    assert.match(label, /^[a-z]+(-[a-z]+)*$/);
    const bytes = labelBytes(label);
    assert.equal(bytes[0], bytes.length - 1);
    assert.equal(Buffer.from(bytes.subarray(1)).toString('ascii'), `coffer/v1/${label}`);
  }
});

test('the registry is the one of docs/protocol.md', () => {
  const text = readFileSync(join(ROOT, 'docs/protocol.md'), 'utf8');
  const listed = /Labels: `(?<list>[^`]+)`/.exec(text)?.groups?.['list']?.split(/\s+/);
  assert.deepEqual(listed?.toSorted(), LABELS.toSorted());
});

test('a label has one use: one call, and the call that undoes it', () => {
  assert.ok(files.length > 60, `looked at ${files.length} files: the pattern is broken`);
  const wrong: string[] = [];
  for (const label of LABELS) {
    const own = uses.filter((use) => use.label === label);
    const kinds = new Set(own.map((use) => KIND_BY_FUNCTION[use.function]));
    const calls = own.map((use) => use.function);
    if (kinds.size > 1 || new Set(calls).size !== calls.length) {
      wrong.push(`${label}: ${own.map((use) => `${use.function} in ${use.file}`).join(', ')}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('every label of the registry is used', () => {
  const used = new Set(uses.map((use) => use.label));
  assert.deepEqual(
    LABELS.filter((label) => !used.has(label)),
    [],
  );
});

/** The calls in one file whose arguments hold a label as a literal. */
function usesIn(file: string): readonly Use[] {
  const source = readFileSync(join(ROOT, file), 'utf8').replaceAll(
    /\/\*[\s\S]*?\*\/|\/\/.*$/gm,
    '',
  );
  return [...source.matchAll(CALL)].flatMap((match) => {
    const name = match.groups?.['name'] as keyof typeof KIND_BY_FUNCTION;
    const args = ownArguments(source, match.index + match[0].length);
    return LABELS.filter((label) => args.includes(`'${label}'`)).map((label) => ({
      label,
      function: name,
      file,
    }));
  });
}

/** The text of a call's arguments from `start` on, without what stands in calls within it. */
function ownArguments(source: string, start: number): string {
  let depth = 1;
  let text = '';
  for (let at = start; at < source.length && depth > 0; at++) {
    const char = source[at] ?? '';
    if ('([{'.includes(char)) depth++;
    if (')]}'.includes(char)) depth--;
    if (depth === 1) text += char;
  }
  return text;
}
