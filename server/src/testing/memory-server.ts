import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import { createOpaquePasswords, createPasswordSetup } from '../adapters/opaque-passwords.ts';
import { Application } from '../application.ts';
import { createBus } from '../bus/bus.ts';
import { bodyOf, type HttpRequest, type HttpResponse } from '../http.ts';
import { createMemoryPackStore } from '../packs/memory-packs.ts';
import type { Clock, Log, PasswordProtocol, Random } from '../ports.ts';
import { DEFAULT_POLICY, type Policy } from '../services/context.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';
import { openSqliteMetadataStore } from '../stores/sqlite/sqlite-metadata-store.ts';

export interface MemoryServerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What clients sign in sessions; `http://server.test` by default. */
  readonly origin?: string;
  readonly policy?: Partial<Omit<Policy, 'origins'>>;
  /** Nothing is logged by default. */
  readonly log?: Log;
  /** Else OPAQUE, whose messages differ from run to run. */
  readonly passwords?: PasswordProtocol;
}

export interface MemoryServer {
  readonly origin: string;
  readonly handle: (request: HttpRequest, signal?: AbortSignal) => Promise<HttpResponse>;
  readonly close: () => Promise<void>;
  /** For tests that look behind the interface, or prepare what has no call yet. */
  readonly store: MetadataStore;
  readonly application: Application;
}

/**
 * The whole server without disk and sockets: SQLite in memory and packs in a map. All that it does
 * follows from the requests, `clock` and `random`, except for the messages of OPAQUE.
 */
export async function createMemoryServer(options: MemoryServerOptions): Promise<MemoryServer> {
  const { clock, random, origin = 'http://server.test', policy } = options;
  const passwords = options.passwords ?? (await createOpaquePasswords(await createPasswordSetup()));
  const store = openSqliteMetadataStore(':memory:', queueMicrotask);
  const application = new Application({
    store,
    packs: createMemoryPackStore(),
    bus: createBus(),
    passwords,
    suite: createNodeVerifySuite(),
    clock,
    random,
    log: options.log ?? { info: () => {}, error: () => {} },
    policy: { ...DEFAULT_POLICY, ...policy, origins: () => [origin] },
  });
  return {
    origin,
    store,
    application,
    handle: async (request, signal = new AbortController().signal) => {
      const answer = await application.answer(request, signal);
      return { ...answer, body: bodyOf(answer) };
    },
    close: async () => {
      await application.close();
      await store.close();
    },
  };
}
