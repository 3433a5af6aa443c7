import { mkdir, open, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import { lockDataFolder } from './adapters/data-lock.ts';
import { MANIFEST as BACKUP_MANIFEST } from './admin/manifest.ts';
import {
  DATA_ENTRIES,
  guardEntries,
  guardFolder,
  RESTORE_MARKER,
} from './adapters/folder-guard.ts';
import {
  createHttp,
  drain,
  listen,
  originsOf,
  serve,
  type Address,
  type LogLevel,
  type Timeouts,
} from './adapters/listener.ts';
import {
  checkMetricsOptions,
  listenForMetrics,
  type MetricsListener,
  type MetricsOptions,
} from './adapters/metrics-listener.ts';
import { createOpaquePasswords } from './adapters/opaque-passwords.ts';
import { loadPasswordSetup, SetupError } from './adapters/password-setup-file.ts';
import { addProcessGauges, nextTurn, systemClock, systemRandom } from './adapters/platform.ts';
import { Application } from './application.ts';
import { createBus } from './bus/bus.ts';
import { bodyOf, type HttpRequest, type HttpResponse } from './http.ts';
import { collect, COLLECTION_POLICY } from './jobs/collect.ts';
import type { Job } from './jobs/job.ts';
import { runSchedule, type ScheduleContext } from './jobs/schedule.ts';
import { scrub, SCRUB_POLICY } from './jobs/scrub.ts';
import { Metrics } from './metrics.ts';
import { openFilePackStore } from './packs/file-packs.ts';
import { withSmallPacks } from './packs/small-packs.ts';
import type { Clock, Log, Random } from './ports.ts';
import { DEFAULT_POLICY, type Context } from './services/context.ts';
import {
  openThreadedStore,
  startWriterThread,
  type ThreadedStore,
} from './writer/threaded-store.ts';

export interface ServerOptions {
  /** Made if it is not there; everything of the server is in it, readable by its owner only. */
  readonly dataDir: string;
  /** How clients address the server, if not by what it listens on. */
  readonly publicUrl?: string;
  /** Of each new account; none without it. */
  readonly quotaBytes?: number;
  /** Structured lines: failures alone (the default), or every request too. */
  readonly log?: LogLevel;
  /** Standard error by default. */
  readonly logTo?: { readonly write: (line: string) => unknown };
  /** Where `GET /metrics` is answered; nowhere without it. */
  readonly metrics?: MetricsOptions;
  readonly timeouts?: Timeouts;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface Server {
  /** Port 0 takes a free one. Answers the URL under which clients reach it. Jobs run from now on. */
  readonly listen: (
    address: Address,
  ) => Promise<{ readonly url: string; readonly metricsUrl: string | undefined }>;
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
  await checkServerOptions(options);
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const publicOrigin = options.publicUrl === undefined ? undefined : new URL(options.publicUrl);
  await using opening = new AsyncDisposableStack();
  opening.defer(lockDataFolder(dataDir));
  const { http, log } = createHttp({
    log: options.log ?? 'silent',
    logTo: options.logTo ?? process.stderr,
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
  });
  const { store, judge } = await openStore(dataDir, log);
  opening.defer(() => store.close());
  const setup = await loadPasswordSetup(dataDir, (await store.countAccounts()) > 0);
  const metrics = new Metrics();
  if (options.metrics !== undefined) addProcessGauges(metrics);
  let origins: readonly string[] = publicOrigin ? [publicOrigin.origin] : [];
  const context: Context = {
    store,
    judge,
    packs: withSmallPacks(await openFilePackStore(join(dataDir, 'packs')), store),
    bus: createBus(),
    passwords: await createOpaquePasswords(setup),
    suite: createNodeVerifySuite(),
    clock,
    random,
    schedule: nextTurn,
    log,
    metrics,
    policy: { ...DEFAULT_POLICY, quotaBytes: options.quotaBytes ?? null, origins: () => origins },
  };
  const application = new Application(context);
  serve(http, application);
  const beside = new Beside(context, options.metrics);
  const opened = opening.move();
  return {
    listen: async (address) => {
      const bound = await listen(http, address);
      const own = originsOf(bound);
      if (publicOrigin === undefined) origins = own;
      const metricsUrl = await beside.start();
      return {
        url: publicOrigin?.origin ?? own[0] ?? `http://localhost:${bound.port}`,
        metricsUrl,
      };
    },
    close: async () => {
      application.endStreams();
      await drain(http, clock);
      await beside.stop();
      await application.close();
      await opened.disposeAsync();
    },
    handle: async (request, signal = new AbortController().signal) => {
      const answer = await application.answer(request, signal);
      return { ...answer, body: bodyOf(answer) };
    },
  };
}

/** What goes on beside the requests: jobs, and answers about how the server does. */
class Beside {
  readonly #context: Context;
  readonly #metricsOptions: MetricsOptions | undefined;
  readonly #ended = new AbortController();
  #running: Promise<void> | undefined;
  #listener: MetricsListener | undefined;

  constructor(context: Context, metricsOptions: MetricsOptions | undefined) {
    this.#context = context;
    this.#metricsOptions = metricsOptions;
  }

  /** Answers where metrics are. */
  async start(): Promise<string | undefined> {
    const { metrics } = this.#context;
    if (this.#metricsOptions !== undefined) {
      this.#listener = await listenForMetrics(metrics, this.#metricsOptions);
    }
    const onFinished: ScheduleContext['onFinished'] = (job, { summary }) =>
      metrics.countJob(job, summary);
    this.#running = runSchedule(
      { ...this.#context, onFinished },
      jobsOf(this.#context),
      this.#ended.signal,
    );
    return this.#listener?.url;
  }

  async stop(): Promise<void> {
    this.#ended.abort(new DOMException('the server closes', 'AbortError'));
    await this.#running;
    await this.#listener?.close();
  }
}

function jobsOf(context: Context): readonly Job[] {
  const everyMs = 24 * 60 * 60 * 1000;
  return [
    { name: 'collect', everyMs, run: (signal) => collect(context, COLLECTION_POLICY, signal) },
    { name: 'scrub', everyMs, run: (signal) => scrub(context, SCRUB_POLICY, signal) },
  ];
}

/** What can be said of the options before anything is opened or made. Throws SetupError. */
export async function checkServerOptions(options: ServerOptions): Promise<void> {
  if (options.metrics !== undefined) checkMetricsOptions(options.metrics);
  await checkFolder(options.dataDir);
}

async function checkFolder(path: string): Promise<void> {
  const dataDir = await guardFolder(path);
  await guardEntries(dataDir, [...DATA_ENTRIES, { name: 'packs/incoming', kind: 'folder' }]);
  const entries = await readdir(dataDir).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
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
}

async function openStore(dataDir: string, log: Log): Promise<ThreadedStore> {
  const file = join(dataDir, 'metadata.sqlite');
  // SQLite gives its other files the mode of this one.
  await (await open(file, 'a', 0o600)).close();
  return openThreadedStore(file, nextTurn, (path) => startWriterThread(path, log));
}
