/** From words to a command and its input. Pure; usage errors say what would have been right. */
import { parseArgs } from 'node:util';
import type { CommandDefinition, FlagDefinition, ParsedInput } from './command.ts';
import { GLOBAL_FLAGS } from './command.ts';
import { UsageFailure } from './failure.ts';

export interface Invocation {
  /** Undefined when only help or nothing was asked for. */
  readonly command: CommandDefinition | undefined;
  /** The words before the first unknown one, for help on a group. */
  readonly words: readonly string[];
  readonly input: ParsedInput;
}

/** Throws UsageFailure for unknown words, unknown flags and wrong numbers of arguments. */
export function parseInvocation(
  argv: readonly string[],
  commands: readonly CommandDefinition[],
): Invocation {
  const words = leadingWords(argv);
  const command = findCommand(words, commands);
  if (command === undefined) return parseWithoutCommand(argv, words, commands);
  const rest = withoutWords(argv, command.name.split(' ').length);
  const input = parseFlags(rest, [...GLOBAL_FLAGS, ...command.flags], {
    name: command.name,
    isStrict: command.takesAnyFlag !== true,
  });
  if (!input.has('help')) checkArgumentCount(command, input.positionals.length);
  return { command, words: command.name.split(' '), input };
}

function parseWithoutCommand(
  argv: readonly string[],
  words: readonly string[],
  commands: readonly CommandDefinition[],
): Invocation {
  const isGroup =
    words.length === 1 && commands.some(({ name }) => name.startsWith(`${words[0]} `));
  const wantsHelp = argv.includes('--help') || argv.includes('-h');
  if (words.length > 0 && !isGroup) throw unknownWord(words, commands);
  if (isGroup && !wantsHelp) {
    const verbs = commands.filter(({ name }) => name.startsWith(`${words[0]} `));
    throw new UsageFailure(
      `'${words[0]}' needs one of: ${verbs.map(({ name }) => name.split(' ')[1]).join(', ')}`,
      `Try 'coffer help ${words[0]}'.`,
    );
  }
  const input = parseFlags(withoutWords(argv, words.length), GLOBAL_FLAGS, {
    name: words.join(' '),
    isStrict: true,
  });
  return { command: undefined, words, input };
}

/** The longest command that the words begin with; a bare group word may itself be a command. */
function findCommand(
  words: readonly string[],
  commands: readonly CommandDefinition[],
): CommandDefinition | undefined {
  for (let count = Math.min(words.length, 2); count > 0; count--) {
    const name = words.slice(0, count).join(' ');
    const found = commands.find((command) => command.name === name);
    if (found === undefined) continue;
    const isGroup = commands.some((other) => other.name.startsWith(`${name} `));
    const next = words[count];
    // A group that is a command too (`sync`, `trash`) takes no stray word as its argument.
    const takes = found.usage.startsWith('[list]') ? ['list'] : [];
    const isStray = found.argumentsMax === 0 || takes.length > 0;
    if (isGroup && next !== undefined && isStray && !takes.includes(next))
      throw unknownWord(words, commands);
    return found;
  }
  return undefined;
}

/** Words up to the first flag of a command: what follows one may be its value. */
function leadingWords(argv: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--') break;
    if (word === '--home') i++;
    else if (!word.startsWith('-')) words.push(word);
    else if (!GLOBAL_WORD.test(word)) break;
  }
  return words;
}

/** Global flags stand anywhere, also before the command. */
const GLOBAL_WORD = new RegExp(
  `^(-h|--(${GLOBAL_FLAGS.map(({ name }) => name).join('|')})(=.*)?)$`,
);

function withoutWords(argv: readonly string[], count: number): string[] {
  const out: string[] = [];
  let left = count;
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--') return [...out, ...argv.slice(i)];
    if (word === '--home') out.push(word, argv[++i] ?? '');
    else if (left > 0 && !word.startsWith('-')) left--;
    else out.push(word);
  }
  return out;
}

function parseFlags(
  argv: readonly string[],
  flags: readonly FlagDefinition[],
  { name, isStrict }: { readonly name: string; readonly isStrict: boolean },
): ParsedInput {
  const options = Object.fromEntries(
    flags.map((flag) => [
      flag.name,
      {
        type: flag.value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: flag.many ?? false,
        ...(flag.short === undefined ? {} : { short: flag.short }),
      },
    ]),
  );
  let parsed;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: isStrict });
  } catch (error) {
    throw flagFailure(error, argv, flags, name);
  }
  const values = new Map<string, unknown>(Object.entries(parsed.values));
  return {
    positionals: parsed.positionals,
    has: (flag) => values.get(flag) === true,
    value: (flag) => {
      const value = values.get(flag);
      return typeof value === 'string' ? value : undefined;
    },
    values: (flag) => {
      const value = values.get(flag);
      return Array.isArray(value) ? value.map(String) : [];
    },
  };
}

function flagFailure(
  error: unknown,
  argv: readonly string[],
  flags: readonly FlagDefinition[],
  name: string,
): UsageFailure {
  const known = new Set(flags.map((flag) => `--${flag.name}`));
  const unknown = argv.find(
    (word) => word.startsWith('--') && word !== '--' && !known.has(word.split('=')[0] ?? ''),
  );
  const help = `Try 'coffer help${name === '' ? '' : ` ${name}`}'.`;
  if (unknown === undefined) {
    const short = unknownShort(argv, flags);
    if (short !== undefined) {
      return new UsageFailure(
        `unknown option -${short}`,
        `${help} Words that begin with - go behind --.`,
      );
    }
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return new UsageFailure(reason ?? 'the arguments are not right', help);
  }
  const near = nearest(unknown, [...known]);
  return new UsageFailure(
    `unknown option ${unknown.split('=')[0]}`,
    near === undefined ? help : `Did you mean ${near}? ${help}`,
  );
}

/** The first letter of options like -rf that is none; what follows one with a value is its value. */
function unknownShort(
  argv: readonly string[],
  flags: readonly FlagDefinition[],
): string | undefined {
  for (const word of argv) {
    if (word === '--') return undefined;
    if (!word.startsWith('-') || word.startsWith('--')) continue;
    for (const letter of word.slice(1)) {
      const flag = flags.find(({ short }) => short === letter);
      if (flag === undefined) return letter;
      if (flag.value !== undefined) break;
    }
  }
  return undefined;
}

function checkArgumentCount(command: CommandDefinition, count: number): void {
  if (count >= command.argumentsMin && count <= command.argumentsMax) return;
  const what = count < command.argumentsMin ? 'an argument is missing' : 'too many arguments';
  throw new UsageFailure(what, `Usage: coffer ${`${command.name} ${command.usage}`.trim()}`);
}

function unknownWord(
  words: readonly string[],
  commands: readonly CommandDefinition[],
): UsageFailure {
  const names = commands.map(({ name }) => name);
  const near = nearest(words.slice(0, 2).join(' '), names) ?? nearest(words[0] ?? '', names);
  return new UsageFailure(
    `unknown command '${words.slice(0, 2).join(' ')}'`,
    near === undefined ? "'coffer help' lists all commands." : `Did you mean 'coffer ${near}'?`,
  );
}

/** The candidate at the smallest edit distance, if it is near enough to be a slip. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3))
    ? best.candidate
    : undefined;
}

/** Edits that turn `a` into `b`: letters put in, left out, replaced, or swapped with the next. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      rows[i]?.push(Math.min(replaced, at(i - 1, j) + 1, at(i, j - 1) + 1, swapped));
    }
  }
  return at(a.length, b.length);
}
