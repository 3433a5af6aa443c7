/** One read request and what waits for it: chunks of many files, each asked for once. */
import { IntegrityError, type Bytes, type ChunkId } from '@coffer/protocol/core';
import type { ChunkRef } from '@coffer/protocol/content/open';
import type { ContentApi } from './content-api.ts';
import type { FetchStep } from './fetch-plan.ts';
import { readFrames } from './read-frames.ts';

/** Answers that break the format before the rest of a batch is given up. */
const MALFORMED_ANSWERS_MAX = 3;

interface Slot {
  readonly id: ChunkId;
  readonly storedLength: number;
  readonly body: PromiseWithResolvers<Bytes>;
  usesLeft: number;
}

export class FetchBatch {
  readonly steps: readonly FetchStep[];
  readonly #slotById = new Map<ChunkId, Slot>();

  constructor(steps: readonly FetchStep[]) {
    this.steps = steps;
    for (const step of steps) {
      if (step.kind !== 'chunk') continue;
      const { id, storedLength } = step.ref;
      const slot = this.#slotById.get(id);
      if (slot === undefined) this.#slotById.set(id, newSlot(id, storedLength));
      else slot.usesLeft++;
    }
  }

  /** The stored bytes of a chunk, once they are there; they are let go after their last use. */
  take(ref: ChunkRef): Promise<Bytes> {
    const slot = this.#slotById.get(ref.id);
    if (slot === undefined) throw new RangeError('a chunk of another batch');
    if (--slot.usesLeft === 0) this.#slotById.delete(ref.id);
    return slot.body.promise;
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

function newSlot(id: ChunkId, storedLength: number): Slot {
  const body = Promise.withResolvers<Bytes>();
  // It may fail before, or without, anyone waiting for it.
  body.promise.catch(() => undefined);
  return { id, storedLength, body, usesLeft: 1 };
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
