/** The target of a profile folder on this machine: files, network and clock are the real ones. */
import { homedir, hostname } from 'node:os';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import {
  createKeyFile,
  createNodeHttpTransport,
  systemClock,
  systemRandom,
} from '@coffer/sdk/node';
import {
  EngineThread,
  openProfile,
  type EngineThreadOptions,
  type ProfilePlace,
} from '../thread/index.ts';
import { AccountDesk } from './account-desk.ts';
import { ProfileTarget } from './profile-target.ts';

/** The caller owns the profile: nobody else may have it open. */
export function createProfileTarget(
  options: Omit<EngineThreadOptions, 'clock'> & { readonly place: ProfilePlace },
): ProfileTarget {
  const { place } = options;
  const desk = new AccountDesk({
    keyStore: createKeyFile(place.keysFile),
    connect: (origin) => createNodeHttpTransport({ origin }),
    suite: createNodeOpenSuite,
    clock: systemClock,
    random: systemRandom,
    computer: { name: hostname(), home: homedir() },
  });
  return new ProfileTarget({
    desk,
    createEngine: () => new EngineThread({ ...options, clock: systemClock }),
    signOut: async (signal) => {
      await using opened = await openProfile({ place }, signal);
      await opened.drive.signOut(signal);
    },
  });
}
