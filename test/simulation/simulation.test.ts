/**
 * What `npm test` runs of the simulation: every kept seed, fresh seeds for a while, the planner alone.
 * `COFFER_SIMULATION_SECONDS` shortens or lengthens the while.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { keptSeeds } from './kept-seeds.ts';
import { runPlanner } from './planner-cases.ts';
import { runPool } from './pool.ts';
import { Tally } from './tally.ts';
import { judgeSeed, type SeedVerdict } from './verdict.ts';

const SECONDS = Number(process.env['COFFER_SIMULATION_SECONDS'] ?? '90');
/** Fewer say nothing; on a slow machine they take as long as they take. */
const SEEDS_MIN = 40;
const TWICE_ONE_OF = 10;
const WORKERS = Math.min(2, availableParallelism());
const PLANNER_CASES = 20_000;
const TIMEOUT_MS = (SECONDS + 600) * 1000;
const SEED_MAX = 1_000_000_000;
/**
 * A ratchet: some fresh worlds still fail, for the faults that docs/status.md lists as open. Their
 * share may only fall; it ends at 0.
 */
const FAILING_SHARE_MAX = 0.03;
/** The same for the planner alone: one case in 100,000 fails. */
const FAILING_CASES_MAX = 1;

describe('simulation: kept seeds', () => {
  for (const { name, kept } of keptSeeds()) {
    test(`${name}: ${kept.reason}`, { timeout: TIMEOUT_MS }, async () => {
      const { reason: _reason, ...options } = kept;
      const verdict = await judgeSeed({ options, isTwice: false });
      assert.deepEqual(
        verdict.violations,
        [],
        `again: npm run simulate -- --kept ${name} --once --verbose`,
      );
    });
  }
});

test(
  `simulation: fresh seeds for ${SECONDS} s keep the invariants`,
  {
    timeout: TIMEOUT_MS,
  },
  async (t) => {
    const from = randomInt(SEED_MAX);
    const untilMs = performance.now() + SECONDS * 1000;
    const tally = new Tally();
    const failures: SeedVerdict[] = [];
    let begun = 0;
    await runPool({
      workers: WORKERS,
      next: () => {
        const isOver = performance.now() > untilMs && begun >= SEEDS_MIN;
        if (isOver) return undefined;
        const job = { options: { seed: from + begun }, isTwice: begun % TWICE_ONE_OF === 0 };
        begun++;
        return job;
      },
      onVerdict: (verdict) => {
        tally.add(verdict);
        if (verdict.violations.length > 0) failures.push(verdict);
      },
    });
    t.diagnostic(`first seed ${from}; ${tally.lines()[0]}`);
    console.log(`simulation: first seed ${from}; ${tally.lines()[0]}`);
    for (const { seed, violations } of failures) {
      console.log(`simulation: seed ${seed} fails: ${violations[0]}`);
      console.log(`  again: npm run simulate -- --seeds 1 --from ${seed} --verbose`);
    }
    const allowed = Math.floor(tally.seeds * FAILING_SHARE_MAX);
    assert.ok(failures.length <= allowed, `${failures.length} of ${tally.seeds} seeds fail`);
    const differing = failures.filter(({ violations }) =>
      violations.some((v) => v.startsWith('I9')),
    );
    assert.deepEqual(differing, [], 'two runs of a seed are one');
    assert.ok(tally.seeds >= SEEDS_MIN);
  },
);

test(`simulation: the planner alone, ${PLANNER_CASES} fresh cases`, { timeout: TIMEOUT_MS }, () => {
  const seed = randomInt(SEED_MAX);
  const { count, failures } = runPlanner({ seed, count: PLANNER_CASES, failuresMax: 3 });
  console.log(`simulation: ${count} planner cases from seed ${seed}`);
  for (const failure of failures) {
    console.log(`simulation: planner case ${failure.seed} fails: ${failure.why}`);
    console.log(`  again: npm run simulate -- --planner 1 --from ${failure.seed}`);
  }
  assert.ok(failures.length <= FAILING_CASES_MAX, `${failures.length} of ${count} cases fail`);
  assert.ok(count >= PLANNER_CASES);
});
