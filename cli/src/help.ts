import { groupCommands, groupOf } from './command-groups.ts';
import { GLOBAL_FLAGS, type CommandDefinition, type FlagDefinition } from './command.ts';
import { fillLines, twoColumns } from './text-columns.ts';

/** The front page: every command with one line, by what people do. */
export function helpOverview(all: readonly CommandDefinition[]): string {
  const commands = all.filter(({ isHidden }) => isHidden !== true);
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Coffer: an encrypted drive that nobody but you can read.',
    '',
    'Usage: coffer COMMAND [ARGUMENTS] [OPTIONS]',
    '',
    ...[...groupCommands(commands)].flatMap(([title, own]) => [
      `${title}:`,
      ...twoColumns(own.map(({ name, summary }) => [name.padEnd(width), summary])),
      '',
    ]),
    'Options that every command takes:',
    ...flagLines(GLOBAL_FLAGS),
    '',
    "'coffer help COMMAND' shows one command with an example.",
  ].join('\n');
}

export function helpCommand(command: CommandDefinition): string {
  return [
    `coffer ${`${command.name} ${command.usage}`.trim()}`,
    '',
    ...fillLines(`${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`),
    ...(command.details === undefined ? [] : ['', ...fillLines(command.details)]),
    ...(command.flags.length === 0 ? [] : ['', 'Options:', ...flagLines(command.flags)]),
    '',
    'Example:',
    `  ${command.example}`,
  ].join('\n');
}

/** What a word stands for: its own command in full, if it is one, and those that begin with it. */
export function helpWord(word: string, commands: readonly CommandDefinition[]): string {
  const own = commands.find(({ name }) => name === word);
  const group = helpGroup(word, commands);
  if (own === undefined) return group;
  return group === '' ? helpCommand(own) : `${helpCommand(own)}\n\nMore commands:\n${group}`;
}

/** The commands that begin with a word, a line each; empty when there is none. */
export function helpGroup(group: string, commands: readonly CommandDefinition[]): string {
  const own = commands.filter(({ name }) => name.startsWith(`${group} `));
  return twoColumns(
    own.map((c) => [`coffer ${`${c.name} ${c.usage}`.trim()}`, c.summary] as const),
  ).join('\n');
}

/** What `--json` gives of the commands that words stand for, and of all without a word. */
export function helpValue(
  words: readonly string[],
  all: readonly CommandDefinition[],
): { readonly commands: readonly object[]; readonly options: readonly object[] } {
  const name = words.join(' ');
  const wanted = all.filter((command) =>
    name === ''
      ? command.isHidden !== true
      : command.name === name || command.name.startsWith(`${name} `),
  );
  return { commands: wanted.map(commandValue), options: GLOBAL_FLAGS };
}

function commandValue(command: CommandDefinition) {
  const { name, usage, summary, details, example, flags } = command;
  const more = details === undefined ? {} : { details };
  return { name, group: groupOf(command), usage, summary, ...more, example, flags };
}

function flagLines(flags: readonly FlagDefinition[]): readonly string[] {
  const rows = flags.map((flag) => {
    const short = flag.short === undefined ? '' : `-${flag.short}, `;
    const many = flag.many === true ? ' (may be repeated)' : '';
    const value = flag.value === undefined ? '' : ` ${flag.value}`;
    return [`${short}--${flag.name}${value}`, `${flag.summary}${many}`] as const;
  });
  return twoColumns(rows);
}
