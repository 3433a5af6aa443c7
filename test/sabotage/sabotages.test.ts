/** `npm run sabotage` takes minutes; that each of its entries still has its place is seen at once. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSource, root } from '../tidy/sources.ts';
import { SABOTAGES } from './sabotages.ts';

const SABOTAGES_MIN = 130;

test('what a sabotage takes out stands exactly once in its file', () => {
  const misplaced = SABOTAGES.filter(
    ({ file, find }) => readSource(file).split(find).length !== 2,
  ).map(({ name, file }) => `${name}: bring its place in ${file} up to date`);
  assert.deepEqual(misplaced, []);
});

test('a sabotage changes something, has a name of its own and tests that are there', () => {
  assert.ok(SABOTAGES.length >= SABOTAGES_MIN, `${SABOTAGES.length} sabotages`);
  for (const { name, find, replace, tests } of SABOTAGES) {
    assert.notEqual(find, replace, name);
    assert.ok(tests.length > 0, name);
    for (const file of tests) assert.ok(existsSync(join(root, file)), `${name}: ${file}`);
  }
  const names = SABOTAGES.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});
