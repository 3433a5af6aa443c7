import assert from 'node:assert/strict';
import test from 'node:test';
import { COMMANDS } from './commands/registry.ts';
import { parseDurationMs } from './durations.ts';
import { UsageFailure, worstExitCode } from './failure.ts';
import { COMMAND_GROUPS } from './command-groups.ts';
import { helpCommand, helpOverview, helpWord } from './help.ts';
import { escapeForTerminal, formatBytes } from './output.ts';
import { nearest, parseInvocation } from './parse-arguments.ts';

const parse = (text: string) => parseInvocation(text.split(' ').filter(Boolean), COMMANDS);
const refusal = (text: string): UsageFailure => {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof UsageFailure);
    return error;
  }
  throw new Error(`'${text}' was taken`);
};

test('the longest command that the words name is chosen, the rest are its arguments', () => {
  const { command, input } = parse('sync add /a /b --mode upload --ignore *.log --ignore *.tmp');
  assert.equal(command?.name, 'sync add');
  assert.deepEqual(input.positionals, ['/a', '/b']);
  assert.equal(input.value('mode'), 'upload');
  assert.deepEqual(input.values('ignore'), ['*.log', '*.tmp']);
});

test('global options stand anywhere', () => {
  const { command, input } = parse('--home /h sync now --json');
  assert.equal(command?.name, 'sync now');
  assert.equal(input.value('home'), '/h');
  assert.equal(input.has('json'), true);
});

test('the value of an option is no verb of a group', () => {
  assert.equal(parse('signup --server http://x --email e').command?.name, 'signup');
  assert.equal(parse('trash --json').command?.name, 'trash');
});

test('two dashes end the options', () => {
  const { command, input } = parse('rm -- --forever');
  assert.equal(command?.name, 'rm');
  assert.deepEqual(input.positionals, ['--forever']);
  assert.equal(input.has('forever'), false);
});

test('a group that is a command too takes its verbs before its arguments', () => {
  assert.equal(parse('trash').command?.name, 'trash');
  assert.equal(parse('trash restore /a').command?.name, 'trash restore');
  assert.equal(parse('conflicts list').command?.name, 'conflicts');
});

test('an unknown word suggests the nearest', () => {
  assert.match(refusal('sync nwo').hint ?? '', /coffer sync now/);
  assert.match(refusal('stauts').hint ?? '', /coffer status/);
  assert.match(refusal('ls --lnog').hint ?? '', /--long/);
  assert.equal(nearest('xyzzy', ['status', 'sync now']), undefined);
});

test('an unknown short option is named in our words, with the way out for a word that begins with -', () => {
  const { message, hint } = refusal('config set recycle.days -1');
  assert.equal(message, 'unknown option -1');
  assert.match(hint ?? '', /coffer help config set'.*behind --/);
  assert.equal(refusal('ls -lx').message, 'unknown option -x');
});

test('missing and surplus arguments say how the command is used', () => {
  assert.match(refusal('sync add').hint ?? '', /coffer sync add LOCAL \[REMOTE\]/);
  assert.match(refusal('mv /a /b /c').hint ?? '', /coffer mv FROM TO/);
  assert.match(refusal('sync').message, /needs one of: add, list, now/);
});

test('every command has help with its usage and an example that is taken', () => {
  for (const command of COMMANDS) {
    const help = helpCommand(command);
    assert.ok(help.includes(`coffer ${command.name}`), command.name);
    const words = command.example
      .replace(/^coffer /, '')
      .replaceAll("'", '')
      .split(' ');
    assert.equal(parseInvocation(words, COMMANDS).command?.name, command.name, command.example);
    const isShown = helpOverview(COMMANDS).includes(`  ${command.summary}\n`);
    assert.equal(isShown, command.isHidden !== true, command.name);
  }
});

test('help groups commands by what people do, and no line of it is wider than 80', () => {
  const words = COMMAND_GROUPS.flatMap((group) => group.words);
  const first = COMMANDS.map(({ name }) => name.split(' ')[0] ?? '');
  assert.equal(new Set(words).size, words.length);
  assert.deepEqual([...new Set(first)], words);
  const overview = helpOverview(COMMANDS);
  assert.match(overview, /Begin:\n {2}start .*\n {2}signup [^]*\n\nHistory:\n {2}versions /);
  assert.doesNotMatch(overview, /Share:/, 'a group without commands is not shown');
  const pages = COMMANDS.flatMap((command) => [
    helpCommand(command),
    helpWord(command.name, COMMANDS),
  ]);
  const lines = [overview, ...pages].flatMap((page) => page.split('\n'));
  // An example is one line to copy, whatever its length.
  assert.deepEqual(
    lines.filter((line) => line.length > 80 && !/^ {2}coffer /.test(line)),
    [],
  );
});

test('help on a word that is a command and a group shows its own options and the group', () => {
  const help = helpWord('daemon', COMMANDS);
  for (const part of [/--detach/, /Example:\n {2}coffer daemon/, /coffer daemon stop {2,}end/])
    assert.match(help, part);
  const { command } = parse('ls');
  assert.equal(helpWord('ls', COMMANDS), command && helpCommand(command));
  assert.match(helpWord('sync', COMMANDS), /^ {2}coffer sync add LOCAL/);
});

test('every name is taken once, and what is not there yet says so', async () => {
  const names = COMMANDS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.equal(parse('link list').command?.isHidden, true);
  assert.equal(parse('share add /x').command?.isHidden, true);
});

test('what is not there yet is no unknown option, whatever flags it is given', () => {
  const lines = [
    'link create /photo --expires 7d --max-downloads 3 --label x --copy',
    'link create --password-file=pw /photo',
    'webdav / --listen 127.0.0.1:8421 --read-only',
  ];
  for (const line of lines) assert.equal(parse(line).command?.takesAnyFlag, true, line);
  assert.equal(parse('--json link create /photo --expires 7d').input.has('json'), true);
  assert.throws(() => parse('link list --expires 7d'), UsageFailure);
  assert.throws(() => parse('ls --expires 7d'), UsageFailure);
});

test('every command loads', async () => {
  for (const command of COMMANDS)
    assert.equal(typeof (await command.load()), 'function', command.name);
});

test('of several causes the gravest gives the exit code', () => {
  assert.equal(worstExitCode([]), 0);
  assert.equal(worstExitCode([3, 1, 6]), 6);
  assert.equal(worstExitCode([5, 4, 7]), 7);
  assert.equal(worstExitCode([3, 1]), 1);
});

test('durations are read in their units and nothing else', () => {
  assert.deepEqual(
    ['90s', '15m', '2h', '7d'].map(parseDurationMs),
    [90_000, 900_000, 7_200_000, 604_800_000],
  );
  for (const wrong of ['', '0s', '5', '1w', '-1s', '1.5h'])
    assert.throws(() => parseDurationMs(wrong), UsageFailure);
});

test('names that deceive are shown escaped, bytes in powers of 1000', () => {
  assert.equal(
    escapeForTerminal('invoice\u202efdp.exe\u001b[2J'),
    'invoice\\u{202e}fdp.exe\\u{1b}[2J',
  );
  assert.deepEqual([0, 999, 1400, 23_400_000].map(formatBytes), [
    '0 B',
    '999 B',
    '1.4 kB',
    '23 MB',
  ]);
});
