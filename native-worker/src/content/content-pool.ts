/**
 * Worker threads for large files. Up: one reads, hashes and cuts a file, the others help to seal it,
 * and sealed chunks come here without a copy. Down: each opens chunks as they come. Small files are not worth the way to another thread.
 */
import { Worker } from 'node:worker_threads';
import { Defect, IntegrityError, type Bytes } from '@coffer/protocol/core';
import { openChunk, type ChunkRef } from '@coffer/protocol/content/open';
import { createNodeContentSuite } from '@coffer/protocol/suites/node-content';
import type { ChunkOpener, SealedChunkParts, SealingKeys, UploadedContent } from '@coffer/sdk';
import { FileChanged } from '../executor/stable-read.ts';
import { LocalFault } from '../ports/index.ts';
import type { ExpectedFile, FromWorker, ToWorker, WorkerFailure } from './messages.ts';

export const CONTENT_WORKERS_MAX = 4;

/** To start the threads costs as much processor time as to seal this much. */
const START_BYTES_MIN = 8 * 1024 * 1024;

type Take = (chunk: SealedChunkParts) => Promise<void>;

interface Job {
  readonly id: number;
  readonly reader: PoolWorker;
  readonly take: Take;
  readonly refs: ChunkRef[];
  /** Who seals the chunks that were given away, by index. */
  readonly given: Map<number, PoolWorker>;
  readonly done: PromiseWithResolvers<UploadedContent>;
  takenCount: number;
  /** Known once the whole file was read. */
  whole: (FromWorker & { kind: 'read' }) | undefined;
}

interface Opening {
  readonly worker: PoolWorker;
  readonly done: PromiseWithResolvers<Bytes>;
}

interface PoolWorker {
  readonly thread: Worker;
  /** Files that it reads. */
  readCount: number;
  /** Single chunks that it is to seal or open. */
  chunkCount: number;
}

export class ContentPool implements AsyncDisposable, ChunkOpener {
  readonly #size: number;
  readonly #startBytesMin: number;
  readonly #suite = createNodeContentSuite();
  /** Of contents that came since the threads last ran. */
  #seenBytes = 0;
  /** Empty until there is something to do. */
  #workers: readonly PoolWorker[] = [];
  readonly #jobs = new Map<number, Job>();
  readonly #openings = new Map<number, Opening>();
  #lastNumber = 0;
  #failure: unknown;

  /** `size`: number of threads; cores, at most `CONTENT_WORKERS_MAX`. */
  constructor(size: number, startBytesMin = START_BYTES_MIN) {
    this.#size = size;
    this.#startBytesMin = startBytesMin;
  }

  /** Whether a content of this size is for the threads: they run, or what came by now is worth their start. */
  takesOn(sizeBytes: number): boolean {
    this.#seenBytes += sizeBytes;
    return this.#workers.length > 0 || this.#seenBytes >= this.#startBytesMin;
  }

  /**
   * Reads and seals the file at `path`, which must be what `expected` says before and after. Every
   * sealed chunk goes to `take`, in any order. Throws FileChanged and LocalFault as reading does.
   */
  async sealFile(
    path: string,
    expected: ExpectedFile,
    keys: SealingKeys,
    take: Take,
    signal: AbortSignal,
  ): Promise<UploadedContent> {
    signal.throwIfAborted();
    this.#ready();
    const job = this.#newJob(take);
    const abort = () => {
      job.done.reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    try {
      this.#tellAll({ kind: 'begin', job: job.id, keys });
      const helpers = this.#workers.length - 1;
      tell(job.reader, { kind: 'read', job: job.id, path, expected, helpers });
      return await job.done.promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#endJob(job);
    }
  }

  /** See `ChunkOpener`. */
  async open(ref: ChunkRef, stored: Bytes): Promise<Bytes> {
    if (!this.takesOn(stored.length)) return openChunk(this.#suite, ref, stored);
    this.#ready();
    const number = ++this.#lastNumber;
    const worker = leastLoaded(this.#workers);
    const opening: Opening = { worker, done: Promise.withResolvers() };
    this.#keepProcess();
    this.#openings.set(number, opening);
    worker.chunkCount++;
    const own = ownBytes(stored);
    tell(worker, { kind: 'open', number, ref, stored: own }, [own.buffer]);
    try {
      return await opening.done.promise;
    } finally {
      worker.chunkCount--;
      this.#openings.delete(number);
      this.#letProcessEnd();
    }
  }

  /** Ends the threads when they have nothing to do; the next file starts them again. */
  async rest(): Promise<void> {
    if (this.#jobs.size + this.#openings.size > 0) return;
    const workers = this.#workers;
    this.#workers = [];
    this.#seenBytes = 0;
    await Promise.all(workers.map(({ thread }) => thread.terminate()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fail(new Defect('the content workers were stopped'));
    await Promise.all(this.#workers.map(({ thread }) => thread.terminate()));
  }

  #ready(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#workers.length > 0) return;
    this.#workers = Array.from({ length: this.#size }, () => this.#start());
  }

  #start(): PoolWorker {
    const thread = new Worker(new URL('content-worker.ts', import.meta.url));
    const worker: PoolWorker = { thread, readCount: 0, chunkCount: 0 };
    thread.on('message', (message: FromWorker) => {
      this.#receive(message);
    });
    thread.on('error', (cause) => {
      this.#fail(new Defect('a content worker failed', { cause }));
    });
    // Idle workers do not keep the process.
    thread.unref();
    return worker;
  }

  #newJob(take: Take): Job {
    const reader = this.#workers.reduce((a, b) => (b.readCount < a.readCount ? b : a));
    reader.readCount++;
    const job: Job = {
      id: ++this.#lastNumber,
      reader,
      take,
      refs: [],
      given: new Map(),
      done: Promise.withResolvers(),
      takenCount: 0,
      whole: undefined,
    };
    this.#keepProcess();
    this.#jobs.set(job.id, job);
    return job;
  }

  #endJob(job: Job): void {
    job.reader.readCount--;
    for (const helper of job.given.values()) helper.chunkCount--;
    this.#jobs.delete(job.id);
    this.#tellAll({ kind: 'end', job: job.id });
    this.#letProcessEnd();
  }

  /** Before the first thing to do. */
  #keepProcess(): void {
    if (this.#jobs.size + this.#openings.size > 0) return;
    for (const { thread } of this.#workers) thread.ref();
  }

  /** After the last thing to do. */
  #letProcessEnd(): void {
    if (this.#jobs.size + this.#openings.size > 0) return;
    for (const { thread } of this.#workers) thread.unref();
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'opened') {
      this.#openings.get(message.number)?.done.resolve(message.plaintext);
      return;
    }
    if (message.kind === 'not-opened') {
      this.#openings.get(message.number)?.done.reject(errorOf(message.failure));
      return;
    }
    const job = this.#jobs.get(message.job);
    if (job === undefined) return;
    switch (message.kind) {
      case 'given':
        this.#give(job, message);
        break;
      case 'sealed':
        void this.#take(job, message);
        break;
      case 'read':
        job.whole = message;
        settle(job);
        break;
      case 'failed':
        job.done.reject(errorOf(message.failure));
        break;
    }
  }

  /** To the helper with the least to do. */
  #give(job: Job, { index, plaintext }: FromWorker & { kind: 'given' }): void {
    const helper = leastLoaded(this.#workers.filter((worker) => worker !== job.reader));
    helper.chunkCount++;
    job.given.set(index, helper);
    const message: ToWorker = { kind: 'seal', job: job.id, index, plaintext };
    tell(helper, message, [plaintext.buffer as ArrayBuffer]);
  }

  async #take(job: Job, sealed: FromWorker & { kind: 'sealed' }): Promise<void> {
    const { index, ref, parts } = sealed;
    job.refs[index] = ref;
    const helper = job.given.get(index);
    if (helper !== undefined) helper.chunkCount--;
    job.given.delete(index);
    try {
      await job.take({ ref, parts });
    } catch (error) {
      job.done.reject(error);
      return;
    }
    const wasGiven = helper !== undefined;
    tell(job.reader, { kind: 'taken', job: job.id, bytes: ref.plainLength, wasGiven });
    job.takenCount++;
    settle(job);
  }

  #tellAll(message: ToWorker): void {
    for (const worker of this.#workers) tell(worker, message);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const job of this.#jobs.values()) job.done.reject(error);
    for (const { done } of this.#openings.values()) done.reject(error);
  }
}

function tell(worker: PoolWorker, message: ToWorker, transfer: ArrayBuffer[] = []): void {
  worker.thread.postMessage(message, transfer);
}

function leastLoaded(workers: readonly PoolWorker[]): PoolWorker {
  const load = ({ readCount, chunkCount }: PoolWorker) => 2 * readCount + chunkCount;
  return workers.reduce((a, b) => (load(b) < load(a) ? b : a));
}

/** The bytes in a buffer of their own, which can be given away. */
function ownBytes(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isOwn ? new Uint8Array(buffer) : bytes.slice();
}

function settle(job: Job): void {
  if (job.whole === undefined || job.takenCount < job.whole.chunkCount) return;
  const { size, sha256 } = job.whole;
  job.done.resolve({ size, sha256, chunks: job.refs });
}

function errorOf(failure: WorkerFailure): Error {
  if (failure.kind === 'changed') return new FileChanged(failure.message);
  if (failure.kind === 'fault') return new LocalFault(failure.code, failure.message);
  if (failure.kind === 'integrity') {
    return new IntegrityError(failure.code, failure.message, { whose: failure.whose });
  }
  return new Defect(failure.message);
}
