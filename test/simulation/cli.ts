/**
 * `npm run simulate -- …` (README.md): worlds from a seed on, each run twice on both cores; or the planner
 * alone, a crash at every disk call, or a failing world made smaller. Exits 1 on a violation.
 */
import { availableParallelism } from 'node:os';
import {
  readArguments,
  USAGE,
  WrongArguments,
  type SimulationRequest,
  type Task,
} from './arguments.ts';
import { crashAll } from './crash-all.ts';
import { asKeptSeed, keptSeeds } from './kept-seeds.ts';
import type { WorldOptions } from './options.ts';
import { runPlanner } from './planner-cases.ts';
import { runPool } from './pool.ts';
import { shrink } from './shrink.ts';
import { Tally } from './tally.ts';
import type { SeedVerdict } from './verdict.ts';

/** From here on a decision cell that nothing reaches is a failure. */
const SEEDS_FOR_ALL_CELLS = 5000;
const PLANNER_CASES_BESIDE = 20_000;
const PROGRESS_MS = 10_000;

const request = ask();
const { from, workers } = request;
await run(request.task);

function ask(): SimulationRequest {
  try {
    return readArguments(process.argv.slice(2), Math.min(2, availableParallelism()));
  } catch (error) {
    if (!(error instanceof WrongArguments)) throw error;
    console.error(`simulate: ${error.message}. --help says what there is.`);
    process.exit(2);
  }
}

async function run(task: Task): Promise<void> {
  switch (task.kind) {
    case 'help':
      console.log(USAGE);
      return;
    case 'planner':
      runPlannerAlone(task.count);
      return;
    case 'shrink':
      await makeSmaller(task.world);
      return;
    case 'kept':
      await runKept(task.name);
      return;
    case 'world':
      await runWorlds([task.world]);
      return;
    case 'crash-all':
      await runCrashes(task.count, task.stride);
      return;
    case 'seeds':
      await runSeeds(task.count);
  }
}

function worldOf(seed: number): WorldOptions {
  return request.noFaults ? { seed, noFaults: true } : { seed };
}

async function runSeeds(count: number): Promise<void> {
  const tally = new Tally();
  const began = performance.now();
  let nextSeed = from;
  let toldMs = began;
  await runPool({
    workers: Math.min(workers, count),
    next: () => {
      const isOver = nextSeed >= from + count || (tally.failed > 0 && !request.keepsGoing);
      return isOver ? undefined : { options: worldOf(nextSeed++), isTwice: request.isTwice };
    },
    onVerdict: (verdict) => {
      tally.add(verdict);
      if (request.isVerbose) console.log(verdict.log.join('\n'));
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

async function runCrashes(seeds: number, stride: number): Promise<void> {
  const report = await crashAll({
    from,
    workers,
    seeds,
    stride,
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
  if (request.isVerbose) console.log(verdict.log.join('\n'));
  console.log(`after ${runs} runs:\n  ${verdict.violations.slice(0, 6).join('\n  ')}`);
  console.log(asKeptSeed(verdict.options, verdict.violations[0] ?? ''));
  process.exitCode = 1;
}

/** `--kept NAME`: the file of seeds/ with this name, or all of them. */
async function runKept(name: string): Promise<void> {
  const worlds = keptSeeds()
    .filter((file) => name === 'all' || file.name === name || file.name === `${name}.json`)
    .map(({ kept: { reason: _reason, ...options } }) => options);
  if (worlds.length > 0) return runWorlds(worlds);
  console.error(`simulate: there is no test/simulation/seeds/${name.replace(/\.json$/, '')}.json.`);
  process.exitCode = 2;
}

async function runWorlds(worlds: readonly WorldOptions[]): Promise<void> {
  const queue = [...worlds].reverse();
  const tally = new Tally();
  await runPool({
    workers: Math.min(workers, queue.length),
    next: () => {
      const options = queue.pop();
      return options === undefined ? undefined : { options, isTwice: request.isTwice };
    },
    onVerdict: (verdict) => {
      tally.add(verdict);
      if (request.isVerbose) console.log(verdict.log.join('\n'));
      if (verdict.violations.length > 0) tellFailure(verdict);
    },
  });
  console.log(tally.lines().join('\n'));
  if (tally.failed > 0) process.exitCode = 1;
}
