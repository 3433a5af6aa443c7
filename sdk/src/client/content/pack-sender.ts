/**
 * Brings chunks and pages to the server with few requests: asks in batches which of them it lacks,
 * and sends those in packs, several at once. Everything that waits is counted, so that a caller
 * which awaits `room` before it makes more keeps memory bounded.
 */
import { decodeMissing, type BodyId } from '@coffer/protocol/api';
import {
  assert,
  CHUNKS_PER_PACK_MAX,
  FormatError,
  IDS_PER_REQUEST_MAX,
  IntegrityError,
  PACK_SIZE_BYTES_MAX,
  type Bytes,
} from '@coffer/protocol/core';
import { encodePack, packLength, type PackBody } from '@coffer/protocol/content';
import type { Clock } from '../../ports/index.ts';
import type { ContentApi } from './content-api.ts';
import { UploadTicket } from './upload-ticket.ts';

const MIB = 1024 * 1024;
/** Bodies that wait, asked for or not, in packs or not. With what callers hold this is 64 MiB. */
export const BUFFERED_BYTES_MAX = 48 * MIB;
export const PACKS_IN_FLIGHT_MAX = 3;
const QUESTIONS_IN_FLIGHT_MAX = 2;
/** Enough bodies to fill a pack if the server has none of them. */
const QUESTION_BYTES = 16 * MIB;
/** Packs hold what the connection takes in this time: a break costs no more than that. */
const PACK_DURATION_MS = 8000;
const PACK_SIZE_BYTES_FIRST = 4 * MIB;
/** An uploader remembers so many ids as present, and for so long; leases last 24 hours. */
const PRESENT_IDS_MAX = 65_536;
const PRESENT_DURATION_MS = 3_600_000;

/** A chunk or page on its way. */
export interface OutgoingBody {
  readonly id: BodyId;
  readonly isPage: boolean;
  readonly storedLength: number;
  /** The stored bytes: asked for once, when the server lacks them. */
  readonly parts: () => readonly Bytes[];
}

export interface OutgoingEntry {
  readonly body: Omit<OutgoingBody, 'parts'>;
  /** Undefined once they are in a pack: they are not held twice. */
  parts: (() => readonly Bytes[]) | undefined;
  readonly tickets: Set<UploadTicket>;
  /** To be sent without waiting for a full pack. */
  isUrgent: boolean;
  /** The request that it is part of now. */
  batch: Batch | undefined;
}

interface Batch {
  readonly entries: readonly OutgoingEntry[];
  readonly controller: AbortController;
}

export interface PackSenderOptions {
  readonly api: ContentApi;
  readonly clock: Clock;
}

export class PackSender {
  readonly #api: ContentApi;
  readonly #clock: Clock;
  readonly #pending = new Map<BodyId, OutgoingEntry>();
  readonly #unasked = new EntryQueue();
  readonly #unsent = new EntryQueue();
  readonly #present = new Set<BodyId>();
  #presentSinceMs = 0;
  #bufferedBytes = 0;
  #questionsInFlight = 0;
  #packsInFlight = 0;
  #packSizeBytes = PACK_SIZE_BYTES_FIRST;
  #changed = Promise.withResolvers<void>();

  constructor(options: PackSenderOptions) {
    this.#api = options.api;
    this.#clock = options.clock;
  }

  /** Takes one body for `ticket`. Bodies with the same id travel once. */
  submit(body: OutgoingBody, ticket: UploadTicket): void {
    if (this.#isKnownPresent(body.id)) return;
    let entry = this.#pending.get(body.id);
    if (entry === undefined) {
      const { parts, ...rest } = body;
      entry = { body: rest, parts, tickets: new Set(), isUrgent: false, batch: undefined };
      this.#pending.set(body.id, entry);
      this.#bufferedBytes += body.storedLength;
      // A page is sealed with a fresh nonce: the server cannot have it.
      (body.isPage ? this.#unsent : this.#unasked).add(entry);
    }
    entry.tickets.add(ticket);
    ticket.entries.add(entry);
    this.#pump();
  }

  hasRoom(): boolean {
    return this.#bufferedBytes < BUFFERED_BYTES_MAX;
  }

  /** Settles when there is room for more bodies, or at the next change that may concern `signal`. */
  async room(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (!this.hasRoom()) {
      await this.#changed.promise;
      signal.throwIfAborted();
    }
  }

  /** Sends what waits now, whatever its size; settles when it arrived or failed. */
  async flush(): Promise<void> {
    if (this.#pending.size === 0) return;
    const ticket = new UploadTicket({ isPassive: true });
    this.#unasked.hasten();
    this.#unsent.hasten();
    for (const entry of this.#pending.values()) {
      entry.isUrgent = true;
      entry.tickets.add(ticket);
      ticket.entries.add(entry);
    }
    this.#pump();
    // Whoever handed the bodies in learns of a failure.
    await ticket.complete().catch(() => undefined);
  }

  /** Forgets what only `ticket` waits for; requests that serve nobody any more are ended. */
  abandon(ticket: UploadTicket): void {
    for (const entry of ticket.entries) {
      entry.tickets.delete(ticket);
      if (isWanted(entry)) continue;
      if (entry.batch === undefined) this.#release(entry);
      else if (!entry.batch.entries.some(isWanted)) this.#end(entry.batch);
    }
    ticket.entries.clear();
    this.#wake();
  }

  #pump(): void {
    while (
      this.#questionsInFlight < QUESTIONS_IN_FLIGHT_MAX &&
      this.#unasked.isDue(IDS_PER_REQUEST_MAX, QUESTION_BYTES)
    ) {
      void this.#ask(this.#unasked.take(IDS_PER_REQUEST_MAX, Number.POSITIVE_INFINITY));
    }
    while (
      this.#packsInFlight < PACKS_IN_FLIGHT_MAX &&
      this.#unsent.isDue(CHUNKS_PER_PACK_MAX, this.#packSizeBytes)
    ) {
      void this.#send(this.#unsent.take(CHUNKS_PER_PACK_MAX, this.#packSizeBytes));
    }
  }

  async #ask(entries: readonly OutgoingEntry[]): Promise<void> {
    this.#questionsInFlight++;
    await this.#run(entries, async (signal) => {
      const ids = entries.map(({ body }) => body.id);
      const missing = parseAnswer(await this.#api.missing(ids, signal), ids.length);
      for (const [i, entry] of entries.entries()) {
        entry.batch = undefined;
        if (missing[i] !== true) this.#arrived(entry);
        else if (isWanted(entry)) this.#unsent.add(entry);
        else this.#release(entry);
      }
    });
    this.#questionsInFlight--;
    this.#pump();
  }

  async #send(entries: readonly OutgoingEntry[]): Promise<void> {
    this.#packsInFlight++;
    await this.#run(entries, async (signal) => {
      const pack = encodePack(entries.map(takeBody));
      const startedMs = this.#clock.now();
      await this.#api.putPack(pack, signal);
      this.#adaptPackSize(pack.length, this.#clock.now() - startedMs);
      for (const entry of entries) this.#arrived(entry);
    });
    this.#packsInFlight--;
    this.#pump();
  }

  /** Runs one request; never rejects: a failure reaches the tickets of its entries. */
  async #run(
    entries: readonly OutgoingEntry[],
    request: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const batch: Batch = { entries, controller: new AbortController() };
    for (const entry of entries) entry.batch = batch;
    try {
      await request(batch.controller.signal);
    } catch (error) {
      for (const entry of entries) {
        this.#forget(entry);
        for (const ticket of entry.tickets) ticket.failed(error);
      }
    }
    this.#wake();
  }

  /** A body that is handed in from now on is not joined to the request that ends here. */
  #end(batch: Batch): void {
    for (const entry of batch.entries) this.#release(entry);
    batch.controller.abort();
  }

  /** A small pack that came quickly says nothing about how much would have been too much. */
  #adaptPackSize(bytes: number, elapsedMs: number): void {
    const fitting = Math.min(
      (bytes / Math.max(elapsedMs, 1)) * PACK_DURATION_MS,
      PACK_SIZE_BYTES_MAX,
    );
    if (fitting > this.#packSizeBytes || elapsedMs > PACK_DURATION_MS)
      this.#packSizeBytes = fitting;
  }

  #arrived(entry: OutgoingEntry): void {
    if (!entry.body.isPage) this.#rememberPresent(entry.body.id);
    this.#release(entry);
  }

  /** It arrived or nobody wants it any more: nobody waits for it, a flush under way neither. */
  #release(entry: OutgoingEntry): void {
    this.#forget(entry);
    for (const ticket of entry.tickets) ticket.release(entry);
  }

  #forget(entry: OutgoingEntry): void {
    this.#unasked.delete(entry);
    this.#unsent.delete(entry);
    if (this.#pending.get(entry.body.id) !== entry) return;
    this.#pending.delete(entry.body.id);
    this.#bufferedBytes -= entry.body.storedLength;
  }

  #isKnownPresent(id: BodyId): boolean {
    if (this.#clock.now() - this.#presentSinceMs > PRESENT_DURATION_MS) this.#present.clear();
    return this.#present.has(id);
  }

  #rememberPresent(id: BodyId): void {
    if (this.#present.size >= PRESENT_IDS_MAX) this.#present.clear();
    if (this.#present.size === 0) this.#presentSinceMs = this.#clock.now();
    this.#present.add(id);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** Entries in the order of their arrival, removable anywhere. */
class EntryQueue {
  readonly #entries = new Set<OutgoingEntry>();
  #bytes = 0;
  #urgentCount = 0;

  add(entry: OutgoingEntry): void {
    this.#entries.add(entry);
    this.#bytes += entry.body.storedLength;
    if (entry.isUrgent) this.#urgentCount++;
  }

  delete(entry: OutgoingEntry): void {
    if (!this.#entries.delete(entry)) return;
    this.#bytes -= entry.body.storedLength;
    if (entry.isUrgent) this.#urgentCount--;
  }

  /** Makes every entry urgent. */
  hasten(): void {
    for (const entry of this.#entries) entry.isUrgent = true;
    this.#urgentCount = this.#entries.size;
  }

  /** There is enough for a request, or something that does not wait. */
  isDue(count: number, bytes: number): boolean {
    return this.#urgentCount > 0 || this.#entries.size >= count || this.#bytes >= bytes;
  }

  /** The first ones, at least one: at most `count`, in a pack of at most `packBytes`. */
  take(count: number, packBytes: number): readonly OutgoingEntry[] {
    const taken: OutgoingEntry[] = [];
    let bytes = 0;
    for (const entry of this.#entries) {
      bytes += entry.body.storedLength;
      const isFull = taken.length === count || packLength(taken.length + 1, bytes) > packBytes;
      if (isFull && taken.length > 0) break;
      taken.push(entry);
      this.delete(entry);
    }
    return taken;
  }
}

function takeBody(entry: OutgoingEntry): PackBody {
  const { id, isPage } = entry.body;
  assert(entry.parts !== undefined, 'a body is packed once');
  const parts = entry.parts();
  entry.parts = undefined;
  return { id, isPage, parts };
}

function isWanted(entry: OutgoingEntry): boolean {
  for (const ticket of entry.tickets) if (!ticket.isPassive) return true;
  return false;
}

function parseAnswer(bitmap: Bytes, count: number): readonly boolean[] {
  try {
    return decodeMissing(bitmap, count);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', 'the answer about missing chunks is malformed', {
      cause,
    });
  }
}
