/** Chunks, seals and sends the contents of files. One for each space; any number of files at once. */
import { digestFromBytes, type Bytes, type Digest } from '@coffer/protocol/core';
import { pageId } from '@coffer/protocol/content';
import {
  BaseChunks,
  ChunkSealer,
  type ChunkRef,
  type Chunker,
  type FileChunker,
  type SealedChunk,
} from '@coffer/protocol/content/open';
import type { OpenSuite } from '@coffer/protocol/crypto';
import type { Clock } from '../../ports/index.ts';
import type { SelfSealingSource, UploadedContent, Uploader } from '../space-changes.ts';
import { AbortCallbacks } from './abort-callbacks.ts';
import type { ContentApi, RunningSha256 } from './content-api.ts';
import { PackSender } from './pack-sender.ts';
import { UploadTicket } from './upload-ticket.ts';

/** Files that are read at once: others wait for their turn, so that memory stays bounded. */
const READERS_MAX = 4;
/** With nothing added for so long, what waits is sent. */
const IDLE_DURATION_MS = 10;
/** After sealing so much the event loop gets a turn, or nothing would be sent meanwhile. */
const SEALED_BYTES_PER_TURN = 8 * 1024 * 1024;

export interface ContentUploaderOptions {
  readonly suite: OpenSuite;
  readonly api: ContentApi;
  readonly clock: Clock;
  readonly chunker: Chunker;
  /** Content keys of the space's epochs, newest first, as they are at the moment. */
  readonly contentKeys: () => readonly Bytes[];
  readonly startSha256: () => RunningSha256;
  /** Lets the event loop run: `setImmediate` in Node. Without it the clock sleeps for 0 ms. */
  readonly yieldTurn?: () => Promise<void>;
}

export class ContentUploader implements Uploader {
  readonly #options: ContentUploaderOptions;
  readonly #sealer: ChunkSealer;
  readonly #sender: PackSender;
  readonly #abortCallbacks = new AbortCallbacks();
  readonly #turns: (() => void)[] = [];
  #readers = 0;
  #sealedSinceTurn = 0;
  #activity = 0;
  #isWatchingIdle = false;

  constructor(options: ContentUploaderOptions) {
    this.#options = options;
    this.#sealer = new ChunkSealer(options.suite, options.contentKeys);
    this.#sender = new PackSender(options);
  }

  /**
   * See `Uploader.add`. `base`: chunks of the revision that this content replaces; those that are
   * still in it are kept as they are. Rejects with the fault of the request that failed.
   */
  async add(
    source: Iterable<Bytes> | AsyncIterable<Bytes>,
    signal: AbortSignal,
    base: readonly ChunkRef[] = [],
  ): Promise<UploadedContent> {
    signal.throwIfAborted();
    const { chunker, contentKeys } = this.#options;
    if (isSelfSealing(source) && chunker.chunkerKey !== null) {
      const keys = { chunkerKey: chunker.chunkerKey, contentKeys: contentKeys(), base };
      return this.addSealed((take) => source.sealChunks(keys, take, signal), signal);
    }
    return this.#withTicket(signal, async (ticket) => {
      if (this.#readers < READERS_MAX) this.#readers++;
      else await this.#waitForTurn();
      return this.#read(source, signal, base, ticket);
    });
  }

  /**
   * Sends chunks that are sealed elsewhere. `produce` hands every chunk to `take` and awaits it
   * before it makes more; settles with its result when all chunks are at the server.
   */
  async addSealed<T>(
    produce: (take: (chunk: SealedChunk) => Promise<void>) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted();
    return this.#withTicket(signal, (ticket) =>
      produce(async ({ ref, parts }) => {
        signal.throwIfAborted();
        ticket.throwIfFailed();
        const body = { id: ref.id, isPage: false, storedLength: ref.storedLength };
        this.#sender.submit({ ...body, parts: () => parts }, ticket);
        this.#activity++;
        await this.#sender.room(signal);
      }),
    );
  }

  /** Sends pages that `sealPages` made; settles when all of them are at the server. */
  async addPages(pages: readonly Bytes[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#withTicket(signal, async (ticket) => {
      for (const page of pages) {
        await this.#sender.room(signal);
        const id = pageId(this.#options.suite, page);
        const body = { id, isPage: true, storedLength: page.length, parts: () => [page] };
        this.#sender.submit(body, ticket);
      }
      void this.#sender.flush();
    });
  }

  flush(): Promise<void> {
    return this.#sender.flush();
  }

  /** Runs `submit` and waits for all that it handed in; on failure or abort nothing of it is kept. */
  async #withTicket<T>(
    signal: AbortSignal,
    submit: (ticket: UploadTicket) => Promise<T>,
  ): Promise<T> {
    const ticket = new UploadTicket();
    const aborted = Promise.withResolvers<never>();
    const stopListening = this.#abortCallbacks.add(signal, () => {
      aborted.reject(signal.reason);
      this.#sender.abandon(ticket);
    });
    try {
      // A source that hangs does not keep its caller.
      const result = await Promise.race([submit(ticket), aborted.promise]);
      this.#watchIdle();
      await Promise.race([ticket.complete(), aborted.promise]);
      return result;
    } catch (error) {
      this.#sender.abandon(ticket);
      throw error;
    } finally {
      stopListening();
    }
  }

  /**
   * Reads in the turn that the caller has, and ends it. Nothing is awaited without need: a small
   * file of a synchronous source is buffered when `add` returns, so that a flush takes it along.
   */
  async #read(
    source: Iterable<Bytes> | AsyncIterable<Bytes>,
    signal: AbortSignal,
    baseChunks: readonly ChunkRef[],
    ticket: UploadTicket,
  ): Promise<UploadedContent> {
    const base = baseChunks.length > 0 ? new BaseChunks(baseChunks) : undefined;
    const file = new FileReading(this.#options);
    const chunks: ChunkRef[] = [];
    /** Takes over one chunk; what it returns is to be awaited before the next. */
    const takeChunk = (plaintext: Bytes): Promise<void> | undefined => {
      signal.throwIfAborted();
      ticket.throwIfFailed();
      const { ref, parts } = this.#sealer.seal(plaintext, base);
      chunks.push(ref);
      const body = { id: ref.id, isPage: false, storedLength: ref.storedLength, parts };
      this.#sender.submit(body, ticket);
      return this.#pace(plaintext.length, signal);
    };
    try {
      signal.throwIfAborted();
      if (Symbol.iterator in source) {
        for (const bytes of source) {
          for (const plaintext of file.push(bytes)) {
            const pause = takeChunk(plaintext);
            if (pause !== undefined) await pause;
          }
        }
      } else {
        for await (const bytes of source) {
          for (const plaintext of file.push(bytes)) await takeChunk(plaintext);
        }
      }
      for (const plaintext of file.end()) {
        const pause = takeChunk(plaintext);
        if (pause !== undefined) await pause;
      }
      return { size: file.size, sha256: file.sha256(), chunks };
    } finally {
      this.#endTurn();
    }
  }

  /** What is to be awaited before more is sealed: room in the buffer, or a turn of the event loop. */
  #pace(sealedBytes: number, signal: AbortSignal): Promise<void> | undefined {
    this.#activity++;
    this.#sealedSinceTurn += sealedBytes;
    if (this.#sealedSinceTurn < SEALED_BYTES_PER_TURN) {
      return this.#sender.hasRoom() ? undefined : this.#sender.room(signal);
    }
    this.#sealedSinceTurn = 0;
    return this.#yieldTurn(signal);
  }

  async #yieldTurn(signal: AbortSignal): Promise<void> {
    await (this.#options.yieldTurn?.() ?? this.#options.clock.sleep(0));
    await this.#sender.room(signal);
  }

  async #waitForTurn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turns.push(resolve);
    await promise;
  }

  /** The turn goes to the next in line, or is free. */
  #endTurn(): void {
    const next = this.#turns.shift();
    if (next === undefined) this.#readers--;
    else next();
  }

  /** Flushes once nothing was read for a moment; one watch at a time. */
  #watchIdle(): void {
    if (this.#isWatchingIdle) return;
    this.#isWatchingIdle = true;
    void this.#flushWhenIdle();
  }

  async #flushWhenIdle(): Promise<void> {
    for (;;) {
      const seen = this.#activity;
      await this.#options.clock.sleep(IDLE_DURATION_MS);
      if (seen === this.#activity) break;
    }
    this.#isWatchingIdle = false;
    await this.#sender.flush();
  }
}

/** A file on its way through the chunker, counted and hashed. */
class FileReading {
  readonly #options: ContentUploaderOptions;
  readonly #chunker: FileChunker;
  #running: RunningSha256 | undefined;
  #single: Bytes | undefined;
  size = 0;

  constructor(options: ContentUploaderOptions) {
    this.#options = options;
    this.#chunker = options.chunker.start();
  }

  *push(bytes: Bytes): Iterable<Bytes> {
    for (const plaintext of this.#chunker.push(bytes)) {
      this.size += plaintext.length;
      this.#running ??= this.#options.startSha256();
      this.#running.update(plaintext);
      yield plaintext;
    }
  }

  *end(): Iterable<Bytes> {
    for (const plaintext of this.#chunker.end()) {
      this.size += plaintext.length;
      // Most files are one chunk: hashing that in one call is several times cheaper.
      if (this.#running === undefined) this.#single = this.#options.suite.sha256(plaintext);
      else this.#running.update(plaintext);
      yield plaintext;
    }
  }

  sha256(): Digest {
    const whole = this.#running?.digest() ?? this.#single ?? this.#options.suite.sha256();
    return digestOf(whole);
  }
}

function isSelfSealing(
  source: Iterable<Bytes> | AsyncIterable<Bytes>,
): source is SelfSealingSource {
  return 'sealChunks' in source;
}

function digestOf(hash: Bytes): Digest {
  return digestFromBytes<Digest>(new Uint8Array(hash));
}
