/**
 * The daemon of a profile: a served profile without windows. It ends by a signal or by
 * `coffer daemon stop`, within 10 s, with every transfer resumable.
 */
import { fileURLToPath } from 'node:url';
import { serveProfile } from '@coffer/native-worker/profile';
import { errorFields } from '@coffer/native-worker/thread';
import { systemClock } from '@coffer/sdk/node';
import { CliFailure } from '../failure.ts';
import type { Profile } from '@coffer/native-worker/profile-folder';
import { ownVersion } from '../version.ts';
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
  const served = await serveProfile({
    profile,
    what,
    version,
    entry: ENTRY,
    pageFolder: PAGE_FOLDER,
    onStop: () => stopping.abort(),
    ...(offered === undefined ? {} : { offeredServer: offered }),
  });
  const { log } = served;
  process.on('unhandledRejection', (error) => {
    log.write({ level: 'error', what: 'daemon defect', fields: errorFields(error) });
    stopping.abort();
  });
  try {
    log.write({ level: 'info', what: 'daemon starts', fields: { pid: process.pid, version } });
    const failure = await served.start();
    if (failure !== undefined && HOPELESS.has(failure.code) && needsAccount) {
      throw CliFailure.of(failure);
    }
    onReady({ url: served.url, pid: process.pid, offerPage: served.offerPage });
    served.follow();
    const onSlept = async (ms: number): Promise<void> => {
      log.write({ level: 'info', what: 'clock jumped', fields: { ms } });
      await served.wake();
    };
    await watchForSleep(systemClock, onSlept, ending);
  } finally {
    await served.release(ENGINE_STOP_MS_MAX);
    log.write({ level: 'info', what: 'daemon ended', fields: { pid: process.pid } });
  }
}
