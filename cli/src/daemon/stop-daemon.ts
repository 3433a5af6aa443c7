/** Ends the daemon of a profile and waits until it let go of it and its process is gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliFailure } from '../failure.ts';
import { askDaemon } from './daemon-client.ts';
import { isAlive } from '@coffer/native-worker/host';
import { readDaemonFile, type DaemonPlace } from '@coffer/native-worker/daemon-file';
import { lockHolder } from '@coffer/native-worker/profile-lock';
import type { Profile } from '@coffer/native-worker/profile-folder';

/** It ends within 10 s by itself; a little more for a machine under load. */
const END_MS_MAX = 20_000;
const RETRY_MS = 50;

/** False when none ran. Throws CliFailure `timeout` when it does not end. */
export async function stopDaemon(profile: Profile, endMsMax = END_MS_MAX): Promise<boolean> {
  const holder = lockHolder(profile);
  if (holder === undefined || !holder.isDaemon) return false;
  const place = readDaemonFile(profile);
  const isAsked = place?.pid === holder.pid && (await ask(place));
  // On Windows a signal ends it at once; transfers go on from where they were all the same.
  if (!isAsked) process.kill(holder.pid, 'SIGTERM');
  const { pid, start } = holder;
  for (const until = Date.now() + endMsMax; Date.now() < until; await sleep(RETRY_MS)) {
    if (!isAlive(pid, start)) return true;
  }
  const seconds = `${endMsMax / 1000} s`;
  throw new CliFailure(
    'timeout',
    lockHolder(profile)?.pid === pid
      ? `the daemon (process ${pid}) did not end within ${seconds}`
      : `the daemon let go of the profile, but its process ${pid} still runs after ${seconds}`,
    `End it by force with 'kill -9 ${pid}': every transfer goes on from where it was.`,
  );
}

/** False where it does not answer yet, or no more. */
async function ask(place: DaemonPlace): Promise<boolean> {
  try {
    await askDaemon(place, { method: 'POST', path: '/v1/stop' });
    return true;
  } catch {
    return false;
  }
}
