/** The shared target of a profile on this machine: lock, announcement and loopback are the real ones. */
import { systemClock } from '@coffer/sdk/node';
import { lockHolder } from '../adapters/profile-lock.ts';
import { EventFeed } from '../control/event-feed.ts';
import { LoopbackTarget } from '../control/loopback-target.ts';
import { readDaemonFile } from './daemon-file.ts';
import type { Profile } from './profile-folder.ts';
import type { ServedProfile } from './serve-profile.ts';
import { SharedTarget, type OtherProgram } from './shared-target.ts';

export interface SharedProfile {
  readonly target: SharedTarget;
  /** The events of whoever has the profile, for any number of listeners. */
  readonly feed: EventFeed;
}

/** Whoever has the profile answers; `own` takes it once nobody has (`SharedTarget.follow`). */
export function shareProfile(own: ServedProfile, profile: Profile): SharedProfile {
  const target = new SharedTarget({
    own,
    findOther: () => findOther(profile),
    connect: (place, onLost) => new LoopbackTarget(place, onLost),
    clock: systemClock,
  });
  return { target, feed: new EventFeed(target, systemClock) };
}

function findOther(profile: Profile): OtherProgram | undefined {
  const holder = lockHolder(profile);
  if (holder === undefined || holder.pid === process.pid) return undefined;
  const { pid, what, isDaemon } = holder;
  const told = isDaemon ? readDaemonFile(profile) : undefined;
  const answers = told?.pid === pid && told.takesCommands;
  return { pid, what, ...(answers ? { place: { port: told.port, token: told.token } } : {}) };
}
