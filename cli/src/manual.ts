/** The manual page (roff, man(7)), made from the definitions of the commands. Pure. */
import { groupCommands } from './command-groups.ts';
import { GLOBAL_FLAGS, type CommandDefinition, type FlagDefinition } from './command.ts';

/** Exit codes as the table of docs/cli.md has them. */
const EXITS: readonly (readonly [code: string, meaning: string])[] = [
  ['0', 'done'],
  ['1', 'failed'],
  ['2', 'usage: the words were not understood, nothing was done'],
  ['3', 'something needs attention: conflicts, stalls, held deletions'],
  ['4', 'not signed in, or refused'],
  ['5', 'over quota'],
  ['6', 'network: the server cannot be reached'],
  ['7', 'integrity: data or the server failed a check'],
  ['130', 'interrupted'],
];

export function manualPage(commands: readonly CommandDefinition[], version: string): string {
  return [
    `.TH COFFER 1 "" "Coffer ${version}" "User Commands"`,
    '.SH NAME',
    'coffer \\- an encrypted drive that nobody but you can read',
    '.SH SYNOPSIS',
    '.B coffer',
    '.I COMMAND',
    '[ARGUMENTS] [OPTIONS]',
    '.SH OPTIONS OF EVERY COMMAND',
    ...GLOBAL_FLAGS.flatMap(flagLines),
    ...[...groupCommands(commands)].flatMap(([title, own]) => [
      `.SH ${roff(`commands: ${title}`.toUpperCase())}`,
      ...own.flatMap(commandLines),
    ]),
    '.SH EXIT STATUS',
    ...EXITS.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, roff(meaning)]),
    '',
  ].join('\n');
}

function commandLines(command: CommandDefinition): readonly string[] {
  return [
    `.SS ${roff(`coffer ${`${command.name} ${command.usage}`.trim()}`)}`,
    roff(`${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`),
    ...(command.details === undefined ? [] : ['.PP', ...command.details.split('\n').map(roff)]),
    ...command.flags.flatMap(flagLines),
    '.PP',
    'Example:',
    '.EX',
    roff(command.example),
    '.EE',
  ];
}

function flagLines({ name, short, value, summary }: FlagDefinition): readonly string[] {
  const brief = short === undefined ? '' : `\\-${short}, `;
  return [
    '.TP',
    `.B ${brief}\\-\\-${roff(name)}${value === undefined ? '' : ` ${value}`}`,
    roff(summary),
  ];
}

/** A line may not begin with a control character, and a dash is not a hyphen. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1');
}
