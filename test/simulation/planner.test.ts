/** The planner alone, on fresh random trees. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { runPlanner } from './planner-cases.ts';

const CASES = 20_000;
const SEED_MAX = 1_000_000_000;
/** A ratchet: one case in 100,000 fails. */
const FAILING_MAX = 1;
const HANGS_AFTER_MS = 600_000;

test(`simulation: the planner alone, ${CASES} fresh cases`, { timeout: HANGS_AFTER_MS }, () => {
  const seed = randomInt(SEED_MAX);
  const { count, failures } = runPlanner({ seed, count: CASES, failuresMax: 3 });
  console.log(`simulation: ${count} planner cases from seed ${seed}`);
  for (const failure of failures) {
    console.log(`simulation: planner case ${failure.seed} fails: ${failure.why}`);
    console.log(`  again: npm run simulate -- --planner 1 --from ${failure.seed}`);
  }
  assert.ok(failures.length <= FAILING_MAX, `${failures.length} of ${count} cases fail`);
  assert.ok(count >= CASES);
});
