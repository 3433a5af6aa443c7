/** The target of a profile folder on this machine: files, network and clock are the real ones. */
import { homedir, hostname } from 'node:os';
import { createNodeLazySuite } from '@coffer/protocol/suites/node-open';
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
import { ProfileTarget, type ProfileTargetOptions } from './profile-target.ts';

export interface OpenTargetOptions
  extends Omit<EngineThreadOptions, 'clock'>, Pick<ProfileTargetOptions, 'hold' | 'engineChanged'> {
  readonly place: ProfilePlace;
  /** Origin of a server that who has no account is offered. */
  readonly offeredServer?: string;
}

export function createProfileTarget(options: OpenTargetOptions): ProfileTarget {
  const { place, hold, engineChanged, offeredServer } = options;
  const desk = new AccountDesk({
    keyStore: createKeyFile(place.keysFile),
    connect: (origin) => {
      const { proxy } = options.choices();
      return createNodeHttpTransport({ origin, ...(proxy === undefined ? {} : { proxy }) });
    },
    suite: () => Promise.resolve(createNodeLazySuite()),
    clock: systemClock,
    random: systemRandom,
    computer: { name: hostname(), home: homedir() },
    offeredServer,
  });
  return new ProfileTarget({
    desk,
    hold,
    ...(engineChanged === undefined ? {} : { engineChanged }),
    createEngine: () => new EngineThread({ ...options, clock: systemClock }),
    signOut: async (signal) => {
      await using opened = await openProfile({ place }, signal);
      await opened.drive.signOut(signal);
    },
  });
}
