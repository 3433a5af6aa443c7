/** Goal: both languages say everything, in the same shape; nothing is said that no page uses. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { FAILURE_AREAS } from '../view-models/failure-text.ts';

type Message = string | Readonly<Record<string, string>>;
const ROOT = join(import.meta.dirname, '..', '..', '..');
const load = (locale: string) =>
  JSON.parse(readFileSync(join(ROOT, 'resources/locales', `${locale}.json`), 'utf8')) as Record<
    string,
    Message
  >;
const english = load('en');
const french = load('fr');
const forms = (message: Message = ''): readonly string[] =>
  typeof message === 'string' ? [message] : Object.values(message);
const placeholders = (text: string) =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

const sources = globSync('renderer/src/**/*.{ts,svelte}', { cwd: ROOT })
  .filter((file) => !file.endsWith('.test.ts'))
  .map((file) => readFileSync(join(ROOT, file), 'utf8'));
const source = sources.join('\n');
/** Reasons as the engine lists them (docs/engine.md §10). */
const reasons = [
  ...readFileSync(join(ROOT, 'native-worker/src/engine-stall-texts.ts'), 'utf8').matchAll(
    /^ {2}(\w+): \{$/gm,
  ),
].map(([, reason]) => reason);

test('both languages have the same messages, with the same forms and placeholders', () => {
  assert.ok(Object.keys(english).length >= 250, `${Object.keys(english).length} messages only`);
  assert.deepEqual(Object.keys(french).sort(), Object.keys(english).sort());
  for (const [key, message] of Object.entries(english)) {
    const other = french[key] ?? '';
    assert.equal(typeof other, typeof message, key);
    const expected = placeholders(forms(message).at(-1) ?? '');
    for (const text of [...forms(message).slice(1), ...forms(other).slice(1)]) {
      assert.deepEqual(placeholders(text), expected, key);
    }
    if (typeof message === 'string')
      assert.deepEqual(placeholders(forms(other)[0] ?? ''), expected, key);
  }
});

test('a message that counts has a form for one and one for more, and its count', () => {
  for (const messages of [english, french]) {
    for (const [key, message] of Object.entries(messages)) {
      if (typeof message !== 'string')
        assert.deepEqual(Object.keys(message), ['one', 'other'], key);
    }
  }
});

test('every message is used, by its name or by the pattern of its name', () => {
  const patterns = [...source.matchAll(/[`'"]([a-z][\w.-]*)\$\{[^}]+\}([\w.-]*)[`'"]/g)].map(
    ([, start = '', end = '']) =>
      new RegExp(`^${start.replaceAll('.', '\\.')}[\\w-]+${end.replaceAll('.', '\\.')}$`),
  );
  patterns.push(
    ...FAILURE_AREAS.map(
      (area) => new RegExp(`^${area.replaceAll('.', '\\.')}\\.failure\\.[\\w-]+$`),
    ),
  );
  const where = /`\$\{where\}(\.\w+)`/g;
  const ends = [...source.matchAll(where)].map(([, end = '']) => end);
  const isUsed = (key: string) =>
    source.includes(`'${key}'`) ||
    patterns.some((pattern) => pattern.test(key)) ||
    ends.some((end) => key.endsWith(end) && source.includes(`'${key.slice(0, -end.length)}'`));
  assert.deepEqual(
    Object.keys(english).filter((key) => !isUsed(key)),
    [],
  );
});

test('every reason of a stall has its words, and no other reason has', () => {
  assert.ok(reasons.length >= 30, `${reasons.length} reasons only`);
  const told = Object.keys(english)
    .filter((key) => !source.includes(`'${key}'`))
    .flatMap((key) => /^stall\.(\w+)$/.exec(key)?.[1] ?? []);
  assert.deepEqual(told.sort(), reasons.sort());
});

test('no text shouts, apologises or boasts', () => {
  const banned = /!|\boops|\bplease\b|success|military|\bsecure\b|veuillez|désolé|succès/i;
  for (const messages of [english, french]) {
    const wrong = Object.values(messages)
      .flatMap(forms)
      .filter((text) => banned.test(text));
    assert.deepEqual(wrong, []);
  }
});

test('French has the spaces that French has, and no straight apostrophe', () => {
  const wrong = Object.values(french)
    .flatMap(forms)
    .filter((text) => /[^\u202f][;?!»]|[^\u00a0]:|«[^\u202f]|'/.test(text));
  assert.deepEqual(wrong, []);
});
