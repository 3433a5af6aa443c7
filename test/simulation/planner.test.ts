/** The planner alone, on fresh random trees. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runPlanner } from './planner-cases.ts';

const CASES = 20_000;
const SEED_MAX = 1_000_000_000;
const PLAIN_ROUNDS_MAX = 8;
const HANGS_AFTER_MS = 600_000;

test(`simulation: the planner alone, ${CASES} fresh cases`, { timeout: HANGS_AFTER_MS }, () => {
  const seed = randomInt(SEED_MAX);
  const { count, failures, plainRoundsMax } = runPlanner({ seed, count: CASES, failuresMax: 3 });
  console.log(`simulation: ${count} planner cases from seed ${seed}`);
  for (const failure of failures) {
    console.log(`simulation: planner case ${failure.seed} fails: ${failure.why}`);
    console.log(`  again: npm run simulate -- --planner 1 --from ${failure.seed}`);
  }
  assert.equal(failures.length, 0, `${failures.length} of ${count} cases fail`);
  assert.ok(plainRoundsMax <= PLAIN_ROUNDS_MAX, `${plainRoundsMax} rounds`);
  assert.ok(count >= CASES);
});
