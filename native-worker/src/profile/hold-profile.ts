/** A profile in the hands of one program: locked, logged, synced while somebody is signed in. */
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

/** `what`: the program, as others are told who has the profile. Throws ControlFailure `locked`. */
export async function holdProfile({
  env,
  what,
}: {
  readonly env: NodeJS.ProcessEnv;
  readonly what: string;
}): Promise<HeldProfile> {
  const profile = profileAt(undefined, env);
  const lock = await lockProfile(profile, { what, isDaemon: true });
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
  });
  log.write({ level: 'info', what: 'application starts', fields: { pid: process.pid } });
  void target.start();
  return {
    target,
    // An engine that cannot be asked now looks at everything when it starts.
    wake: async () => target.engine?.wake().catch(() => undefined),
    release: async (withinMs) => {
      await target.stop(withinMs);
      log.write({ level: 'info', what: 'application ended', fields: { pid: process.pid } });
      lock[Symbol.dispose]();
    },
  };
}
