/** One invocation from its words to its exit code, in whatever process it runs. */
import { stripVTControlCharacters } from 'node:util';
import { COMMANDS } from './commands/registry.ts';
import type { CommandDefinition, ParsedInput } from './command.ts';
import { CommandContext, type OpenedParts } from './context.ts';
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
    const code = await invocation.elsewhere?.(command, input, output);
    if (code !== undefined) return code;
    const runCommand = await command.load();
    await using context = new CommandContext({
      ...invocation,
      command: command.name,
      input,
      output,
      endsDaemon: command.place === 'alone',
    });
    return (await runCommand(context, input)) ?? EXIT.done;
  } catch (error) {
    const failure =
      signal.aborted && !(error instanceof CliFailure)
        ? toFailure(signal.reason)
        : toFailure(error);
    printFailure(failure, output);
    return exitCodeOf(failure);
  }
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
