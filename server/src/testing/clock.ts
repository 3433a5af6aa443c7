import { createHash } from 'node:crypto';
import type { Clock, Random } from '../ports.ts';

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: { readonly until: number; readonly wake: () => void }[] = [];

  constructor(now = Date.UTC(2026, 10, 1)) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const give = (): void =>
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      // As timers do: one that has aborted before says so no more.
      if (signal?.aborted === true) return give();
      signal?.addEventListener('abort', give);
      this.#sleepers.push({ until: this.#now + ms, wake: resolve });
    });

  advance(ms: number): void {
    this.#now += ms;
    const awake = this.#sleepers.filter(({ until }) => until <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > this.#now);
    for (const { wake } of awake) wake();
  }
}

/** The same bytes for the same seed. */
export function createSeededRandom(seed: string): Random {
  let counter = 0;
  return {
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 32) {
        const block = createHash('sha256').update(`${seed} ${counter++}`).digest();
        bytes.set(block.subarray(0, Math.min(32, length - at)), at);
      }
      return bytes;
    },
  };
}
