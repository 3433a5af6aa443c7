/** The `coffer` command: reads its words, runs one command, ends with the exit code of docs/cli.md. */
import { runElsewhere } from './daemon/run-elsewhere.ts';
import { EXIT } from './failure.ts';
import { runInvocation } from './run-command.ts';
import { processInput } from './terminal.ts';

const SECOND_SIGNAL_EXIT = { SIGINT: EXIT.interrupted, SIGTERM: 143 } as const;

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
const signal = abortOnSignals();
const argv = process.argv.slice(2);
const here = {
  argv,
  env: process.env,
  cwd: process.cwd(),
  signal,
  streams: { stdout: process.stdout, stderr: process.stderr, input: processInput() },
};
process.exitCode = await runInvocation({
  ...here,
  elsewhere: (command, input, output) => runElsewhere({ ...here, command, input, output }),
});
