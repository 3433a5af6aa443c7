/** The `coffer` command: reads its words, runs one command, ends with the exit code of `cli.md`. */
import { stripVTControlCharacters } from 'node:util';
import { COMMANDS } from './commands/registry.ts';
import { CommandContext } from './context.ts';
import { EXIT, exitCodeOf, printFailure, toFailure } from './failure.ts';
import { helpCommand, helpGroup, helpOverview } from './help.ts';
import { Output } from './output.ts';
import { parseInvocation } from './parse-arguments.ts';

const SECOND_SIGNAL_EXIT = { SIGINT: EXIT.interrupted, SIGTERM: 143 } as const;

async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const output = createOutput(argv);
  try {
    const { command, words, input } = parseInvocation(argv, COMMANDS);
    if (command === undefined) {
      output.print(
        words.length === 0 ? helpOverview(COMMANDS) : helpGroup(words[0] ?? '', COMMANDS),
      );
      return argv.length === 0 ? EXIT.usage : EXIT.done;
    }
    if (input.has('help')) {
      output.print(helpCommand(command));
      return EXIT.done;
    }
    const runCommand = await command.load();
    await using context = new CommandContext({
      command: command.name,
      input,
      output,
      signal,
      env: process.env,
    });
    return (await runCommand(context, input)) ?? EXIT.done;
  } catch (error) {
    const failure =
      signal.aborted && !(error instanceof Error && error.name === 'CliFailure')
        ? toFailure(signal.reason)
        : toFailure(error);
    printFailure(failure, output);
    return exitCodeOf(failure);
  }
}

/** Output must exist before the arguments are known to be right: errors in them are printed too. */
function createOutput(argv: readonly string[]): Output {
  const ends = argv.indexOf('--');
  const words = ends < 0 ? argv : argv.slice(0, ends);
  const color = process.stdout.isTTY && !words.includes('--no-color') && !process.env['NO_COLOR'];
  const plain = (stream: NodeJS.WriteStream) => ({
    isTTY: stream.isTTY,
    write: (text: string) => stream.write(color ? text : stripVTControlCharacters(text)),
  });
  return new Output(
    { stdout: plain(process.stdout), stderr: plain(process.stderr) },
    {
      json: words.includes('--json'),
      quiet: words.includes('--quiet'),
      verbose: words.includes('--verbose'),
      color,
    },
  );
}

/** The first signal asks the command to end; the second ends the process at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(SECOND_SIGNAL_EXIT[name]);
      controller.abort(new DOMException(name, 'AbortError'));
    });
  }
  return controller.signal;
}

// A reader that closed its end (`coffer ls | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  throw error;
});
process.exitCode = await run(process.argv.slice(2), abortOnSignals());
