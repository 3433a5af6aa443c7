/**
 * The daemon of a profile: the engine in its thread, the control server beside it, one log. It ends by a
 * signal or by `coffer daemon stop`, within 10 s, with every transfer resumable.
 */
import { MessageChannel } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { bytesToHex } from '@coffer/protocol/core';
import { nodeHost } from '@coffer/native-worker/host';
import { ControlServer, TOKEN_BYTES, type OwnRoute } from '@coffer/native-worker/control';
import { EngineThread, errorFields } from '@coffer/native-worker/thread';
import { systemClock, systemRandom } from '@coffer/sdk/node';
import { CliFailure } from '../failure.ts';
import { lockProfile } from '@coffer/native-worker/profile-lock';
import type { Profile } from '@coffer/native-worker/profile-folder';
import { engineChoices, logLevel, readSettings } from '@coffer/native-worker/settings';
import { ownVersion } from '../version.ts';
import { removeDaemonFile, writeDaemonFile } from './daemon-file.ts';
import { watchForSleep } from './watch-for-sleep.ts';
import { ProfileLog } from '@coffer/native-worker/profile-log';

/** Leaves the rest of 10 s to the server and the lock. */
const ENGINE_STOP_MS_MAX = 8_000;
const ENTRY = new URL('engine-entry.ts', import.meta.url);
const PAGE_FOLDER = fileURLToPath(new URL('../../../renderer/dist', import.meta.url));

/** Why an engine that cannot be opened ends the daemon; the rest may pass by itself. */
const HOPELESS = new Set(['not-signed-in', 'damaged-profile', 'integrity', 'refused', 'failed']);

export interface RunningDaemon {
  readonly url: string;
  readonly pid: number;
}

/** Runs until `signal` aborts; `onReady` once it answers. Throws CliFailure when it cannot start. */
export async function runDaemon(
  profile: Profile,
  signal: AbortSignal,
  onReady: (daemon: RunningDaemon) => void,
): Promise<void> {
  using _lock = await lockProfile(profile, { what: 'coffer daemon', isDaemon: true });
  const log = new ProfileLog({
    folder: profile.logsFolder,
    level: () => logLevel(readSettings(profile)),
    now: systemClock.now,
  });
  const version = ownVersion();
  const stopping = new AbortController();
  const ending = AbortSignal.any([signal, stopping.signal]);
  const engine = new EngineThread({
    entry: ENTRY,
    place: profile,
    host: nodeHost(),
    choices: () => engineChoices(readSettings(profile)),
    clock: systemClock,
    log: log.write,
  });
  process.on('unhandledRejection', (error) => {
    log.write({ level: 'error', what: 'daemon defect', fields: errorFields(error) });
    stopping.abort();
  });
  const token = bytesToHex(systemRandom.bytes(TOKEN_BYTES));
  await using server = new ControlServer({
    target: engine,
    token,
    clock: systemClock,
    random: systemRandom,
    hello: { version, pid: process.pid },
    ownRoutes: {
      'POST /v1/command': commandRoute(engine),
      'POST /v1/stop': async (_, response) => {
        response.end('{}');
        stopping.abort();
      },
      'POST /v1/reload': async (_, response) => {
        await engine.restart();
        response.end('{}');
      },
    },
    pageFolder: PAGE_FOLDER,
  });
  await server.listen();
  try {
    log.write({ level: 'info', what: 'daemon starts', fields: { pid: process.pid, version } });
    const failure = await engine.start();
    if (failure !== undefined && HOPELESS.has(failure.code)) throw CliFailure.of(failure);
    writeDaemonFile(profile, { pid: process.pid, port: server.port, token, version });
    onReady({ url: server.url, pid: process.pid });
    const onSlept = async (ms: number): Promise<void> => {
      log.write({ level: 'info', what: 'clock jumped', fields: { ms } });
      // An engine that cannot be asked now looks at everything when it starts.
      await engine.wake().catch(() => undefined);
    };
    await watchForSleep(systemClock, onSlept, ending);
  } finally {
    removeDaemonFile(profile);
    await engine.stop(ENGINE_STOP_MS_MAX);
    log.write({ level: 'info', what: 'daemon ended', fields: { pid: process.pid } });
  }
}

/** Joins the conversation of a terminal with a guest of the engine's thread. */
function commandRoute(engine: EngineThread): OwnRoute {
  return async (request, response) => {
    const { port1, port2 } = new MessageChannel();
    engine.visit(port2);
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    response.flushHeaders();
    port1.on('message', (bytes: Uint8Array) => response.write(bytes));
    port1.once('close', () => response.end());
    request.on('data', (bytes: Buffer) => port1.postMessage(bytes));
    response.once('close', () => port1.close());
  };
}
