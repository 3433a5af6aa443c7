/** Ends the daemon of a profile and waits until it let go of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliFailure } from '../failure.ts';
import { askDaemon } from './daemon-client.ts';
import { readDaemonFile } from './daemon-file.ts';
import { lockHolder } from '@coffer/native-worker/profile-lock';
import type { Profile } from '@coffer/native-worker/profile-folder';

/** It ends within 10 s by itself; a little more for a machine under load. */
const END_MS_MAX = 20_000;
const RETRY_MS = 50;

/** False when none ran. Throws CliFailure `timeout` when it does not end. */
export async function stopDaemon(profile: Profile): Promise<boolean> {
  const holder = lockHolder(profile);
  if (holder === undefined || !holder.isDaemon) return false;
  const place = readDaemonFile(profile);
  // A signal where it does not answer yet; on Windows a signal would end it at once.
  if (place?.pid !== holder.pid) process.kill(holder.pid, 'SIGTERM');
  else await askDaemon(place, { method: 'POST', path: '/v1/stop' }).catch(() => undefined);
  for (const until = Date.now() + END_MS_MAX; Date.now() < until; await sleep(RETRY_MS)) {
    if (lockHolder(profile)?.pid !== holder.pid) return true;
  }
  throw new CliFailure(
    'timeout',
    `the daemon (process ${holder.pid}) did not end within ${END_MS_MAX / 1000} s`,
    `End it by force with 'kill -9 ${holder.pid}': every transfer goes on from where it was.`,
  );
}
