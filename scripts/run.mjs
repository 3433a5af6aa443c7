// The npm scripts: set the clone up if need be, then run the named job under Node 24.
import { fileURLToPath } from 'node:url';
import { runUnderNode24 } from './node24.mjs';

const root = new URL('../', import.meta.url);
const [job, ...args] = process.argv.slice(2);
const JOBS = {
  start: ['scripts/start.mjs', ['start']],
  test: ['scripts/test.mjs', []],
  check: ['scripts/check.mjs', []],
  format: ['node_modules/prettier/bin/prettier.cjs', ['--write', '.']],
  simulate: ['test/simulation/cli.ts', []],
  sabotage: ['test/sabotage/cli.ts', []],
  soak: ['test/soak/cli.ts', []],
  bench: ['bench/src/cli.ts', []],
  icons: ['test/icons/cli.ts', []],
};

process.chdir(fileURLToPath(root));
if (Object.hasOwn(JOBS, job ?? '')) {
  const [file, first] = JOBS[job];
  await runUnderNode24(new URL(file, root), [...first, ...args]);
} else {
  console.error(`usage: node scripts/run.mjs ${Object.keys(JOBS).join('|')}`);
  process.exitCode = 2;
}
