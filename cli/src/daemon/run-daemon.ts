/**
 * The daemon of a profile: the engine in its thread, the control server beside it, one log. It ends by a
 * signal or by `coffer daemon stop`, within 10 s, with every transfer resumable.
 */
import { MessageChannel } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '@coffer/protocol/core';
import { ControlServer, TOKEN_BYTES, type OwnRoute } from '@coffer/native-worker/control';
import { holdProfile, type ProfileTarget } from '@coffer/native-worker/profile';
import { errorFields } from '@coffer/native-worker/thread';
import { systemClock, systemRandom } from '@coffer/sdk/node';
import { CliFailure } from '../failure.ts';
import type { Profile } from '@coffer/native-worker/profile-folder';
import { ownVersion } from '../version.ts';
import { removeDaemonFile, writeDaemonFile } from './daemon-file.ts';
import { watchForSleep } from './watch-for-sleep.ts';

/** Leaves the rest of 10 s to the server and the lock. */
const ENGINE_STOP_MS_MAX = 8_000;
const ENTRY = new URL('engine-entry.ts', import.meta.url);
const PAGE_FOLDER = fileURLToPath(new URL('../../../renderer/dist', import.meta.url));

/** Why an engine that cannot be opened ends the daemon; the rest may pass by itself. */
const HOPELESS = new Set([
  'not-signed-in',
  'damaged-profile',
  'usage',
  'integrity',
  'refused',
  'failed',
]);

export interface RunningDaemon {
  readonly url: string;
  readonly pid: number;
  /** An address that opens the page once, within a minute. */
  readonly offerPage: () => string;
}

export interface DaemonChoices {
  readonly profile: Profile;
  /** The command, as others are told who has the profile. */
  readonly what: string;
  /** False: it waits for somebody to sign in, here, by the page or by another command. */
  readonly needsAccount: boolean;
  /** Origin of a server that the page offers to who makes an account. */
  readonly server?: string;
}

/** Runs until `signal` aborts; `onReady` once it answers. Throws CliFailure when it cannot start. */
export async function runDaemon(
  { profile, what, needsAccount, server: offered }: DaemonChoices,
  signal: AbortSignal,
  onReady: (daemon: RunningDaemon) => void,
): Promise<void> {
  const version = ownVersion();
  const stopping = new AbortController();
  const ending = AbortSignal.any([signal, stopping.signal]);
  // Commands come here while the engine runs; while nobody is signed in they run by themselves.
  const tellWhere = (takesCommands: boolean): void =>
    writeDaemonFile(profile, {
      pid: process.pid,
      port: server.port,
      token,
      version,
      takesCommands,
    });
  const held = holdProfile({
    profile,
    what,
    entry: ENTRY,
    ...(offered === undefined ? {} : { offeredServer: offered }),
    engineChanged: tellWhere,
  });
  const { target, log } = held;
  process.on('unhandledRejection', (error) => {
    log.write({ level: 'error', what: 'daemon defect', fields: errorFields(error) });
    stopping.abort();
  });
  const token = bytesToHex(systemRandom.bytes(TOKEN_BYTES));
  await using server = new ControlServer({
    target,
    token,
    clock: systemClock,
    random: systemRandom,
    hello: { version, pid: process.pid },
    ownRoutes: {
      'POST /v1/command': commandRoute(target),
      'POST /v1/stop': async (_, response) => {
        response.end('{}');
        stopping.abort();
      },
      'POST /v1/reload': async (_, response) => {
        await target.engine?.restart();
        response.end('{}');
      },
    },
    pageFolder: PAGE_FOLDER,
  });
  await server.listen();
  try {
    log.write({ level: 'info', what: 'daemon starts', fields: { pid: process.pid, version } });
    const failure = await target.start();
    if (target.engine === undefined) tellWhere(false);
    if (failure !== undefined && HOPELESS.has(failure.code) && needsAccount) {
      throw CliFailure.of(failure);
    }
    onReady({ url: server.url, pid: process.pid, offerPage: () => server.offerPage() });
    held.follow();
    const onSlept = async (ms: number): Promise<void> => {
      log.write({ level: 'info', what: 'clock jumped', fields: { ms } });
      await held.wake();
    };
    await watchForSleep(systemClock, onSlept, ending);
  } finally {
    await held.release(ENGINE_STOP_MS_MAX);
    removeDaemonFile(profile);
    log.write({ level: 'info', what: 'daemon ended', fields: { pid: process.pid } });
  }
}

/** Joins the conversation of a terminal with a guest of the engine's thread. */
function commandRoute(target: ProfileTarget): OwnRoute {
  return async (request, response) => {
    const { port1, port2 } = new MessageChannel();
    target.visit(port2);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.flushHeaders();
    port1.on('message', (bytes: Uint8Array) => response.write(bytes));
    port1.once('close', () => response.end());
    request.on('data', (bytes: Buffer) => port1.postMessage(bytes));
    response.once('close', () => port1.close());
  };
}
