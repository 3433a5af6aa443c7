/** Decides where a command runs: in the daemon of the profile if there is one, else here. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CommandDefinition, FlagDefinition, ParsedInput } from '../command.ts';
import { GLOBAL_FLAGS } from '../command.ts';
import { UsageFailure } from '../failure.ts';
import type { Output, Streams } from '../output.ts';
import { profileAt } from '@coffer/native-worker/profile-folder';
import { lockHolder } from '@coffer/native-worker/profile-lock';

export interface Here {
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly streams: Streams;
  readonly command: CommandDefinition;
  readonly input: ParsedInput;
  readonly output: Output;
}

/** The exit code of a command that the daemon ran; undefined when it has to run here. */
export async function runElsewhere(here: Here): Promise<number | undefined> {
  const { command, input, env } = here;
  // What works alone ends the daemon itself, once it is sure that it goes on.
  if (command.place !== undefined) return undefined;
  const profile = profileAt(input.value('home'), env);
  if (lockHolder(profile)?.isDaemon !== true) return undefined;
  const { findDaemon } = await import('./daemon-client.ts');
  const daemon = await findDaemon(profile);
  if (daemon === undefined) return undefined;
  const { runInDaemon } = await import('./command-client.ts');
  return runInDaemon(daemon, {
    hello: {
      argv: absoluteWords(here),
      cwd: here.cwd,
      env: commandEnvironment(env),
      terminal: {
        input: here.streams.input.isTTY,
        stdout: here.streams.stdout.isTTY === true,
        stderr: here.streams.stderr.isTTY === true,
      },
    },
    streams: here.streams,
    signal: here.signal,
  });
}

/** What commands read of the environment; the rest is nobody's business. */
function commandEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      value !== undefined && (name.startsWith('COFFER_') || name === 'NO_COLOR')
        ? [[name, value]]
        : [],
    ),
  );
}

/** Local paths made absolute, since the daemon has another working directory. */
export function absoluteWords({
  command,
  input,
  cwd,
}: Pick<Here, 'command' | 'input' | 'cwd'>): string[] {
  const flags = [...GLOBAL_FLAGS, ...command.flags].flatMap((flag) => flagWords(flag, input, cwd));
  const places = argumentNames(command.usage, input.positionals.length);
  const words = input.positionals.map((word, index) => absolute(word, places[index] ?? '', cwd));
  return [...command.name.split(' '), ...flags, '--', ...words];
}

function flagWords(flag: FlagDefinition, input: ParsedInput, cwd: string): string[] {
  if (flag.name === 'home') return [];
  if (flag.value === undefined) return input.has(flag.name) ? [`--${flag.name}`] : [];
  const one = input.value(flag.name);
  const values = one === undefined ? input.values(flag.name) : [one];
  return values.map((value) => `--${flag.name}=${absolute(value, flag.value ?? '', cwd)}`);
}

const LOCAL_NAME = /^(F|FILE|DIR|DEST|LOCAL)$/;
/** Of this process alone: the daemon has others. */
const OF_THIS_PROCESS = /^\/(dev\/(fd|std)|proc\/self)/;

function absolute(word: string, name: string, cwd: string): string {
  const alternatives = name.split('|');
  if (word === '-' || !alternatives.some((alternative) => LOCAL_NAME.test(alternative)))
    return word;
  if (OF_THIS_PROCESS.test(word)) {
    throw new UsageFailure(
      `${word} belongs to this process, and the daemon cannot read it`,
      "Use - for standard input, or end the daemon first ('coffer daemon stop').",
    );
  }
  const path = resolve(cwd, word);
  return alternatives.length === 1 || existsSync(path) ? path : word;
}

/** `LOCAL… REMOTE` with three words: LOCAL, LOCAL, REMOTE. */
export function argumentNames(usage: string, count: number): readonly string[] {
  const names = usage
    .split(' ')
    .filter((part) => /^\[?([A-Z|]+…?|list)\]?$/.test(part))
    .map((part) => part.replaceAll(/[[\]]/g, ''));
  const many = names.findIndex((name) => name.endsWith('…'));
  if (many < 0) return names;
  const after = names.length - many - 1;
  const repeated = Array.from({ length: Math.max(0, count - many - after) }, () =>
    (names[many] ?? '').replace('…', ''),
  );
  return [...names.slice(0, many), ...repeated, ...names.slice(many + 1)];
}
