/** A daemon runs commands in the thread in which it syncs: what takes long lets that have its turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';

const SLICE_MS = 20;

export class Turns {
  readonly #signal: AbortSignal;
  #sliceEndsMs = Date.now() + SLICE_MS;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Nothing, but after each 20 ms of work; rejects with the reason of an aborted signal. */
  async rest(): Promise<void> {
    this.#signal.throwIfAborted();
    if (Date.now() < this.#sliceEndsMs) return;
    await nextTurn(undefined, { signal: this.#signal });
    this.#sliceEndsMs = Date.now() + SLICE_MS;
  }
}
