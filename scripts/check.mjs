// What a machine can judge without running the product, fastest first: format, lint, types, dead code.
// Tidiness and the import arrows are tests of their own (test/tidy) and run here too.
import { spawnSync } from 'node:child_process';
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
  [
    'tidy and import arrows',
    [
      '--test',
      '--test-isolation=none',
      '--test-reporter=dot',
      ...globSync('test/tidy/**/*.test.ts'),
    ],
  ],
];

let failed = 0;
for (const [name, args] of CHECKS) {
  const began = performance.now();
  const { status } = spawnSync(node, args, { stdio: 'inherit' });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`# check ${name}: ${seconds} s, ${status === 0 ? 'passed' : 'FAILED'}`);
  if (status !== 0) failed++;
}
console.log(`# checks: ${CHECKS.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
