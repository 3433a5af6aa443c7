/** `daemon`, `daemon stop`, `daemon status`, `daemon log`, `ui`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { askDaemon, findDaemon } from '../daemon/daemon-client.ts';
import { logFile } from '@coffer/native-worker/profile-log';
import { readDaemonFile, type DaemonPlace } from '@coffer/native-worker/daemon-file';
import { isAlive } from '@coffer/native-worker/host';
import type { Profile } from '@coffer/native-worker/profile-folder';
import { stopDaemon } from '../daemon/stop-daemon.ts';
import { CliFailure, EXIT, toFailure, UsageFailure } from '../failure.ts';
import { openBrowser } from '../open-browser.ts';
import { lockHolder } from '@coffer/native-worker/profile-lock';

/** What a detached daemon tells whoever started it, over the channel between the two. */
type FromDetached =
  | { readonly kind: 'ready'; readonly url: string; readonly pid: number }
  | {
      readonly kind: 'failed';
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    };

export const daemon: CommandRun = async (context, input) => {
  await context.secrets();
  refuseSecond(context);
  if (input.has('detach')) return detach(context);
  const { runDaemon } = await import('../daemon/run-daemon.ts');
  const tell = (message: FromDetached): void => void process.send?.(message);
  try {
    const choices = { profile: context.profile, what: 'coffer daemon', needsAccount: true };
    await runDaemon(choices, context.signal, ({ url, pid }) => {
      context.output.result({ event: 'ready', url, pid }, () => [url, 'ready']);
      tell({ kind: 'ready', url, pid });
      if (process.connected) process.disconnect();
    });
  } catch (error) {
    const { code, message, hint } = toFailure(error);
    tell({ kind: 'failed', code, message, hint: hint ?? '' });
    throw error;
  }
  return EXIT.done;
};

function refuseSecond({ profile }: CommandContext): void {
  const holder = lockHolder(profile);
  if (holder?.isDaemon !== true) return;
  throw new CliFailure(
    'locked',
    `'${holder.what}' runs for this profile already (process ${holder.pid})`,
    "'coffer daemon status' shows it, 'coffer daemon stop' ends it.",
  );
}

/** Starts the same program again without a terminal and returns when it answers. */
async function detach({ profile, output }: CommandContext): Promise<number> {
  const [script = ''] = process.argv.slice(1);
  const child = spawn(
    process.execPath,
    [...process.execArgv, script, '--home', profile.home, 'daemon'],
    {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      cwd: '/',
      env: { UV_THREADPOOL_SIZE: '16', ...process.env },
    },
  );
  const first = await Promise.race([
    once(child, 'message').then(([message]: unknown[]) => message as FromDetached),
    once(child, 'exit').then(() => undefined),
  ]);
  if (first?.kind === 'failed') throw CliFailure.of(first);
  if (first === undefined) {
    throw new CliFailure(
      'failed',
      'the daemon ended before it was ready',
      "See 'coffer daemon log'.",
    );
  }
  if (child.connected) child.disconnect();
  child.unref();
  const { url, pid } = first;
  output.result({ event: 'ready', url, pid }, () => [`The daemon runs (process ${pid}).`]);
  return EXIT.done;
}

export const daemonStop: CommandRun = async ({ profile, output }) => {
  const stopped = await stopDaemon(profile);
  output.result({ stopped }, () => [
    stopped ? 'The daemon ended. Transfers go on when it is started again.' : 'No daemon runs.',
  ]);
  return EXIT.done;
};

export const daemonStatus: CommandRun = async ({ profile, output, signal }) => {
  const place = await findDaemon(profile);
  if (place === undefined) {
    output.result({ running: false }, () => [
      "No daemon runs. 'coffer daemon --detach' starts it.",
    ]);
    return EXIT.done;
  }
  const hello = await askDaemon(place, { method: 'GET', path: '/v1/hello', signal });
  const version = fieldOf(hello, 'version');
  const url = `http://127.0.0.1:${place.port}`;
  output.result({ running: true, pid: place.pid, url, version }, () => [
    `The daemon runs (process ${place.pid}, version ${version}) and answers on ${url}.`,
  ]);
  return EXIT.done;
};

export const ui: CommandRun = async ({ profile, output, signal, env }) => {
  const place = requireDaemon((await findDaemon(profile)) ?? pageOf(profile));
  const url = fieldOf(await askDaemon(place, { method: 'POST', path: '/v1/ui', signal }), 'url');
  output.result({ url }, () => [url]);
  if (output.isTerminal && openBrowser(url, env)) output.note('It opens in your browser.');
  else output.note('Open this address within a minute; it works once.');
  return EXIT.done;
};

/** A page that runs while nobody is signed in holds no profile. */
function pageOf(profile: Profile): DaemonPlace | undefined {
  const place = readDaemonFile(profile);
  return place !== undefined && isAlive(place.pid) ? place : undefined;
}

function requireDaemon(place: DaemonPlace | undefined): DaemonPlace {
  if (place !== undefined) return place;
  throw new CliFailure(
    'unsupported',
    'no daemon runs, and the page is served by it',
    "'coffer daemon --detach' starts it.",
  );
}

function fieldOf(value: unknown, name: string): string {
  const isObject = typeof value === 'object' && value !== null;
  return isObject && name in value ? String((value as Record<string, unknown>)[name]) : '';
}

const LOG_LINES = 100;
const FOLLOW_MS = 500;

export const daemonLog: CommandRun = async ({ profile, output, signal }, input) => {
  const file = logFile(profile.logsFolder);
  const wanted = Number(input.value('count') ?? LOG_LINES);
  if (!Number.isSafeInteger(wanted) || wanted < 0)
    throw new UsageFailure('-n takes a whole number');
  let { text, size } = readFrom(file, 0);
  const lines = text.split('\n').slice(0, -1);
  for (const line of lines.slice(Math.max(0, lines.length - wanted))) printLine(output, line);
  while (input.has('follow') && !signal.aborted) {
    await sleep(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
    // Shorter than before: it was turned over.
    const now = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    ({ text, size } = readFrom(file, now < size ? 0 : size));
    for (const line of text.split('\n').slice(0, -1)) printLine(output, line);
  }
  return EXIT.done;
};

function printLine(output: CommandContext['output'], line: string): void {
  const entry = parseEntry(line);
  output.line(entry, () => {
    const { at, level, what, ...fields } = entry;
    const rest = Object.entries(fields).map(
      ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    const words = [at, level, what].filter((word) => typeof word === 'string');
    return [...words, ...rest].join(' ');
  });
}

/** A line that a power cut left unfinished is shown as it is. */
function parseEntry(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { what: line };
  }
}

/** Whole lines from a position on, and the position after them. */
function readFrom(file: string, from: number): { text: string; size: number } {
  if (!existsSync(file)) return { text: '', size: 0 };
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(Math.max(0, statSync(file).size - from));
    const read = readSync(fd, bytes, 0, bytes.length, from);
    const whole = bytes.subarray(0, bytes.subarray(0, read).lastIndexOf(10) + 1);
    return { text: whole.toString('utf8'), size: from + whole.length };
  } finally {
    closeSync(fd);
  }
}
