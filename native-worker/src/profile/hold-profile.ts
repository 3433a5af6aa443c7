/** A profile in the hands of one program: logged, and locked and synced while somebody is signed in. */
import { systemClock } from '@coffer/sdk/node';
import { nodeHost } from '../adapters/index.ts';
import { lockProfile } from '../adapters/profile-lock.ts';
import { createProfileTarget, type OpenTargetOptions } from './open-profile-target.ts';
import type { Profile } from './profile-folder.ts';
import { ProfileLog } from './profile-log.ts';
import type { ProfileTarget } from './profile-target.ts';
import { engineChoices, logLevel, readSettings } from './settings.ts';

export interface HoldOptions extends Pick<
  OpenTargetOptions,
  'entry' | 'engineChanged' | 'offeredServer'
> {
  readonly profile: Profile;
  /** The program, as others are told who has the profile. */
  readonly what: string;
}

export interface HeldProfile {
  readonly target: ProfileTarget;
  readonly log: ProfileLog;
  /** From now on the engine also starts when another program signed in. */
  readonly follow: () => void;
  /** The machine slept, or the network came back: everything is looked at again. */
  readonly wake: () => Promise<void>;
  /** Ends the engine, every transfer resumable, and lets the profile go. */
  readonly release: (withinMs: number) => Promise<void>;
}

/** Nothing is locked or started yet: `target.start()` does, when somebody is signed in. */
export function holdProfile({ profile, what, ...options }: HoldOptions): HeldProfile {
  const log = new ProfileLog({
    folder: profile.logsFolder,
    level: () => logLevel(readSettings(profile)),
    now: systemClock.now,
  });
  const target = createProfileTarget({
    ...options,
    place: profile,
    host: nodeHost(),
    choices: () => engineChoices(readSettings(profile)),
    log: log.write,
    hold: () => lockProfile(profile, { what, isDaemon: true }),
  });
  const ending = new AbortController();
  return {
    target,
    log,
    follow: () => void target.follow(systemClock, ending.signal),
    // An engine that cannot be asked now looks at everything when it starts.
    wake: async () => target.engine?.wake().catch(() => undefined),
    release: async (withinMs) => {
      ending.abort();
      await target.stop(withinMs);
    },
  };
}
