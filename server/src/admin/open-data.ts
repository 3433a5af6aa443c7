/** Opens the data folder of a server for `coffer admin`, beside a server that runs or instead of one. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerifySuite } from '@coffer/protocol/crypto';
import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import Database from 'better-sqlite3';
import { lockDataFolder } from '../adapters/data-lock.ts';
import { DATA_ENTRIES, guardEntries, guardFolder } from '../adapters/folder-guard.ts';
import { SetupError } from '../adapters/password-setup-file.ts';
import { nextTurn, systemClock, systemRandom } from '../adapters/platform.ts';
import { openFilePackStore } from '../packs/file-packs.ts';
import type { PackStore } from '../packs/pack-store.ts';
import { withSmallPacks } from '../packs/small-packs.ts';
import type { Clock, Log, Random } from '../ports.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';
import { MIGRATIONS } from '../stores/sqlite/migrations.ts';
import { openDatabase } from '../stores/sqlite/open-database.ts';
import { createSqliteMetadataStore } from '../stores/sqlite/sqlite-metadata-store.ts';

export interface AdminOptions {
  readonly dataDir: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** What jobs say on their way. */
  readonly log?: Log;
}

export interface AdminData extends AsyncDisposable {
  readonly dataDir: string;
  readonly store: MetadataStore;
  readonly packs: PackStore;
  readonly suite: VerifySuite;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const SILENT: Log = { info: () => {}, error: () => {} };

/**
 * `alone`: takes the folder, as a server does. `beside`: a server may work on it at the same time.
 * Throws SetupError when there are no data of a server, or another version wrote them.
 */
export async function openData(options: AdminOptions, how: 'alone' | 'beside'): Promise<AdminData> {
  const { clock = systemClock, random = systemRandom, log = SILENT } = options;
  const dataDir = await findData(options.dataDir);
  await using opening = new AsyncDisposableStack();
  if (how === 'alone') opening.defer(lockDataFolder(dataDir));
  const file = databaseFile(dataDir);
  const version = schemaVersionOf(file);
  if (version < MIGRATIONS.length) {
    throw new SetupError(
      `the database in ${dataDir} has schema ${version}, this version works with ${MIGRATIONS.length}. Stop the server and run 'coffer admin migrate', or start the new server once.`,
    );
  }
  const store = createSqliteMetadataStore(openDatabase(file), nextTurn);
  opening.defer(() => store.close());
  const isShared = how === 'beside';
  const files = await openFilePackStore(join(dataDir, 'packs'), { isShared });
  const packs = withSmallPacks(files, store);
  const suite = createNodeVerifySuite();
  const opened = opening.move();
  const data = { dataDir, store, packs, suite, clock, random, log };
  return { ...data, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

export interface MigrateResult {
  readonly from: number;
  readonly to: number;
}

/** Brings the database to the schema of this version. For a folder that no server works on. */
export async function migrate(options: AdminOptions): Promise<MigrateResult> {
  const dataDir = await findData(options.dataDir);
  const unlock = lockDataFolder(dataDir);
  try {
    const file = databaseFile(dataDir);
    const from = schemaVersionOf(file);
    openDatabase(file).close();
    return { from, to: MIGRATIONS.length };
  } finally {
    unlock();
  }
}

export function databaseFile(dataDir: string): string {
  return join(dataDir, 'metadata.sqlite');
}

/** The absolute path of a folder that has data of a server. */
export async function findData(path: string): Promise<string> {
  const dataDir = await guardFolder(path);
  await guardEntries(dataDir, DATA_ENTRIES);
  const isThere = await stat(databaseFile(dataDir)).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    throw new SetupError(
      `there are no data of a server in ${dataDir}. Name its folder with --data DIR.`,
    );
  }
  return dataDir;
}

/** How many steps of the schema a database has taken. */
export function schemaVersionOf(file: string): number {
  const database = new Database(file, { readonly: true });
  try {
    return Number(database.pragma('user_version', { simple: true }));
  } catch (cause) {
    throw new SetupError(`${file} is not a database of a Coffer server.`, { cause });
  } finally {
    database.close();
  }
}
