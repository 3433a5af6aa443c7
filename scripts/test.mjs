// The whole of `npm test`: the checks, then the suites in order of speed.
// Unit suites share one process; suites that start processes or threads are isolated file by file.
// Arguments are test files to run alone.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const asked = process.argv.slice(2);
const TOGETHER = ['--test-isolation=none'];
const APART = ['--test-concurrency=2', '--test-timeout=240000'];

/** Name, files, node options, and the least number of files: a suite that looks at nothing must fail. */
const SUITES = [
  ['unit', globSync('{protocol,sdk,server,native-worker,cli}/src/**/*.test.ts'), TOGETHER, 5],
  ['vectors', globSync('test/vectors/**/*.test.ts'), TOGETHER, 0],
  [
    'system',
    globSync('test/{e2e,hostile,scenarios,simulation,crash,browser}/**/*.test.ts'),
    APART,
    0,
  ],
];

function run(args) {
  const began = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  return { passed: status === 0, seconds: (performance.now() - began) / 1000 };
}

const results = [];
if (asked.length > 0) {
  results.push(['asked for', run(['--test', '--test-reporter=spec', ...APART, ...asked])]);
} else {
  results.push(['checks', run(['scripts/check.mjs'])]);
  for (const [name, files, options, filesMin] of SUITES) {
    if (files.length < filesMin) {
      console.error(`${name}: ${files.length} test files found, at least ${filesMin} expected`);
      results.push([name, { passed: false, seconds: 0 }]);
    } else if (files.length > 0) {
      results.push([name, run(['--test', '--test-reporter=dot', ...options, ...files])]);
    }
  }
}
for (const [name, { passed, seconds }] of results) {
  console.log(`# ${name}: ${seconds.toFixed(1)} s, ${passed ? 'passed' : 'FAILED'}`);
}
const failed = results.filter(([, { passed }]) => !passed).length;
console.log(`suites: ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
