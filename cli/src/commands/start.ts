/** `start`: server, engine and page of this computer in one process, with a word on what to do next. */
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { toFailure } from '../failure.ts';
import { openBrowser } from '../open-browser.ts';
import { optionsOf, parseListen, runServer } from './serve.ts';

export const start: CommandRun = async (context, input) => {
  const options = optionsOf(context, input);
  const listen = parseListen(input.value('listen'));
  return runServer(context, options, listen, async ({ url }) => {
    const told = (page: string | undefined): void => {
      const value = { event: 'ready', url, pid: process.pid };
      context.output.result(page === undefined ? value : { ...value, page }, () =>
        nextSteps(url, options.dataDir, page),
      );
    };
    try {
      await runPage(context, url, told);
    } catch (error) {
      const { code, message, hint } = toFailure(error);
      if (code !== 'locked') throw error;
      // Somebody else syncs this profile: the server is what is left to do.
      context.output.note(`${message}. ${hint ?? ''}`);
      told(undefined);
    }
  });
};

/** Until the signal aborts; the page opens by itself where there is a screen. */
async function runPage(
  { profile, output, signal, env }: CommandContext,
  server: string,
  told: (page: string) => void,
): Promise<void> {
  const { runDaemon } = await import('../daemon/run-daemon.ts');
  const choices = { profile, what: 'coffer start', needsAccount: false, server };
  await runDaemon(choices, signal, ({ offerPage }) => {
    const page = offerPage();
    told(page);
    if (output.isTerminal) openBrowser(page, env);
  });
}

function nextSteps(url: string, dataDir: string, page: string | undefined): readonly string[] {
  return [
    `Coffer serves on ${url} (data in ${dataDir}). Ctrl-C ends it.`,
    '',
    ...(page === undefined
      ? []
      : [
          'Open this address within a minute; it works once, and `./coffer ui` gives a new one:',
          '',
          `  ${page}`,
          '',
        ]),
    page === undefined ? 'In another terminal, here:' : 'Or in another terminal, here:',
    '',
    `  ./coffer signup --server ${url} --email you@example.org`,
    '  ./coffer sync add ~/Coffer /',
    '  ./coffer sync now',
    '',
    'ready',
  ];
}
