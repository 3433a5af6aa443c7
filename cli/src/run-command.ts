/** One invocation from its words to its exit code, in whatever process it runs. */
import { stripVTControlCharacters } from 'node:util';
import { DaemonHasProfile } from '@coffer/native-worker/profile-lock';
import { COMMANDS } from './commands/registry.ts';
import type { CommandDefinition, ParsedInput } from './command.ts';
import { CommandContext, type MetDaemon, type OpenedParts } from './context.ts';
import { CliFailure, EXIT, exitCodeOf, printFailure, toFailure } from './failure.ts';
import { helpCommand, helpGroup, helpOverview, helpValue } from './help.ts';
import { Output, type Streams } from './output.ts';
import { parseInvocation } from './parse-arguments.ts';

export interface Invocation {
  readonly argv: readonly string[];
  readonly streams: Streams;
  readonly env: NodeJS.ProcessEnv;
  /** What relative local paths begin at. */
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** The profile's drive and engine, where the command runs beside them. */
  readonly opened?: OpenedParts;
  /** Asked before the command runs here: an exit code when it ran elsewhere. */
  readonly elsewhere?: (
    command: CommandDefinition,
    input: ParsedInput,
    output: Output,
  ) => Promise<number | undefined>;
}

/** Never rejects: every failure is printed and becomes an exit code. */
export async function runInvocation(invocation: Invocation): Promise<number> {
  const { argv, signal } = invocation;
  const output = createOutput(invocation);
  try {
    const { command, words, input } = parseInvocation(argv, COMMANDS);
    if (command === undefined) {
      output.result(helpValue(words, COMMANDS), () => [
        words.length === 0 ? helpOverview(COMMANDS) : helpGroup(words[0] ?? '', COMMANDS),
      ]);
      return argv.length === 0 ? EXIT.usage : EXIT.done;
    }
    if (input.has('help')) {
      output.result(helpValue(words, COMMANDS), () => [helpCommand(command)]);
      return EXIT.done;
    }
    return await runSomewhere(invocation, { command, input, output });
  } catch (error) {
    const failure =
      signal.aborted && !(error instanceof CliFailure)
        ? toFailure(signal.reason)
        : toFailure(error);
    printFailure(failure, output);
    return exitCodeOf(failure);
  }
}

interface Parsed {
  readonly command: CommandDefinition;
  readonly input: ParsedInput;
  readonly output: Output;
}

/** A daemon may take the profile between the question where to run and the lock: then it is asked again. */
async function runSomewhere(invocation: Invocation, parsed: Parsed): Promise<number> {
  const { command, input, output } = parsed;
  for (;;) {
    const code = await invocation.elsewhere?.(command, input, output);
    if (code !== undefined) return code;
    try {
      return await runHere(invocation, parsed);
    } catch (error) {
      if (!(error instanceof DaemonHasProfile)) throw error;
    }
  }
}

async function runHere(invocation: Invocation, parsed: Parsed): Promise<number> {
  const { command, input, output } = parsed;
  const metDaemon = whatOfDaemon(invocation, command);
  const runCommand = await command.load();
  await using context = new CommandContext({
    ...invocation,
    command: command.name,
    input,
    output,
    ...(metDaemon === undefined ? {} : { metDaemon }),
  });
  return (await runCommand(context, input)) ?? EXIT.done;
}

function whatOfDaemon(
  { elsewhere }: Invocation,
  { place }: CommandDefinition,
): MetDaemon | undefined {
  if (place === 'alone') return 'ends';
  return place === undefined && elsewhere !== undefined ? 'takes-over' : undefined;
}

/** Output must exist before the arguments are known to be right: errors in them are printed too. */
function createOutput({ argv, streams, env }: Invocation): Output {
  const ends = argv.indexOf('--');
  const words = ends < 0 ? argv : argv.slice(0, ends);
  const { stdout, stderr, input } = streams;
  const color = stdout.isTTY === true && !words.includes('--no-color') && !env['NO_COLOR'];
  const plain = (text: string): string => (color ? text : stripVTControlCharacters(text));
  return new Output(
    {
      stdout: {
        isTTY: stdout.isTTY === true,
        write: (text) => stdout.write(typeof text === 'string' ? plain(text) : text),
      },
      stderr: { isTTY: stderr.isTTY === true, write: (text) => stderr.write(plain(text)) },
      input,
    },
    {
      json: words.includes('--json'),
      quiet: words.includes('--quiet'),
      verbose: words.includes('--verbose'),
      color,
    },
  );
}
