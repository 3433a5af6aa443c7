import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { COMMANDS } from '../commands/registry.ts';
import { parseInvocation } from '../parse-arguments.ts';
import { absoluteWords, argumentNames } from './run-elsewhere.ts';

function sent(...argv: readonly string[]): readonly string[] {
  const { command, input } = parseInvocation(argv, COMMANDS);
  assert.ok(command !== undefined);
  return absoluteWords({ command, input, cwd: '/here' });
}

test('local paths go to the daemon absolute, paths of the drive as they are', () => {
  assert.deepEqual(sent('put', 'a', '-', '../b', 'remote'), [
    'put',
    '--',
    '/here/a',
    '-',
    '/b',
    'remote',
  ]);
  assert.deepEqual(sent('--home', '/h', 'get', 'remote', 'x', '-r'), [
    'get',
    '--recursive',
    '--',
    'remote',
    '/here/x',
  ]);
  assert.deepEqual(sent('sync', 'add', 'd', 'r', '--ignore', '*.o', '--ignore', '*.a', '--json'), [
    'sync',
    'add',
    '--json',
    '--ignore=*.o',
    '--ignore=*.a',
    '--',
    '/here/d',
    'r',
  ]);
});

test('what the daemon could not open is refused', () => {
  assert.throws(() => sent('put', '/dev/fd/63', '/x'), { name: 'UsageFailure' });
});

test('the words of a usage line stand for the arguments in their order', () => {
  assert.deepEqual(argumentNames('LOCAL… REMOTE', 4), ['LOCAL', 'LOCAL', 'LOCAL', 'REMOTE']);
  assert.deepEqual(argumentNames('LOCAL REMOTE…', 3), ['LOCAL', 'REMOTE', 'REMOTE']);
  assert.deepEqual(argumentNames('PATH --keep mine|theirs|both', 1), ['PATH']);
  assert.deepEqual(argumentNames('[ID|LOCAL]', 1), ['ID|LOCAL']);
});

test('commands that may run in the daemon touch no stream, folder or variable of its process', () => {
  const folder = new URL('../commands/', import.meta.url).pathname;
  const here = /^(serve|daemon|daemon-install|doctor|admin.*)\.ts$/;
  const files = globSync('*.ts', { cwd: folder }).filter((file) => !here.test(file));
  assert.ok(files.length > 8, `${files.length} files only`);
  const wrong = files.flatMap((file) =>
    readFileSync(folder + file, 'utf8')
      .split('\n')
      .filter((line) => /process\.(stdin|stdout|stderr|cwd|env|exit|argv)\b/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  assert.deepEqual(wrong, []);
});
