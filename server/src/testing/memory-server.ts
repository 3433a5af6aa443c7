import type Database from 'better-sqlite3';
import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import { createOpaquePasswords, createPasswordSetup } from '../adapters/opaque-passwords.ts';
import { Application } from '../application.ts';
import { createBus } from '../bus/bus.ts';
import { bodyOf, type HttpRequest, type HttpResponse } from '../http.ts';
import { Metrics } from '../metrics.ts';
import { createMemoryPackStore } from '../packs/memory-packs.ts';
import type { PackStore } from '../packs/pack-store.ts';
import { withSmallPacks } from '../packs/small-packs.ts';
import type { Clock, Log, PasswordProtocol, Random, Schedule } from '../ports.ts';
import { DEFAULT_POLICY, type Policy } from '../services/context.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';
import { openDatabase } from '../stores/sqlite/open-database.ts';
import { createSqliteMetadataStore } from '../stores/sqlite/sqlite-metadata-store.ts';

const SILENT: Log = { info: () => {}, error: () => {} };

export interface MemoryServerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What clients sign in sessions; `http://server.test` by default. */
  readonly origin?: string;
  readonly policy?: Partial<Omit<Policy, 'origins'>>;
  /** Nothing is logged by default. */
  readonly log?: Log;
  /** When long work goes on; at once without it. */
  readonly schedule?: Schedule;
  /** Else OPAQUE, whose messages differ from run to run. */
  readonly passwords?: PasswordProtocol;
  /** What it begins with: another one's, of the same origin and before any pack. Else nothing. */
  readonly snapshot?: Snapshot;
}

export interface MemoryServer {
  readonly origin: string;
  readonly handle: (request: HttpRequest, signal?: AbortSignal) => Promise<HttpResponse>;
  readonly close: () => Promise<void>;
  /** As after a crash: what is stored stays, what is only in memory goes, event streams end. */
  readonly restart: () => Promise<void>;
  /** Everything that is stored at this moment, packs apart (they are never changed). */
  readonly snapshot: () => Promise<Snapshot>;
  /** Back to `snapshot`, like an operator's restore. An honest one raises the era. */
  readonly restore: (snapshot: Snapshot, how: { readonly raiseEra: boolean }) => Promise<void>;
  /** For tests that look behind the interface, or prepare what has no call yet. */
  readonly store: MetadataStore;
  readonly packs: PackStore;
  readonly application: Application;
}

export interface Snapshot {
  readonly database: Buffer;
}

/**
 * The whole server without disk and sockets: SQLite in memory and packs in a map. All that it does
 * follows from the requests, `clock` and `random`, except for the messages of OPAQUE.
 */
export async function createMemoryServer(options: MemoryServerOptions): Promise<MemoryServer> {
  const { origin = 'http://server.test' } = options;
  const passwords = options.passwords ?? (await createOpaquePasswords(await createPasswordSetup()));
  const files = createMemoryPackStore();
  const start = (file: string | Buffer) =>
    startServer(file, { ...options, origin, passwords, files });
  let running = start(options.snapshot?.database ?? ':memory:');

  async function replace(snapshot: Snapshot, change: (database: Database.Database) => void) {
    await running.application.close();
    await running.store.close();
    running = start(snapshot.database);
    change(running.database);
  }
  const snapshot = async () => ({ database: running.database.serialize() });

  return {
    origin,
    get store() {
      return running.store;
    },
    get packs() {
      return running.packs;
    },
    get application() {
      return running.application;
    },
    handle: async (request, signal = new AbortController().signal) => {
      const answer = await running.application.answer(request, signal);
      return { ...answer, body: bodyOf(answer) };
    },
    close: async () => {
      await running.application.close();
      await running.store.close();
    },
    restart: async () => replace(await snapshot(), () => {}),
    snapshot,
    restore: (earlier, { raiseEra }) =>
      replace(earlier, (database) => {
        if (!raiseEra) return;
        database.exec("UPDATE counters SET value = value + 1 WHERE name = 'era'");
      }),
  };
}

function startServer(
  file: string | Buffer,
  given: MemoryServerOptions & {
    readonly origin: string;
    readonly passwords: PasswordProtocol;
    readonly files: PackStore;
  },
) {
  const { clock, random, origin, policy, passwords, files } = given;
  const { log = SILENT, schedule = queueMicrotask } = given;
  const database = openDatabase(file);
  const store = createSqliteMetadataStore(database, queueMicrotask);
  const packs = withSmallPacks(files, store);
  const application = new Application({
    store,
    packs,
    bus: createBus(),
    passwords,
    suite: createNodeVerifySuite(),
    clock,
    random,
    schedule,
    log,
    metrics: new Metrics(),
    policy: { ...DEFAULT_POLICY, ...policy, origins: () => [origin] },
  });
  return { database, store, packs, application };
}
