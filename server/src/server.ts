import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import { lockDataFolder } from './adapters/data-lock.ts';
import { MANIFEST as BACKUP_MANIFEST } from './admin/manifest.ts';
import {
  DATA_ENTRIES,
  guardEntries,
  guardFolder,
  RESTORE_MARKER,
} from './adapters/folder-guard.ts';
import { createHttp, drain, listen, originsOf, serve, type Address } from './adapters/listener.ts';
import { createOpaquePasswords } from './adapters/opaque-passwords.ts';
import { loadPasswordSetup, SetupError } from './adapters/password-setup-file.ts';
import { nextTurn, systemClock, systemRandom } from './adapters/platform.ts';
import { Application } from './application.ts';
import { createBus } from './bus/bus.ts';
import { bodyOf, type HttpRequest, type HttpResponse } from './http.ts';
import { openFilePackStore } from './packs/file-packs.ts';
import type { Clock, Random } from './ports.ts';
import { DEFAULT_POLICY } from './services/context.ts';
import type { MetadataStore } from './stores/metadata-store.ts';
import { openDatabase } from './stores/sqlite/open-database.ts';
import { createSqliteMetadataStore } from './stores/sqlite/sqlite-metadata-store.ts';

export interface ServerOptions {
  /** Made if it is not there; everything of the server is in it, readable by its owner only. */
  readonly dataDir: string;
  /** How clients address the server, if not by what it listens on. */
  readonly publicUrl?: string;
  /** Of each new account; none without it. */
  readonly quotaBytes?: number;
  /** Structured lines to standard error. */
  readonly logger?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface Server {
  /** Port 0 takes a free one. Answers the URL under which clients reach it. */
  readonly listen: (address: Address) => Promise<{ readonly url: string }>;
  /** Takes no new requests, ends event streams, finishes what runs, closes the stores. */
  readonly close: () => Promise<void>;
  /** One exchange without a socket. */
  readonly handle: (request: HttpRequest, signal?: AbortSignal) => Promise<HttpResponse>;
}

/**
 * Opens the data folder and wires the server. Throws SetupError when another server works on it, or
 * its secret is gone or open to others, NewerSchemaError when a newer version wrote it.
 */
export async function createServer(options: ServerOptions): Promise<Server> {
  const { clock = systemClock, random = systemRandom } = options;
  const dataDir = await prepareFolder(options.dataDir);
  const publicOrigin = options.publicUrl === undefined ? undefined : new URL(options.publicUrl);
  await using opening = new AsyncDisposableStack();
  opening.defer(lockDataFolder(dataDir));
  const store = await openStore(dataDir);
  opening.defer(() => store.close());
  const setup = await loadPasswordSetup(dataDir, (await store.countAccounts()) > 0);
  const { http, log } = createHttp(options.logger ?? false);
  let origins: readonly string[] = publicOrigin ? [publicOrigin.origin] : [];
  const application = new Application({
    store,
    packs: await openFilePackStore(join(dataDir, 'packs')),
    bus: createBus(),
    passwords: await createOpaquePasswords(setup),
    suite: createNodeVerifySuite(),
    clock,
    random,
    log,
    policy: { ...DEFAULT_POLICY, quotaBytes: options.quotaBytes ?? null, origins: () => origins },
  });
  serve(http, application);
  const opened = opening.move();
  return {
    listen: async (address) => {
      const bound = await listen(http, address);
      const own = originsOf(bound);
      if (publicOrigin === undefined) origins = own;
      return { url: publicOrigin?.origin ?? own[0] ?? `http://localhost:${bound.port}` };
    },
    close: async () => {
      application.endStreams();
      await drain(http, clock);
      await application.close();
      await opened.disposeAsync();
    },
    handle: async (request, signal = new AbortController().signal) => {
      const answer = await application.answer(request, signal);
      return { ...answer, body: bodyOf(answer) };
    },
  };
}

async function prepareFolder(path: string): Promise<string> {
  const dataDir = await guardFolder(path);
  await guardEntries(dataDir, [...DATA_ENTRIES, { name: 'packs/incoming', kind: 'folder' }]);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const entries = await readdir(dataDir);
  if (entries.includes(BACKUP_MANIFEST)) {
    throw new SetupError(
      `${dataDir} is a backup. Bring it back into an empty folder with 'coffer admin restore': devices would take a server that works on the backup itself for one that went back in time.`,
    );
  }
  if (entries.includes(RESTORE_MARKER)) {
    throw new SetupError(
      `a restore into ${dataDir} did not come to its end. Run 'coffer admin restore' again.`,
    );
  }
  return dataDir;
}

async function openStore(dataDir: string): Promise<MetadataStore> {
  const file = join(dataDir, 'metadata.sqlite');
  // SQLite gives its other files the mode of this one.
  await (await open(file, 'a', 0o600)).close();
  return createSqliteMetadataStore(openDatabase(file), nextTurn);
}
