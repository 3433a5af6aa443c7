/** The drive and the engine of a signed-in device, on its two files: keys and database. */
import { availableParallelism, platform } from 'node:os';
import { dirname } from 'node:path';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { createNodeLazySuite } from '@coffer/protocol/suites/node-open';
import { openDrive, type DeviceSecrets, type Drive, type RetryPolicy } from '@coffer/sdk';
import {
  createEvidenceFolder,
  createKeyFile,
  createNodeHttpTransport,
  startNodeSha256,
  systemClock,
  systemRandom,
  yieldNodeTurn,
} from '@coffer/sdk/node';
import { createNodeFileSystem } from '../adapters/index.ts';
import { ContentPool, CONTENT_WORKERS_MAX } from '../content/index.ts';
import { ControlFailure, type Engine } from '../contract/index.ts';
import type { EngineOptions, EngineSettings } from '../engine-options.ts';
import { createEngine } from '../engine.ts';
import { createPace } from './pace.ts';
import type { EngineThreadChoices } from './thread-messages.ts';
import { openEngineDatabase, SqliteSpaceStore, type EngineDatabase } from '../trees/index.ts';

/** Where a profile keeps what it needs; absolute paths. */
export interface ProfilePlace {
  readonly keysFile: string;
  readonly databaseFile: string;
}

export interface OpenProfileOptions {
  readonly place: ProfilePlace;
  readonly suite?: OpenSuite;
  readonly retry?: RetryPolicy;
  /** What people set: limits of what travels, of deletions at once. */
  readonly choices?: EngineThreadChoices;
}

/** What the caller of `createEngine` decides; the rest comes from the profile. */
export type EngineChoices = Pick<EngineOptions, 'host'> &
  Partial<Pick<EngineOptions, 'hints' | 'watchRemote'>>;

export interface OpenedProfile extends AsyncDisposable {
  readonly secrets: DeviceSecrets;
  readonly drive: Drive;
  /** Threads for large contents of drive and engine; none runs before the first. */
  readonly contentPool: ContentPool;
  readonly createEngine: (choices: EngineChoices) => Engine;
}

/**
 * The caller owns the profile: nobody else may have it open. Rejects with ControlFailure
 * `not-signed-in`, RemoteFault (the first time needs the server) and IntegrityError.
 */
export async function openProfile(
  options: OpenProfileOptions,
  signal: AbortSignal,
): Promise<OpenedProfile> {
  const { place } = options;
  const keyStore = createKeyFile(place.keysFile);
  const secrets = await keyStore.load();
  if (secrets === undefined) throw notSignedIn();
  await using stack = new AsyncDisposableStack();
  const database = openEngineDatabase(place.databaseFile, systemClock.now(), secrets.device);
  stack.defer(() => database.close());
  const { choices = {} } = options;
  const pace = createPace(choices, systemClock);
  const transport = stack.use(
    createNodeHttpTransport({
      origin: secrets.server,
      ...(pace === undefined ? {} : { pace }),
      ...(choices.proxy === undefined ? {} : { proxy: choices.proxy }),
    }),
  );
  const contentPool = stack.use(
    new ContentPool(Math.min(availableParallelism(), CONTENT_WORKERS_MAX)),
  );
  const drive = await openDrive(
    {
      secrets,
      keyStore,
      store: new SqliteSpaceStore(database),
      transport,
      suite: options.suite ?? createNodeLazySuite(),
      clock: systemClock,
      random: systemRandom,
      startSha256: startNodeSha256,
      yieldTurn: yieldNodeTurn,
      platform: platform(),
      keepEvidence: createEvidenceFolder(dirname(place.databaseFile)),
      ...(options.retry === undefined ? {} : { retry: options.retry }),
      opener: contentPool,
    },
    signal,
  );
  const resources = stack.move();
  return {
    secrets,
    drive,
    contentPool,
    createEngine: (parts) => {
      const settings = settingsOf(choices);
      const engine = engineOf({ secrets, drive, database, contentPool, settings }, parts);
      resources.defer(() => engine.close());
      return engine;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function engineOf(
  parts: {
    secrets: DeviceSecrets;
    drive: Drive;
    database: EngineDatabase;
    contentPool: ContentPool;
    settings: Partial<EngineSettings>;
  },
  choices: EngineChoices,
): Engine {
  const { secrets, drive, database, contentPool, settings } = parts;
  return createEngine({
    ...choices,
    settings,
    database,
    contentPool,
    space: drive.space.id,
    spaceClient: drive.space,
    usage: (signal) => drive.usage(signal),
    acceptRestored: (signal, onDrive) => drive.acceptRestored(signal, onDrive),
    fileSystem: createNodeFileSystem(),
    clock: systemClock,
    random: systemRandom,
    deviceName: secrets.deviceName,
  });
}

function notSignedIn(): ControlFailure {
  return new ControlFailure({
    code: 'not-signed-in',
    message: 'nobody is signed in here',
    hint: "'coffer signup' makes an account, 'coffer login' adds this device to one.",
  });
}

function settingsOf(choices: EngineThreadChoices): Partial<EngineSettings> {
  const { holdCountMax, holdShareMax, recycleKeepMs, recycleBytesMax } = choices;
  return {
    ...(holdCountMax === undefined ? {} : { holdCountMax }),
    ...(holdShareMax === undefined ? {} : { holdShareMax }),
    ...(recycleKeepMs === undefined ? {} : { recycleKeepMs }),
    ...(recycleBytesMax === undefined ? {} : { recycleBytesMax }),
  };
}
