/**
 * `npm run sabotage [-- --only NAME]`: takes one safety check out at a time, in a copy of the sources,
 * and runs the tests that should notice. A sabotage that no test notices fails the run.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { TemporaryFolder } from '../e2e/harness.ts';
import { projectFiles } from '../tidy/sources.ts';
import { SABOTAGES, type Sabotage } from './sabotages.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const TEST_TIMEOUT_MS = 300_000;
const { values } = parseArgs({ options: { only: { type: 'string' } } });

/** Copies the project's own files; node_modules is shared, with the workspaces pointing at the copy. */
function copyProject(target: string): void {
  for (const file of projectFiles(/./))
    cpSync(join(root, file), join(target, file), { recursive: true });
  const link = (name: string): void =>
    symlinkSync(join(root, 'node_modules', name), join(target, 'node_modules', name));
  const listed = spawnSync('ls', ['-A', join(root, 'node_modules')], {
    encoding: 'utf8',
  }).stdout.split('\n');
  cpSync(join(root, 'package.json'), join(target, 'node_modules', '.keep'), { recursive: true });
  for (const name of listed) if (name !== '' && name !== '@coffer') link(name);
  for (const file of projectFiles(/^[a-z-]+\/package\.json$/)) {
    const folder = file.split('/')[0] ?? '';
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8')) as { name: string };
    cpSync(join(root, 'package.json'), join(target, 'node_modules', '@coffer', '.keep'), {
      recursive: true,
    });
    symlinkSync(join(target, folder), join(target, 'node_modules', manifest.name));
  }
}

function runTests(folder: string, tests: readonly string[]): boolean {
  const { status } = spawnSync(process.execPath, ['--test', '--test-reporter=dot', ...tests], {
    cwd: folder,
    stdio: 'ignore',
    timeout: TEST_TIMEOUT_MS,
  });
  return status === 0;
}

function isNoticed(folder: string, sabotage: Sabotage): boolean {
  const path = join(folder, sabotage.file);
  const text = readFileSync(path, 'utf8');
  const parts = text.split(sabotage.find);
  if (parts.length !== 2) {
    throw new Error(
      `${sabotage.name}: found ${parts.length - 1} times in ${sabotage.file}, expected once`,
    );
  }
  writeFileSync(path, parts.join(sabotage.replace));
  try {
    return !runTests(folder, sabotage.tests);
  } finally {
    writeFileSync(path, text);
  }
}

using copy = new TemporaryFolder();
copyProject(copy.path);
const chosen = SABOTAGES.filter(
  ({ name }) => values.only === undefined || name.includes(values.only),
);
const healthy = [...new Set(chosen.flatMap(({ tests }) => tests))];
if (!runTests(copy.path, healthy)) {
  console.error('sabotage: the tests fail without any sabotage; nothing can be learnt from them');
  process.exit(1);
}
let unnoticed = 0;
for (const sabotage of chosen) {
  const noticed = isNoticed(copy.path, sabotage);
  if (!noticed) unnoticed++;
  console.log(`${noticed ? 'noticed  ' : 'UNNOTICED'} ${sabotage.name} (${sabotage.file})`);
}
console.log(`sabotage: ${chosen.length - unnoticed} of ${chosen.length} noticed`);
process.exitCode = unnoticed === 0 ? 0 : 1;
