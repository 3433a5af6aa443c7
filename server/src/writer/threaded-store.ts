import { Worker } from 'node:worker_threads';
import type Database from 'better-sqlite3';
import type { Log, Schedule } from '../ports.ts';
import type { CommitJudge } from '../services/commit-judge.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';
import { openDatabase } from '../stores/sqlite/open-database.ts';
import { createSqliteMetadataStore } from '../stores/sqlite/sqlite-metadata-store.ts';
import {
  receiveFailure,
  WRITES,
  type FromWriter,
  type Task,
  type ToWriter,
  type Write,
} from './messages.ts';

/** A store whose writes, and the judging of commits, happen in a thread of their own. */
export interface ThreadedStore {
  readonly store: MetadataStore;
  readonly judge: CommitJudge;
  /** The connection that reads. */
  readonly database: Database.Database;
}

/** What is on the other side: a thread, or in tests a port of this one. */
export interface WriterPort {
  /** `moved` is the writer's from then on. */
  readonly postMessage: (tasks: ToWriter, moved: readonly ArrayBuffer[]) => void;
  readonly onOutcomes: (take: (outcomes: FromWriter) => void) => void;
  /** Told once, when nothing will come any more. */
  readonly onEnd: (take: (reason: Error) => void) => void;
}

/**
 * Opens the database in `file`, brings its schema up to date and starts the writer thread. Reads are
 * made here, on a connection that cannot write. They see what is durable and nothing else: SQLite
 * shows a commit to other connections only after its fsync. `schedule` gathers what is sent.
 */
export function openThreadedStore(
  file: string,
  schedule: Schedule,
  start: (file: string) => WriterPort = startWriterThread,
): ThreadedStore {
  const database = openDatabase(file);
  database.pragma('query_only = ON');
  // SQLite drops what a connection has read whenever another one has written.
  database.pragma('cache_size = -2048');
  const reads = createSqliteMetadataStore(database, schedule);
  const writer = new Writer(start(file), schedule);
  const writes = Object.fromEntries(
    WRITES.map((method) => [
      method,
      (...args: readonly unknown[]) => writer.run({ kind: 'write', method, args }),
    ]),
  ) as unknown as Pick<MetadataStore, Write>;
  const close = async () => {
    await reads.close();
    await writer.close();
  };
  return {
    database,
    store: { ...reads, ...writes, close },
    judge: {
      // A copy: the bytes may lie in a buffer that others use next.
      propose: ({ bytes, ...proposed }) =>
        writer.run({ kind: 'propose', proposed: { ...proposed, bytes: new Uint8Array(bytes) } }),
    },
  };
}

/** Of the thread's heap; a quarter of what V8 would take, for a few hundredths of its time. */
const YOUNG_MIB = 24;

/** A server whose writer dies ends the process: whoever runs it starts it again. `log` gets the stack. */
export function startWriterThread(file: string, log?: Pick<Log, 'error'>): WriterPort {
  const worker = new Worker(new URL('writer-entry.ts', import.meta.url), {
    workerData: { file },
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
  });
  return {
    postMessage: (tasks, moved) => worker.postMessage(tasks, moved),
    onOutcomes: (take) => void worker.on('message', take),
    onEnd: (take) => {
      worker.once('error', (cause: unknown) => {
        take(new Error('the writer thread failed', { cause }));
        const { message = String(cause), stack = message } = cause instanceof Error ? cause : {};
        log?.error({ reason: stack }, 'the writer thread failed');
        process.stderr.write(
          `The server ends: its thread that writes failed (${message}). What it has acknowledged is on the disk. Start it again; if it ends again, run 'coffer admin fsck'.\n`,
        );
        process.exit(1);
      });
      worker.once('exit', () => take(new Error('the writer thread has ended')));
    },
  };
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** Numbers what is asked of the writer and hands out what it answers. */
class Writer {
  readonly #port: WriterPort;
  readonly #schedule: Schedule;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended = Promise.withResolvers<void>();
  #tasks: (Task & { readonly id: number })[] = [];
  #lastId = 0;
  #failure: Error | undefined;

  constructor(port: WriterPort, schedule: Schedule) {
    this.#port = port;
    this.#schedule = schedule;
    port.onOutcomes((outcomes) => this.#settle(outcomes));
    port.onEnd((reason) => this.#fail(reason));
  }

  /** Resolves when what the task did is durable. Throws Failure. */
  run<T>(task: Task): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#tasks.push({ ...task, id });
      if (this.#tasks.length === 1) this.#schedule(() => this.#send());
    });
  }

  /** After all that was asked before. */
  async close(): Promise<void> {
    await this.run({ kind: 'close' });
    await this.#ended.promise;
  }

  #send(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    const moved = tasks.flatMap((task) =>
      task.kind === 'propose' ? [task.proposed.bytes.buffer] : [],
    );
    this.#port.postMessage(tasks, moved);
  }

  #settle(outcomes: FromWriter): void {
    for (const outcome of outcomes) {
      const waiting = this.#waiting.get(outcome.id);
      this.#waiting.delete(outcome.id);
      if ('failure' in outcome) waiting?.reject(receiveFailure(outcome.failure));
      else waiting?.resolve(outcome.value as never);
    }
  }

  #fail(reason: Error): void {
    this.#failure ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
    this.#ended.resolve();
  }
}
