/**
 * Brings the contents of many files with few requests and hands them on verified, in order. The
 * checks follow protocol §5: announced length, chunk id, commitment, AEAD, padding, plain lengths,
 * and at the end the SHA-256 of the whole file. The sink makes nothing final before `end`.
 */
import { bytesToHex, IDS_PER_REQUEST_MAX, IntegrityError, type Bytes } from '@coffer/protocol/core';
import { openChunk } from '@coffer/protocol/content/open';
import type { ChunkOpener, FetchSink } from '../space-changes.ts';
import type { RunningSha256 } from './content-api.ts';
import { FetchBatch } from './fetch-batch.ts';
import {
  planFetch,
  type FetchedFile,
  type FetchPlanOptions,
  type FetchStep,
  type FileToFetch,
} from './fetch-plan.ts';

export type { FileToFetch } from './fetch-plan.ts';

/** Requests under way; with the size of a batch this bounds memory to 48 MiB. */
const BATCHES_MAX = 3;
const BATCH_BYTES_MAX = 16 * 1024 * 1024;
/** Empty files and failures need no request, but are not collected without end either. */
const BATCH_STEPS_MAX = 4 * IDS_PER_REQUEST_MAX;
/** After opening so much the event loop gets a turn, or the other answers would not come in. */
const OPENED_BYTES_PER_TURN = 4 * 1024 * 1024;

export interface FetchOptions extends FetchPlanOptions {
  readonly startSha256: () => RunningSha256;
  /** Lets the event loop run: `setImmediate` in Node. */
  readonly yieldTurn: () => Promise<void>;
  /** Opens long chunks; without it everything is opened in this thread. */
  readonly opener?: ChunkOpener;
}

/**
 * Settles when every file has reached `sink.end` or `sink.fail`; what fails is the file alone, also
 * when the sink itself throws. Rejects when aborted: files that were begun get no further call.
 */
export async function fetchContents(
  options: FetchOptions,
  files: readonly FileToFetch[],
  sink: FetchSink,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const inner = AbortSignal.any([signal, ending.signal]);
  const delivery = new Delivery(options, sink, signal);
  const batches: FetchBatch[] = [];
  const reads: Promise<void>[] = [];
  const former = new BatchFormer(planFetch(options, files, inner), options.opener);
  try {
    for (;;) {
      while (batches.length < BATCHES_MAX) {
        const batch = await former.next();
        if (batch === undefined) break;
        batches.push(batch);
        reads.push(batch.read(options.api, inner));
      }
      const batch = batches.shift();
      if (batch === undefined) return;
      for (const step of batch.steps) {
        await delivery.take(step, batch);
      }
    }
  } finally {
    ending.abort();
    await Promise.all(reads);
  }
}

/** Cuts the plan into batches of what one request may ask for. */
class BatchFormer {
  readonly #steps: AsyncGenerator<FetchStep, void>;
  readonly #opener: ChunkOpener | undefined;
  #held: FetchStep | undefined;

  constructor(steps: AsyncGenerator<FetchStep, void>, opener: ChunkOpener | undefined) {
    this.#steps = steps;
    this.#opener = opener;
  }

  async next(): Promise<FetchBatch | undefined> {
    const steps: FetchStep[] = [];
    const ids = new Set<string>();
    let bytes = 0;
    while (steps.length < BATCH_STEPS_MAX) {
      const step = this.#held ?? (await this.#steps.next()).value;
      this.#held = undefined;
      if (step === undefined) break;
      if (step.kind === 'chunk' && !ids.has(step.ref.id)) {
        bytes += step.ref.storedLength;
        if (ids.size === IDS_PER_REQUEST_MAX || (bytes > BATCH_BYTES_MAX && ids.size > 0)) {
          this.#held = step;
          break;
        }
        ids.add(step.ref.id);
      }
      steps.push(step);
    }
    return steps.length === 0 ? undefined : new FetchBatch(steps, this.#opener);
  }
}

/** Opens chunks and hands them to the sink. */
class Delivery {
  readonly #options: FetchOptions;
  readonly #sink: FetchSink;
  readonly #signal: AbortSignal;
  /** The file that was begun last. */
  #current: FetchedFile | undefined;
  #running: RunningSha256 | undefined;
  /** Hash of a content that is one chunk: one call is several times cheaper. */
  #single: Bytes | undefined;
  #openedSinceTurn = 0;

  constructor(options: FetchOptions, sink: FetchSink, signal: AbortSignal) {
    this.#options = options;
    this.#sink = sink;
    this.#signal = signal;
  }

  async take(step: FetchStep, batch: FetchBatch): Promise<void> {
    const { of } = step;
    // Also for a failed file: the batch counts the uses of a chunk.
    const body = step.kind === 'chunk' ? batch.take(step.ref) : undefined;
    if (of.isFailed) return;
    try {
      if (step.kind === 'fail') throw step.error;
      this.#begin(of);
      if (step.kind === 'end' || body === undefined) {
        this.#end(of);
        return;
      }
      const { bytes, isOpened } = await body;
      this.#signal.throwIfAborted();
      const plaintext = isOpened ? bytes : openChunk(this.#options.suite, step.ref, bytes);
      this.#hash(of, plaintext);
      this.#sink.write(of.file.index, plaintext);
      await this.#pace(plaintext.length);
    } catch (error) {
      this.#signal.throwIfAborted();
      of.isFailed = true;
      this.#sink.fail(of.file.index, error);
    }
  }

  #begin(of: FetchedFile): void {
    if (this.#current === of) return;
    this.#current = of;
    this.#running = undefined;
    this.#single = undefined;
    this.#sink.begin(of.file.index, of.file.node);
  }

  #hash(of: FetchedFile, plaintext: Bytes): void {
    if (of.file.content.chunkCount === 1 && this.#single === undefined) {
      this.#single = this.#options.suite.sha256(plaintext);
    } else {
      this.#running ??= this.#options.startSha256();
      this.#running.update(plaintext);
    }
  }

  #end(of: FetchedFile): void {
    const digest = this.#running?.digest() ?? this.#single ?? this.#options.suite.sha256();
    if (bytesToHex(digest) !== of.file.node.sha256) {
      const message = 'a file has another SHA-256 than its node says';
      throw new IntegrityError('digest-mismatch', message, { whose: 'author' });
    }
    this.#sink.end(of.file.index);
  }

  async #pace(openedBytes: number): Promise<void> {
    this.#openedSinceTurn += openedBytes;
    if (this.#openedSinceTurn < OPENED_BYTES_PER_TURN) return;
    this.#openedSinceTurn = 0;
    await this.#options.yieldTurn();
  }
}
