/** One read request and what waits for it: chunks of many files, each asked for once. */
import { IntegrityError, type Bytes, type ChunkId } from '@coffer/protocol/core';
import type { ChunkRef } from '@coffer/protocol/content/open';
import type { ChunkOpener } from '../space-changes.ts';
import type { ContentApi } from './content-api.ts';
import type { FetchStep } from './fetch-plan.ts';
import { readFrames } from './read-frames.ts';

/** Answers that break the format before the rest of a batch is given up. */
const MALFORMED_ANSWERS_MAX = 3;

/** Shorter chunks are opened faster here than they travel to another thread. */
const OPENED_ELSEWHERE_BYTES_MIN = 128 * 1024;

/** A chunk that came: as stored, or opened already. */
export interface TakenChunk {
  readonly bytes: Bytes;
  readonly isOpened: boolean;
}

interface Slot {
  readonly id: ChunkId;
  readonly storedLength: number;
  readonly body: PromiseWithResolvers<Bytes>;
  /** What the first use of it said of the chunk. */
  readonly ref: ChunkRef;
  taken: Promise<TakenChunk>;
  usesLeft: number;
}

export class FetchBatch {
  readonly steps: readonly FetchStep[];
  readonly #slotById = new Map<ChunkId, Slot>();

  constructor(steps: readonly FetchStep[], opener?: ChunkOpener) {
    this.steps = steps;
    for (const step of steps) {
      if (step.kind !== 'chunk') continue;
      const slot = this.#slotById.get(step.ref.id);
      if (slot === undefined) this.#slotById.set(step.ref.id, newSlot(step.ref));
      else slot.usesLeft++;
    }
    if (opener !== undefined) for (const slot of this.#slotById.values()) openAhead(slot, opener);
  }

  /** A chunk, once it is there; it is let go after its last use. */
  take(ref: ChunkRef): Promise<TakenChunk> {
    const slot = this.#slotById.get(ref.id);
    if (slot === undefined) throw new RangeError('a chunk of another batch');
    if (--slot.usesLeft === 0) this.#slotById.delete(ref.id);
    return slot.taken;
  }

  /**
   * Reads all chunks. Never rejects: what fails, fails for the chunks that it concerns. An answer
   * that breaks off is asked for again from where it stopped, as long as something came.
   */
  async read(api: ContentApi, signal: AbortSignal): Promise<void> {
    let rest = [...this.#slotById.values()];
    let malformedAnswers = 0;
    while (rest.length > 0) {
      let count = 0;
      try {
        for await (const body of readFrames(api, rest.map(wantedOf), signal)) {
          settle(rest[count], body);
          count++;
        }
        return;
      } catch (error) {
        rest = rest.slice(count);
        const isMalformed = error instanceof IntegrityError;
        if (isMalformed) malformedAnswers++;
        const givesUp = isMalformed
          ? malformedAnswers >= MALFORMED_ANSWERS_MAX
          : count === 0 || signal.aborted;
        // The next one is what the answer broke at.
        const concerned = givesUp ? rest : rest.slice(0, isMalformed ? 1 : 0);
        for (const slot of concerned) slot.body.reject(error);
        rest = rest.slice(concerned.length);
      }
    }
  }
}

function newSlot(ref: ChunkRef): Slot {
  const body = Promise.withResolvers<Bytes>();
  const taken = body.promise.then((bytes) => ({ bytes, isOpened: false }));
  ignoreFailure(taken);
  return { id: ref.id, storedLength: ref.storedLength, ref, body, taken, usesLeft: 1 };
}

/** A chunk with several uses stays here: its buffer can be given away once. */
function openAhead(slot: Slot, opener: ChunkOpener): void {
  if (slot.usesLeft > 1 || slot.storedLength < OPENED_ELSEWHERE_BYTES_MIN) return;
  const { body, ref } = slot;
  slot.taken = body.promise
    .then((stored) => opener.open(ref, stored))
    .then((bytes) => ({ bytes, isOpened: true }));
  ignoreFailure(slot.taken);
}

/** It may fail before, or without, anyone waiting for it. */
function ignoreFailure(promise: Promise<unknown>): void {
  promise.catch(() => undefined);
}

function wantedOf({ id, storedLength }: Slot) {
  return { id, isLength: (length: number) => length === storedLength };
}

function settle(slot: Slot | undefined, body: Bytes | null): void {
  if (body === null) {
    slot?.body.reject(new IntegrityError('data-missing', 'the server has lost a chunk'));
  } else {
    slot?.body.resolve(body);
  }
}
