// The whole of `npm test`: the checks, the unit suites, then what waits for processes and pages; beside these two
// what computes; and at last the simulation, which has both cores to itself.
// Arguments are test files to run alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { setPriority } from 'node:os';

const asked = process.argv.slice(2);
/** Most of what is young there dies at once. */
const MUCH_DIES_YOUNG = '--max-semi-space-size=16';
const MANY_FILES = 'scripts/many-tests.mjs';
const APART = ['--test-concurrency=2', '--test-timeout=900000'];
/** They wait for processes and pages half of the time. */
const WAITING = ['--test-concurrency=4', '--test-timeout=900000'];
/** They prove passwords by the hundred; the suites of real processes pay the full price. */
const CHEAP_PASSWORDS = ['--import=./scripts/cheap-passwords.mjs'];
/** The limits of single tests do not hold for what is left open after them. */
const ENDS_AFTER_MS = 25 * 60_000;
/** Of what fills the time in which others wait: those measure how long a person waits. */
const LOW_PRIORITY = 10;
/** As many processes of that at once: one for each core. */
const FILLING = 2;

/**
 * Seconds of the files that take more than one or two, only to share the work out and to begin with the longest.
 * @type {readonly (readonly [part: string, seconds: number])[]}
 */
const SECONDS = [
  ['planner/planner.property', 6],
  ['src/operation.test', 12],
  ['executor/crash', 12],
  ['admin/admin-killed', 11],
  ['content-uploader.test', 8],
  ['content/fetch-contents', 7],
  ['admin/admin.test', 7],
  ['watcher/hint-source', 8],
  ['chunker/', 4],
  ['src/durability', 4],
  ['trees/migrations', 4],
  ['content/content-pool', 4],
  ['space/rotation', 4],
  ['scenarios/content', 36],
  ['scenarios/failures', 30],
  ['scenarios/folders', 30],
  ['scenarios/moves', 25],
  ['scenarios/several', 25],
  ['scenarios/editors', 13],
  ['scenarios/', 9],
  ['hostile/commits', 12],
  ['hostile/answers', 7],
  ['hostile/', 3],
  ['sdk/examples', 8],
  ['vectors/vectors', 7],
  ['simulation/kept-seeds', 10],
  ['simulation/planner', 12],
  ['simulation/oracles', 8],
  ['simulation/one-way', 3],
  ['e2e/costs', 60],
  ['e2e/environments', 55],
  ['e2e/account-life', 50],
  ['ui/views', 45],
  ['electron-double/first-run', 27],
  ['ui/keyboard', 20],
  ['ui/account', 16],
  ['e2e/daemon', 44],
  ['e2e/gates', 42],
  ['e2e/restored-server', 35],
  ['e2e/skeleton', 30],
];

const secondsOf = (/** @type {string} */ file) =>
  SECONDS.find(([part]) => file.includes(part))?.[1] ?? 1;

/** @param {readonly string[]} files */
const longestFirst = (files) => files.toSorted((a, b) => secondsOf(b) - secondsOf(a));

/**
 * Files for as many processes as there are shares: each gets about that much of the work.
 * @param {readonly string[]} files
 * @param {readonly number[]} shares
 */
function deal(files, shares) {
  const hands = shares.map((share) => ({ share, files: /** @type {string[]} */ ([]), seconds: 0 }));
  for (const file of longestFirst(files)) {
    const seconds = secondsOf(file);
    const least = hands.reduce((a, b) =>
      (b.seconds + seconds) / b.share < (a.seconds + seconds) / a.share ? b : a,
    );
    least.files.push(file);
    least.seconds += seconds;
  }
  return hands.map((hand) => hand.files);
}

/**
 * What finds nothing to look at must fail.
 * @param {string} pattern
 * @param {number} filesMin
 */
function testFiles(pattern, filesMin) {
  const files = globSync(`${pattern}/**/*.test.ts`);
  if (files.length >= filesMin) return files;
  console.error(`${pattern}: ${files.length} test files found, at least ${filesMin} expected`);
  process.exit(1);
}

/**
 * One process for each list of arguments. What fills the time of others runs `FILLING` of them at once, in
 * their order; of other suites all run at once.
 * @typedef {{ readonly name: string, readonly runs: readonly (readonly string[])[], readonly isFilling?: boolean }} Suite
 */

/** @type {[string, { passed: boolean, seconds: number }][]} */
const results = [];

/**
 * What fills the time of others is told when it ends.
 * @param {readonly string[]} args
 * @param {boolean} isFilling
 */
async function runProcess(args, isFilling) {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', isFilling ? 'pipe' : 'inherit', 'inherit'],
    timeout: ENDS_AFTER_MS,
    killSignal: 'SIGKILL',
  });
  if (isFilling && child.pid !== undefined) setPriority(child.pid, LOW_PRIORITY);
  /** @type {Buffer[]} */
  const printed = [];
  child.stdout?.on('data', (/** @type {Buffer} */ part) => printed.push(part));
  const [code] = await once(child, 'close');
  process.stdout.write(Buffer.concat(printed));
  return code === 0;
}

/** @param {Suite} suite */
async function run({ name, runs, isFilling = false }) {
  const began = performance.now();
  const left = [...runs];
  let passed = true;
  const work = async () => {
    for (let args = left.shift(); args !== undefined; args = left.shift())
      if (!(await runProcess(args, isFilling))) passed = false;
  };
  await Promise.all(Array.from({ length: isFilling ? FILLING : runs.length }, work));
  const seconds = (performance.now() - began) / 1000;
  results.push([name, { passed, seconds }]);
}

/** @param {readonly Suite[]} suites */
async function inTurn(suites) {
  for (const suite of suites) await run(suite);
}

/** @param {readonly string[]} args */
const testing = (...args) => ['--test', '--test-reporter=dot', ...args];
/** @type {(files: readonly string[], options?: readonly string[]) => readonly string[]} */
const together = (files, options = []) => [MUCH_DIES_YOUNG, ...options, MANY_FILES, ...files];

const UNITS = [
  ...testFiles('{protocol,sdk,server,native-worker,cli,renderer,bench}/src', 80),
  ...testFiles('test/sabotage', 1),
];
const PROCESSES = [
  ...testFiles('test/e2e', 8),
  ...testFiles('test/browser', 4),
  ...testFiles('test/electron-double', 2),
];
const FRESH_SEEDS = 'test/simulation/simulation.test.ts';
const COMPUTING = [
  ...testFiles('test/vectors', 3),
  ...testFiles('test/sdk', 6),
  ...testFiles('test/scenarios', 8),
  ...testFiles('test/hostile', 15),
  ...testFiles('test/simulation', 4).filter((file) => file !== FRESH_SEEDS),
];

/** One after the other; all before the next ones. @type {readonly Suite[]} */
const FIRST = [
  { name: 'checks', runs: [['scripts/check.mjs']] },
  // Once, before suites that run side by side need them.
  { name: 'pages and command line', runs: [['renderer/scripts/build.ts'], ['scripts/bundle.mjs']] },
];
/** One after the other. @type {readonly Suite[]} */
const HAVING_TIME_LEFT = [
  // Four: they wait for timers and disks now and then.
  { name: 'unit', runs: deal(UNITS, [1, 1, 1, 1]).map((files) => together(files)) },
  { name: 'processes and pages', runs: [testing(...WAITING, ...longestFirst(PROCESSES))] },
];
/** Beside those. The small hands at its end keep both cores at work until all are played. @type {Suite} */
const TAKING_IT = {
  name: 'vectors, SDK, scenarios, hostile, kept seeds',
  runs: deal(COMPUTING, [6, 6, 3, 3, 2, 1, 1]).map((files) => together(files, CHEAP_PASSWORDS)),
  isFilling: true,
};
/** @type {Suite} */
const LAST = { name: 'simulation', runs: [together([FRESH_SEEDS])] };

const began = performance.now();
if (asked.length > 0) {
  await run({ name: 'asked for', runs: [['--test', '--test-reporter=spec', ...APART, ...asked]] });
} else {
  await inTurn(FIRST);
  await Promise.all([inTurn(HAVING_TIME_LEFT), run(TAKING_IT)]);
  await run(LAST);
}
for (const [name, { passed, seconds }] of results) {
  console.log(`# ${name}: ${seconds.toFixed(1)} s, ${passed ? 'passed' : 'FAILED'}`);
}
const failed = results.filter(([, { passed }]) => !passed).length;
const seconds = Math.round((performance.now() - began) / 1000);
console.log(`suites: ${results.length - failed} passed, ${failed} failed, ${seconds} s`);
process.exitCode = failed === 0 ? 0 : 1;
