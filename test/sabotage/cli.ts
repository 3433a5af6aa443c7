/**
 * `npm run sabotage [-- --only PART_OF_A_NAME…]`: takes one safety check out at a time, in copies of the sources,
 * and runs the tests that should notice. A sabotage that no test notices fails the run, and so does
 * one whose place in the sources is gone.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TemporaryFolder } from '../e2e/harness.ts';
import { projectFiles } from '../tidy/sources.ts';
import { SABOTAGES, type Sabotage } from './sabotages.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TEST_TIMEOUT_MS = 180_000;
const COPIES = 2;
/** As `npm test` does where passwords are proved by the hundred. */
const CHEAP = ['--import=./scripts/cheap-passwords.mjs'];
/** A sabotage that cannot even be loaded says nothing about the tests. */
const NOT_LOADED = /SyntaxError|ReferenceError|ERR_MODULE_NOT_FOUND|ERR_INVALID_TYPESCRIPT_SYNTAX/;

/** Copies the project's own files; node_modules is shared, with the workspaces pointing at the copy. */
function copyProject(target: string): void {
  for (const file of projectFiles(/./)) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(root, file), join(target, file));
  }
  mkdirSync(join(target, 'node_modules/@coffer'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name === '@coffer') continue;
    symlinkSync(join(root, 'node_modules', name), join(target, 'node_modules', name));
  }
  for (const file of projectFiles(/^[a-z-]+\/package\.json$/)) {
    const { name } = JSON.parse(readFileSync(join(root, file), 'utf8')) as { name: string };
    symlinkSync(join(target, dirname(file)), join(target, 'node_modules', name));
  }
}

interface Outcome {
  readonly passed: boolean;
  /** Killed at the timeout: a slow machine or an endless loop, and nobody knows which. */
  readonly timedOut: boolean;
  readonly output: string;
}

function runTests(folder: string, tests: readonly string[]): Promise<Outcome> {
  const args = [...CHEAP, '--test', '--test-isolation=none', '--test-reporter=spec', ...tests];
  const child = spawn(process.execPath, args, { cwd: folder, timeout: TEST_TIMEOUT_MS });
  const parts: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.stderr.on('data', (part: Buffer) => parts.push(part));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      const output = Buffer.concat(parts).toString();
      resolve({ passed: code === 0, timedOut: signal !== null, output });
    });
  });
}

type Verdict = 'noticed' | 'UNNOTICED' | 'MISPLACED' | 'BROKEN' | 'TIMED OUT';

async function play(folder: string, sabotage: Sabotage): Promise<Verdict> {
  const path = join(folder, sabotage.file);
  const text = readFileSync(path, 'utf8');
  const parts = text.split(sabotage.find);
  if (parts.length !== 2) return 'MISPLACED';
  writeFileSync(path, parts.join(sabotage.replace));
  try {
    const { passed, timedOut, output } = await runTests(folder, sabotage.tests);
    if (passed) return 'UNNOTICED';
    if (timedOut) return 'TIMED OUT';
    return NOT_LOADED.test(output) ? 'BROKEN' : 'noticed';
  } finally {
    writeFileSync(path, text);
  }
}

/** Files that fail without any sabotage: nothing can be learnt from them. */
async function findUnhealthy(folder: string, tests: readonly string[]): Promise<readonly string[]> {
  // One process for all is much faster than one for each, which says who it was.
  if (tests.length === 0 || (await runTests(folder, tests)).passed) return [];
  const unhealthy: string[] = [];
  for (const test of tests) {
    if (!(await runTests(folder, [test])).passed) unhealthy.push(test);
  }
  return unhealthy;
}

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
const only = values.only ?? [''];
const chosen = SABOTAGES.filter(({ name }) => only.some((part) => name.includes(part)));
const startedMs = performance.now();
const folders: TemporaryFolder[] = Array.from({ length: COPIES }, () => new TemporaryFolder());
try {
  for (const { path } of folders) copyProject(path);
  const tests = [...new Set(chosen.flatMap((sabotage) => sabotage.tests))];
  const unhealthy = await Promise.all(
    folders.map(({ path }, i) =>
      findUnhealthy(
        path,
        tests.filter((_, n) => n % COPIES === i),
      ),
    ),
  );
  for (const test of unhealthy.flat()) console.error(`${test} fails without any sabotage`);
  const queue = chosen.filter(
    (sabotage) => !sabotage.tests.some((t) => unhealthy.flat().includes(t)),
  );
  const untried = chosen.length - queue.length;
  let noticed = 0;
  const work = async ({ path }: TemporaryFolder): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const verdict = await play(path, next);
      if (verdict === 'noticed') noticed++;
      console.log(`${verdict.padEnd(9)} ${next.name} (${next.file})`);
    }
  };
  await Promise.all(folders.map(work));
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    `sabotage: ${noticed} of ${chosen.length} noticed, ${untried} not tried, ${seconds} s`,
  );
  process.exitCode = noticed === chosen.length ? 0 : 1;
} finally {
  for (const folder of folders) folder[Symbol.dispose]();
}
