// What a machine can judge without running the product, two at a time: format, lint, types, dead code.
// Tidiness and the import arrows are tests of their own (test/tidy) and run here too.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';

const node = process.execPath;
/** @type {readonly (readonly [string, readonly string[]])[]} */
const CHECKS = [
  [
    'format',
    ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '--cache', '.'],
  ],
  ['lint', ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings']],
  ['types', ['node_modules/@typescript/native/bin/tsc', '-p', 'tsconfig.json']],
  [
    'types of components',
    [
      'node_modules/svelte-check/bin/svelte-check',
      '--workspace=renderer',
      '--tsconfig=tsconfig.json',
      '--fail-on-warnings',
      '--output=human',
    ],
  ],
  ['types of pure code', ['node_modules/@typescript/native/bin/tsc', '-p', 'tsconfig.pure.json']],
  ['dead code', ['node_modules/knip/bin/knip.js', '--no-progress']],
  ['tidy and import arrows', ['scripts/many-tests.mjs', ...globSync('test/tidy/**/*.test.ts')]],
];

/**
 * What the check printed is shown whole when it ends: two run side by side.
 * @param {readonly [string, readonly string[]]} check
 */
async function runCheck([name, args]) {
  const began = performance.now();
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  /** @type {Buffer[]} */
  const printed = [];
  child.stdout.on('data', (/** @type {Buffer} */ part) => printed.push(part));
  child.stderr.on('data', (/** @type {Buffer} */ part) => printed.push(part));
  const [code] = await once(child, 'close');
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(Buffer.concat(printed));
  console.log(`# check ${name}: ${seconds} s, ${code === 0 ? 'passed' : 'FAILED'}`);
  return code === 0;
}

const queue = [...CHECKS];
let failed = 0;
async function work() {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
    if (!(await runCheck(check))) failed++;
  }
}
await Promise.all([work(), work()]);
console.log(`# checks: ${CHECKS.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
