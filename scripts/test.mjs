// The whole of `npm test`: the checks, then the suites in order of speed.
// Unit suites share four processes; suites that start processes or threads are isolated file by file.
// Arguments are test files to run alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';

const asked = process.argv.slice(2);
const TOGETHER = ['--test-isolation=none'];
const APART = ['--test-concurrency=2', '--test-timeout=900000'];
/** They wait for processes and pages half of the time. */
const WAITING = ['--test-concurrency=4', '--test-timeout=900000'];
/** Uses both cores by itself. */
const SIMULATION = ['--test-concurrency=1', '--test-timeout=1200000'];

const PROCESSES = 'test/{e2e,browser,electron-double}/**/*.test.ts';
/** So that none of them is left alone at the end. */
const LONGEST = ['costs', 'account-life', 'environments', 'views', 'daemon', 'restored-server'];

/** @param {readonly string[]} files */
function longestFirst(files) {
  const rank = (/** @type {string} */ file) => {
    const at = LONGEST.findIndex((name) => file.includes(`/${name}`));
    return at < 0 ? LONGEST.length : at;
  };
  return files.toSorted((a, b) => rank(a) - rank(b));
}

/**
 * Name, files, node options, and the least number of files: a suite that looks at nothing must fail.
 * @type {readonly (readonly [string, readonly string[], readonly string[], number])[]}
 */
const SUITES = [
  [
    'unit',
    globSync('{protocol,sdk,server,native-worker,cli,renderer,bench}/src/**/*.test.ts'),
    TOGETHER,
    80,
  ],
  ['vectors and SDK', globSync('test/{vectors,sdk}/**/*.test.ts'), APART, 8],
  ['scenarios', globSync('test/scenarios/*.test.ts'), APART, 8],
  ['hostile', globSync('test/hostile/**/*.test.ts'), APART, 8],
  ['processes and pages', longestFirst(globSync(PROCESSES)), WAITING, 12],
  ['simulation', globSync('test/simulation/**/*.test.ts'), SIMULATION, 1],
];

/**
 * Runs each list of arguments in a process of its own, all at once.
 * @param {readonly (readonly string[])[]} lists
 */
async function run(...lists) {
  const began = performance.now();
  const codes = await Promise.all(
    lists.map(async (args) => {
      const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit');
      return code;
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  return { passed: codes.every((code) => code === 0), seconds };
}

/**
 * Files that share one process use one core, and wait for timers now and then: four parts use both cores.
 * @param {readonly string[]} files
 */
function quarters(files) {
  return [0, 1, 2, 3].map((part) => files.filter((_, i) => i % 4 === part));
}

/** @type {[string, { passed: boolean, seconds: number }][]} */
const results = [];
if (asked.length > 0) {
  results.push(['asked for', await run(['--test', '--test-reporter=spec', ...APART, ...asked])]);
} else {
  results.push(['checks', await run(['scripts/check.mjs'])]);
  // Once, before suites that run side by side need them.
  results.push(['pages', await run(['renderer/scripts/build.ts'])]);
  results.push(['bundle', await run(['scripts/bundle.mjs'])]);
  for (const [name, files, options, filesMin] of SUITES) {
    if (files.length < filesMin) {
      console.error(`${name}: ${files.length} test files found, at least ${filesMin} expected`);
      results.push([name, { passed: false, seconds: 0 }]);
    } else if (files.length > 0) {
      const parts = options === TOGETHER ? quarters(files) : [files];
      const lists = parts.map((part) => ['--test', '--test-reporter=dot', ...options, ...part]);
      results.push([name, await run(...lists)]);
    }
  }
}
for (const [name, { passed, seconds }] of results) {
  console.log(`# ${name}: ${seconds.toFixed(1)} s, ${passed ? 'passed' : 'FAILED'}`);
}
const failed = results.filter(([, { passed }]) => !passed).length;
console.log(`suites: ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
