/**
 * What the other examples stand on: an account in a folder, made on the first run, and its drive. The
 * same in one piece, step by step: sdk-drive.ts.
 */
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { openEngineDatabase, SqliteSpaceStore } from '@coffer/native-worker';
import { openDrive, parseServerOrigin, signUp, type Drive, type DriveOptions } from '@coffer/sdk';
import {
  createKeyFile,
  createNodeHttpTransport,
  startNodeSha256,
  systemClock,
  systemRandom,
  yieldNodeTurn,
} from '@coffer/sdk/node';
import { mkdirSync } from 'node:fs';
import { hostname, platform } from 'node:os';
import { join } from 'node:path';

export interface Profile extends Disposable {
  readonly drive: Drive;
  /** What it was opened with, for other ways to open it. */
  readonly options: Omit<DriveOptions, 'store' | 'platform'>;
}

/** Arguments of an example: the server, a folder for the profile, and what the example takes. */
export function exampleArguments(): readonly [server: string, folder: string, ...string[]] {
  const [server = 'http://127.0.0.1:8420', folder = './sdk-profile', ...rest] =
    process.argv.slice(2);
  return [server, folder, ...rest];
}

export async function openProfile(
  server: string,
  folder: string,
  signal: AbortSignal,
): Promise<Profile> {
  const origin = parseServerOrigin(server);
  if (!origin.ok) throw new Error(`not the address of a server: ${origin.error}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const keyStore = createKeyFile(join(folder, 'device.json'));
  const transport = createNodeHttpTransport({ origin: origin.value });
  const suite = await createNodeOpenSuite();
  const world = { suite, clock: systemClock, random: systemRandom };
  if ((await keyStore.load()) === undefined) {
    const email = `me-${Buffer.from(systemRandom.bytes(4)).toString('hex')}@example.org`;
    const signedUp = await signUp(
      { ...world, keyStore, connect: () => transport },
      { server: origin.value, email, password: 'a long passphrase', deviceName: hostname() },
      signal,
    );
    if (!signedUp.ok) throw new Error(`no account was made: ${signedUp.error.code}`);
  }
  const secrets = await keyStore.load();
  if (secrets === undefined) throw new Error('signing up saves the secrets of the device');
  const options = {
    ...world,
    secrets,
    keyStore,
    transport,
    startSha256: startNodeSha256,
    yieldTurn: yieldNodeTurn,
  };
  const database = openEngineDatabase(join(folder, 'space.db'), systemClock.now());
  const store = new SqliteSpaceStore(database);
  const drive = await openDrive({ ...options, store, platform: platform() }, signal);
  return {
    drive,
    options,
    [Symbol.dispose]: () => {
      database.close();
      transport[Symbol.dispose]();
    },
  };
}

/** The value of an outcome; a refusal ends the example. */
export function must<T>(
  outcome:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly error: { readonly code: string; readonly path: string } },
): T {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.path}: ${outcome.error.code}`);
}
