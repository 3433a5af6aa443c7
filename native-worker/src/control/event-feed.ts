/**
 * The one ordered event stream for any number of clients: numbered by the feed itself, so that the
 * numbers go on when the engine is started again, and given out in batches, at most 10 a second. Of
 * several states in one batch only the last is told, and of a flood of activity only the newest; the
 * numbers that were left out are missing: a client that sees a gap asks for what it needs.
 */
import type { ControlTarget, NumberedEvent } from '../contract/index.ts';
import { EVENT_COALESCE_MS } from '../limits.ts';
import type { Clock } from '../ports/index.ts';

/** Activity lines in one batch at most. */
const ACTIVITY_IN_BATCH_MAX = 100;

export type Batch = readonly NumberedEvent[];

export class EventFeed {
  readonly #target: ControlTarget;
  readonly #clock: Clock;
  readonly #listeners = new Set<(batch: Batch) => void>();
  #pending: NumberedEvent[] = [];
  #lastNumber = 0;
  #unsubscribe: (() => void) | undefined;
  #isFlushing = false;

  constructor(target: ControlTarget, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
  }

  /** The number of the last event that was given out or waits to be. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** Every listener gets the same batches in the same order. The engine tells only while one listens. */
  subscribe(listener: (batch: Batch) => void): () => void {
    this.#listeners.add(listener);
    this.#unsubscribe ??= this.#target.subscribe(({ event }) => {
      this.#pending.push({ number: ++this.#lastNumber, event });
      if (!this.#isFlushing) void this.#flushSoon();
    });
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
    };
  }

  async #flushSoon(): Promise<void> {
    this.#isFlushing = true;
    try {
      while (this.#pending.length > 0) {
        // First the wait: what comes within it goes together.
        await this.#clock.sleep(EVENT_COALESCE_MS);
        const batch = coalesced(this.#pending);
        this.#pending = [];
        for (const listener of this.#listeners) listener(batch);
      }
    } finally {
      this.#isFlushing = false;
    }
  }
}

function coalesced(events: readonly NumberedEvent[]): Batch {
  const lastStatus = events.findLast(({ event }) => event.kind === 'status');
  const activity = events.filter(({ event }) => event.kind === 'activity');
  const tooOld = new Set(activity.slice(0, Math.max(0, activity.length - ACTIVITY_IN_BATCH_MAX)));
  return events.filter(
    (entry) => (entry.event.kind !== 'status' || entry === lastStatus) && !tooOld.has(entry),
  );
}
