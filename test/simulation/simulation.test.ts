/**
 * What `npm test` runs of the simulation last, on all cores that it has: fresh seeds for a while.
 * `COFFER_SIMULATION_SECONDS` shortens or lengthens the while.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { runPool } from './pool.ts';
import { Tally } from './tally.ts';
import type { SeedVerdict } from './verdict.ts';

const SECONDS = Number(process.env['COFFER_SIMULATION_SECONDS'] ?? '90');
/** Fewer say nothing; on a slow machine they take as long as they take. */
const SEEDS_MIN = 40;
const TWICE_ONE_OF = 10;
const WORKERS = Math.min(2, availableParallelism());
const TIMEOUT_MS = (SECONDS + 600) * 1000;
const SEED_MAX = 1_000_000_000;
/**
 * A ratchet: docs/status.md says how many of the last worlds on one commit failed. So many may fail that a
 * world of an unknown kind does not stop everybody's work. It may only fall; it ends at 0.
 */
const FAILING_MAX = 2;

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
    assert.ok(failures.length <= FAILING_MAX, `${failures.length} of ${tally.seeds} seeds fail`);
    const differing = failures.filter(({ violations }) =>
      violations.some((v) => v.startsWith('I9')),
    );
    assert.deepEqual(differing, [], 'two runs of a seed are one');
    assert.ok(tally.seeds >= SEEDS_MIN);
  },
);
