/**
 * Tells when events may have been dropped (engine §9). inotify's queue overflows without an error through
 * `fs.watch`: when one turn of the event loop brings half of what it holds, more may have come.
 */
import fs from 'node:fs';

const QUEUE_EVENTS_DEFAULT = 16_384;

export class EventDrain {
  readonly #limit: number;
  readonly #onFull: () => void;
  #count = 0;

  constructor(onFull: () => void, queueEventsMax: number = systemQueueEventsMax()) {
    this.#limit = Math.floor(queueEventsMax / 2);
    this.#onFull = onFull;
  }

  /** One event came. */
  add(): void {
    if (this.#count++ === 0) {
      setImmediate(() => {
        this.#count = 0;
      });
    }
    if (this.#count === this.#limit) this.#onFull();
  }
}

function systemQueueEventsMax(): number {
  try {
    return Number(fs.readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  } catch {
    return QUEUE_EVENTS_DEFAULT;
  }
}
