/** Entry of the daemon's engine thread: the engine, and commands from terminals as its guests. */
import { workerData } from 'node:worker_threads';
import { runEngineThread } from '@coffer/native-worker/thread';
import type { Drive } from '@coffer/sdk';
import { systemClock } from '@coffer/sdk/node';
import { profileOf } from '@coffer/native-worker/profile-folder';
import { serveCommand } from './command-guest.ts';
import { RecentUsage } from './recent-usage.ts';

const { home } = (workerData as { place: { home: string } }).place;

const usages = new WeakMap<Drive, RecentUsage>();

await runEngineThread((port, { profile, engine, signal }) => {
  const { drive } = profile;
  const usage = usages.get(drive) ?? new RecentUsage(drive, () => systemClock.now(), signal);
  usages.set(drive, usage);
  const opened = { profile: profileOf(home), drive, engine, usage: () => usage.ask() };
  serveCommand(port, opened, signal);
});
