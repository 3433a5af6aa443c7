/** `doctor`: looks at what syncing stands on and says what to do. Holds no names and no keys. */
import { accessSync, constants, readFileSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, platform, release } from 'node:os';
import type { CommandRun } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { askDaemon, findDaemon } from '../daemon/daemon-client.ts';
import { logFile } from '@coffer/native-worker/profile-log';
import { EXIT, toFailure, CliFailure } from '../failure.ts';
import { formatBytes } from '../output.ts';
import { engineChoices, readSettings, SETTINGS } from '@coffer/native-worker/settings';
import { ownVersion } from '../version.ts';

export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly hint?: string;
}

const WATCHES_MIN = 65_536;
const FREE_BYTES_MIN = 512 * 1024 * 1024;
const CLOCK_OFF_MS_MAX = 60_000;
const SERVER_WAIT_MS = 5000;
const LOG_BYTES_MAX = 512 * 1024;

export const doctor: CommandRun = async (context, input) => {
  const findings = await findingsOf(context);
  const { output } = context;
  const bundle = input.value('bundle');
  if (bundle !== undefined) writeBundle(context, context.path(bundle), findings);
  output.result(findings, () => [
    ...findings.flatMap(({ check, ok, detail, hint }) => [
      `${ok ? 'ok  ' : 'BAD '} ${check}: ${detail}`,
      ...(hint === undefined ? [] : [`      ${hint}`]),
    ]),
    ...(bundle === undefined ? [] : [`Written to ${output.name(bundle)}: no names, no keys.`]),
  ]);
  return findings.every(({ ok }) => ok) ? EXIT.done : EXIT.failed;
};

async function findingsOf(context: CommandContext): Promise<readonly Finding[]> {
  const { profile } = context;
  return [
    nodeVersion(),
    watches(),
    openFiles(),
    disk(profile.home),
    keystore(profile.keysFile),
    settingsRead(context),
    await daemonAnswers(context),
    ...(await serverFindings(context)),
  ];
}

function nodeVersion(): Finding {
  const detail = `Node.js ${process.versions.node} on ${platform()} ${release()}, ${availableParallelism()} cores`;
  return { check: 'platform', ok: true, detail };
}

function watches(): Finding {
  const check = 'watcher';
  if (platform() !== 'linux') return { check, ok: true, detail: 'one watch for each folder pair' };
  const limit = numberIn('/proc/sys/fs/inotify/max_user_watches');
  if (limit === undefined) return { check, ok: true, detail: 'the system does not say its limit' };
  const detail = `${limit} folders can be watched`;
  return limit >= WATCHES_MIN
    ? { check, ok: true, detail }
    : {
        check,
        ok: false,
        detail,
        hint: 'Raise the limit: sudo sysctl fs.inotify.max_user_watches=1048576',
      };
}

function openFiles(): Finding {
  const check = 'limits';
  const line = textOf('/proc/self/limits')
    ?.split('\n')
    .find((one) => one.startsWith('Max open files'));
  const limit = Number(line?.split(/\s+/)[3]);
  if (!(limit > 0)) return { check, ok: true, detail: 'the system does not say its limits' };
  return limit >= 1024
    ? { check, ok: true, detail: `${limit} files at once` }
    : { check, ok: false, detail: `only ${limit} files at once`, hint: 'Raise it: ulimit -n 4096' };
}

function disk(home: string): Finding {
  try {
    const { bavail, bsize } = statfsSync(home);
    const detail = `${formatBytes(bavail * bsize)} free for the profile`;
    return bavail * bsize >= FREE_BYTES_MIN
      ? { check: 'disk', ok: true, detail }
      : { check: 'disk', ok: false, detail, hint: 'Make room: downloads stop on a full disk.' };
  } catch {
    return { check: 'disk', ok: true, detail: 'there is no profile yet' };
  }
}

function keystore(file: string): Finding {
  const check = 'keystore';
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) {
    return {
      check,
      ok: false,
      detail: 'nobody is signed in here',
      hint: "'coffer signup' makes an account, 'coffer login' adds this device to one.",
    };
  }
  try {
    accessSync(file, constants.R_OK);
  } catch {
    return {
      check,
      ok: false,
      detail: 'the key file may not be read',
      hint: 'Give device.json in the profile folder back to your user: chown and chmod 600. Nothing is lost.',
    };
  }
  const isOpen = platform() !== 'win32' && (stat.mode & 0o077) !== 0;
  return isOpen
    ? { check, ok: false, detail: 'others may read the key file', hint: OF_OPEN_KEYS }
    : { check, ok: true, detail: 'the keys are readable by this user alone' };
}

const OF_OPEN_KEYS =
  "Run chmod 600 on device.json in the profile folder. If others did read it, 'coffer devices revoke' this device and sign in anew.";

function settingsRead({ profile }: CommandContext): Finding {
  const check = 'settings';
  try {
    const settings = readSettings(profile);
    engineChoices(settings);
    const set = Object.keys(settings).length;
    return { check, ok: true, detail: set === 0 ? 'all have their defaults' : `${set} are set` };
  } catch (error) {
    return failed(check, error);
  }
}

function failed(check: string, error: unknown): Finding {
  const { message, hint } = toFailure(error);
  return { check, ok: false, detail: message, ...(hint === undefined ? {} : { hint }) };
}

async function daemonAnswers({ profile, signal }: CommandContext): Promise<Finding> {
  const check = 'daemon';
  try {
    const place = await findDaemon(profile);
    if (place === undefined) return { check, ok: true, detail: 'none runs' };
    await askDaemon(place, { method: 'GET', path: '/v1/hello', signal });
    return { check, ok: true, detail: `answers (process ${place.pid}, version ${place.version})` };
  } catch (error) {
    return failed(check, error);
  }
}

/** Whether the server answers, and whether its clock and ours agree. */
async function serverFindings(context: CommandContext): Promise<readonly Finding[]> {
  let origin: string;
  try {
    origin = (await context.secrets()).server;
  } catch (error) {
    if (error instanceof CliFailure && error.code === 'not-signed-in') return [];
    return [failed('keys', error)];
  }
  const proxy = readable(() => engineChoices(readSettings(context.profile)).proxy);
  const began = Date.now();
  try {
    const { status, headers } = await askHealth(context, origin, proxy);
    const ms = Date.now() - began;
    const ok = status === 200;
    const server = {
      check: 'server',
      ok,
      detail: `answers with ${status} in ${ms} ms`,
      ...(ok ? {} : { hint: 'Ask whoever runs it; nothing is lost meanwhile.' }),
    };
    const theirs = Date.parse(headers['date'] ?? '');
    return Number.isNaN(theirs) ? [server] : [server, clock(Math.abs(theirs - Date.now()))];
  } catch {
    return [
      {
        check: 'server',
        ok: false,
        detail: 'does not answer',
        hint: `Check the connection${proxy === undefined ? '' : ' and the proxy (coffer config get proxy)'}; nothing is lost meanwhile.`,
      },
    ];
  }
}

/** Undefined where the settings cannot be read, which is a finding of its own. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** By the way that everything else takes, so that a wrong proxy shows. */
async function askHealth(
  { signal }: CommandContext,
  origin: string,
  proxy: ReturnType<typeof engineChoices>['proxy'],
) {
  const { createNodeHttpTransport } = await import('@coffer/sdk/node');
  using transport = createNodeHttpTransport({
    origin,
    ...(proxy === undefined ? {} : { proxy }),
  });
  const within = AbortSignal.any([signal, AbortSignal.timeout(SERVER_WAIT_MS)]);
  return await transport.request({ method: 'GET', path: '/health', headers: {} }, within);
}

function clock(offMs: number): Finding {
  const seconds = Math.round(offMs / 1000);
  return offMs <= CLOCK_OFF_MS_MAX
    ? { check: 'clock', ok: true, detail: `within ${seconds} s of the server's` }
    : {
        check: 'clock',
        ok: false,
        detail: `${seconds} s from the server's`,
        hint: 'Set the clock of this device, or tell who runs the server.',
      };
}

/** Findings, versions, which settings are set, and the log, which holds no names by its own rules. */
function writeBundle(
  { profile }: CommandContext,
  file: string,
  findings: readonly Finding[],
): void {
  const settings = readable(() => readSettings(profile)) ?? {};
  const set = SETTINGS.filter(({ key }) => settings[key] !== undefined).map(({ key }) => key);
  const log = textOf(logFile(profile.logsFolder)) ?? '';
  const bundle = {
    version: ownVersion(),
    findings,
    settings: set,
    log: log.slice(-LOG_BYTES_MAX).trim().split('\n'),
  };
  try {
    writeFileSync(file, `${JSON.stringify(bundle, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new CliFailure(
      'exists',
      'the bundle could not be written there',
      'Give a path in a folder of yours at which there is nothing yet.',
      { path: file, cause },
    );
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function numberIn(file: string): number | undefined {
  const text = textOf(file);
  return text === undefined ? undefined : Number(text);
}
