/** A profile in the hands of one program: logged, and locked and synced while somebody is signed in. */
import { nodeHost } from '../adapters/index.ts';
import { systemClock } from '@coffer/sdk/node';
import { createProfileTarget } from './open-profile-target.ts';
import { profileAt } from './profile-folder.ts';
import { lockProfile } from '../adapters/profile-lock.ts';
import { ProfileLog } from './profile-log.ts';
import type { ProfileTarget } from './profile-target.ts';
import { engineChoices, logLevel, readSettings } from './settings.ts';

export interface HeldProfile {
  readonly target: ProfileTarget;
  /** The machine slept, or the network came back: everything is looked at again. */
  readonly wake: () => Promise<void>;
  /** Ends the engine, every transfer resumable, and lets the profile go. */
  readonly release: (withinMs: number) => Promise<void>;
}

/** `what`: the program, as others are told who has the profile. */
export function holdProfile({
  env,
  what,
}: {
  readonly env: NodeJS.ProcessEnv;
  readonly what: string;
}): HeldProfile {
  const profile = profileAt(undefined, env);
  const log = new ProfileLog({
    folder: profile.logsFolder,
    level: () => logLevel(readSettings(profile)),
    now: systemClock.now,
  });
  const target = createProfileTarget({
    place: profile,
    host: nodeHost(),
    choices: () => engineChoices(readSettings(profile)),
    log: log.write,
    hold: () => lockProfile(profile, { what, isDaemon: true }),
  });
  const ending = new AbortController();
  log.write({ level: 'info', what: 'application starts', fields: { pid: process.pid } });
  // Who holds the profile now is waited for.
  void target.follow(systemClock, ending.signal);
  return {
    target,
    // An engine that cannot be asked now looks at everything when it starts.
    wake: async () => target.engine?.wake().catch(() => undefined),
    release: async (withinMs) => {
      ending.abort();
      await target.stop(withinMs);
      log.write({ level: 'info', what: 'application ended', fields: { pid: process.pid } });
    },
  };
}
