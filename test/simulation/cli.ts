/**
 * `npm run simulate -- …` (README.md): worlds from a seed on, each run twice on both cores; or the planner
 * alone, a crash at every disk call, or a failing world made smaller. Exits 1 on a violation.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { crashAll } from './crash-all.ts';
import { asKeptSeed, keptSeeds } from './kept-seeds.ts';
import type { WorldOptions } from './options.ts';
import { runPlanner } from './planner-cases.ts';
import { runPool } from './pool.ts';
import { shrink } from './shrink.ts';
import { Tally } from './tally.ts';
import type { SeedVerdict } from './verdict.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    once: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    'no-faults': { type: 'boolean', default: false },
    planner: { type: 'string' },
    'crash-all': { type: 'boolean', default: false },
    stride: { type: 'string', default: '1' },
    shrink: { type: 'string' },
    kept: { type: 'string' },
    world: { type: 'string' },
    workers: { type: 'string', default: String(Math.min(2, availableParallelism())) },
  },
});

/** From here on a decision cell that nothing reaches is a failure. */
const SEEDS_FOR_ALL_CELLS = 5000;
const PLANNER_CASES_BESIDE = 20_000;
const PROGRESS_MS = 10_000;

const from = Number(values.from);
const workers = Number(values.workers);

if (values.planner !== undefined) runPlannerAlone(Number(values.planner));
else if (values.shrink !== undefined) await makeSmaller(parseWorld(values.shrink));
else if (values.kept !== undefined) await runKept(values.kept);
else if (values.world !== undefined) await runWorlds([parseWorld(values.world)]);
else if (values['crash-all']) await runCrashes();
else await runSeeds();

function worldOf(seed: number): WorldOptions {
  return values['no-faults'] ? { seed, noFaults: true } : { seed };
}

/** A seed, or the options of a world as JSON. */
function parseWorld(text: string): WorldOptions {
  if (/^\d+$/.test(text)) return worldOf(Number(text));
  const options = JSON.parse(text) as WorldOptions;
  if (!Number.isInteger(options.seed)) throw new Error('a world has a seed');
  return options;
}

async function runSeeds(): Promise<void> {
  const count = Number(values.seeds ?? '100');
  const tally = new Tally();
  const began = performance.now();
  let nextSeed = from;
  let toldMs = began;
  await runPool({
    workers: Math.min(workers, count),
    next: () => {
      const isOver = nextSeed >= from + count || (tally.failed > 0 && !values['keep-going']);
      return isOver ? undefined : { options: worldOf(nextSeed++), isTwice: !values.once };
    },
    onVerdict: (verdict) => {
      tally.add(verdict);
      if (values.verbose) console.log(verdict.log.join('\n'));
      if (verdict.violations.length > 0) tellFailure(verdict);
      if (performance.now() - toldMs < PROGRESS_MS) return;
      toldMs = performance.now();
      console.log(`… ${tally.seeds} of ${count} seeds, ${tally.failed} failed`);
    },
  });
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `simulation from seed ${from} in ${seconds.toFixed(1)} s: ${tally.lines().join('\n')}`,
  );
  if (tally.failed > 0) process.exitCode = 1;
  if (count >= SEEDS_FOR_ALL_CELLS) requireAllCells(tally);
}

function tellFailure({ seed, violations, features, options }: SeedVerdict): void {
  console.log(`seed ${seed} [${features.join(' ')}]:\n  ${violations.slice(0, 6).join('\n  ')}`);
  const isWhole = options.crash === undefined && options.without === undefined;
  const flags = options.noFaults === true ? ' --no-faults' : '';
  const which = isWhole
    ? `--seeds 1 --from ${seed}${flags}`
    : `--world '${JSON.stringify(options)}'`;
  console.log(`  again: npm run simulate -- ${which} --once --verbose`);
}

/** What worlds do not reach the planner alone must. */
function requireAllCells(tally: Tally): void {
  const unreached = tally.unreached(runPlanner({ seed: from, count: PLANNER_CASES_BESIDE }).cells);
  if (unreached.length === 0) return;
  console.log(`decision cells that nothing reached: ${unreached.join(', ')}`);
  process.exitCode = 1;
}

function runPlannerAlone(count: number): void {
  const began = performance.now();
  const { failures, roundsMax, operations, cells, unreached, ...run } = runPlanner({
    seed: from,
    count,
  });
  const seconds = (performance.now() - began) / 1000;
  for (const { seed, why } of failures) console.log(`case ${seed}: ${why}`);
  console.log(
    `planner alone: ${run.count} cases from seed ${from}, ${operations} operations, at most ${roundsMax} rounds, ${seconds.toFixed(1)} s, ${failures.length} failed`,
  );
  console.log(`${cells.size} decision cells reached; not: ${unreached.join(', ')}`);
  if (failures.length > 0) process.exitCode = 1;
}

async function runCrashes(): Promise<void> {
  const report = await crashAll({
    from,
    workers,
    seeds: Number(values.seeds ?? '20'),
    stride: Number(values.stride),
    onFailure: tellFailure,
    onProgress: (text) => console.log(text),
  });
  console.log(
    `a crash at every step: ${report.histories} histories, ${report.crashes} crashes, ${report.failed} failed`,
  );
  if (report.failed > 0) process.exitCode = 1;
}

async function makeSmaller(options: WorldOptions): Promise<void> {
  const shrunk = await shrink(options, (text) => console.log(text));
  if (shrunk === undefined) {
    console.log(`seed ${options.seed} does not fail`);
    return;
  }
  const { verdict, runs } = shrunk;
  if (values.verbose) console.log(verdict.log.join('\n'));
  console.log(`after ${runs} runs:\n  ${verdict.violations.slice(0, 6).join('\n  ')}`);
  console.log(asKeptSeed(verdict.options, verdict.violations[0] ?? ''));
  process.exitCode = 1;
}

/** `--kept NAME`: the file of seeds/ with this name, or all of them. */
async function runKept(name: string): Promise<void> {
  const worlds = keptSeeds()
    .filter((file) => name === 'all' || file.name === name || file.name === `${name}.json`)
    .map(({ kept: { reason: _reason, ...options } }) => options);
  if (worlds.length === 0) throw new Error(`there is no seeds/${name}`);
  await runWorlds(worlds);
}

async function runWorlds(worlds: readonly WorldOptions[]): Promise<void> {
  const queue = [...worlds].reverse();
  const tally = new Tally();
  await runPool({
    workers: Math.min(workers, queue.length),
    next: () => {
      const options = queue.pop();
      return options === undefined ? undefined : { options, isTwice: !values.once };
    },
    onVerdict: (verdict) => {
      tally.add(verdict);
      if (values.verbose) console.log(verdict.log.join('\n'));
      if (verdict.violations.length > 0) tellFailure(verdict);
    },
  });
  console.log(tally.lines().join('\n'));
  if (tally.failed > 0) process.exitCode = 1;
}
