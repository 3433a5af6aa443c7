import assert from 'node:assert/strict';
import test from 'node:test';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import { createNodeVerifySuite } from '../../suites/node-verify.ts';
import { createSeededRandom } from '../../suites/seeded-random.ts';
import { AUTHORITY_CASES } from '../testing/authority-rule-cases.ts';
import { NUMBER_CASES } from '../testing/number-rule-cases.ts';
import { HEADER_CASES } from '../testing/rule-cases.ts';
import { SHAPE_CASES } from '../testing/shape-rule-cases.ts';
import { RULES } from './judge.ts';
import { TestSpace } from '../testing/test-space.ts';

const suite = await createNodeOpenSuite(
  createSeededRandom(createNodeVerifySuite().sha256, 'judge'),
);

const CASES = [...HEADER_CASES, ...AUTHORITY_CASES, ...SHAPE_CASES, ...NUMBER_CASES];

for (const { rule, about, kind, run } of CASES) {
  test(`a commit that ${about} breaks the rule ${rule}`, () => {
    const space = new TestSpace(suite, kind ?? 'drive');
    const { valid, broken } = run(space);
    const good = space.judge(valid);
    assert.ok(good.ok, good.ok ? '' : `${good.error.rule}: ${good.error.detail}`);
    const bad = space.judge(broken);
    assert.deepEqual(bad.ok ? 'ok' : bad.error.rule, rule, bad.ok ? '' : bad.error.detail);
  });
}

test('every rule has a commit that breaks it', () => {
  const broken = new Set(CASES.map(({ rule }) => rule));
  const untested = RULES.map(({ name }) => name).filter((name) => !broken.has(name));
  assert.deepEqual(untested, ['limits'], 'limits.test.ts has those');
});
