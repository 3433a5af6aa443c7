import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { COMMANDS } from './commands/registry.ts';
import { completionScript, SHELLS } from './completion.ts';
import { manualPage } from './manual.ts';

const SHOWN = COMMANDS.filter(({ isHidden }) => isHidden !== true);

/** What bash offers for a line whose last word is being typed; `coffer` itself is played. */
function offered(...words: readonly string[]): readonly string[] {
  const line = words.map((word) => `'${word}'`).join(' ');
  const script = `
${completionScript('bash', SHOWN)}
coffer() { [[ $1 == complete-remote ]] && printf '/Pictures/\\n/Private notes.txt\\n'; }
COMP_WORDS=(coffer ${line}); COMP_CWORD=${words.length}; COMPREPLY=()
_coffer
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.split('\n').filter((word) => word !== '');
}

test('bash offers commands, their verbs, their options and paths of the drive', () => {
  assert.deepEqual(offered('stat').toSorted(), ['stat', 'status']);
  assert.ok(offered('sync', 'ex').includes('exclude'));
  assert.deepEqual(offered('sync', 'now', '--ti'), ['--timeout']);
  assert.deepEqual(offered('ls', '--lo'), ['--long']);
  assert.deepEqual(offered('--home', '/h', 'trash', 'restore', '--t'), ['--to']);
  assert.deepEqual(offered('cat', '/P'), ['/Pictures/', '/Private notes.txt']);
});

test('every command and option is in the scripts of all shells and in the manual', () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, SHOWN);
    for (const { name, flags } of SHOWN) {
      for (const word of name.split(' ')) assert.ok(script.includes(word), `${shell}: ${name}`);
      for (const flag of flags) assert.ok(script.includes(flag.name), `${shell}: --${flag.name}`);
    }
  }
  const page = manualPage(SHOWN, '1.2.3');
  for (const { name, example } of SHOWN) {
    assert.ok(page.includes(name.replaceAll('-', '\\-')), name);
    assert.ok(page.includes(example.replaceAll('-', '\\-').replaceAll('\\\\', '\\')), example);
  }
  const wrong = page
    .split('\n')
    .filter((line) => /^['.](?!(TH|SH|SS|TP|B|I|PP|EX|EE)\b)/.test(line));
  assert.deepEqual(wrong, []);
});
