/** Limits of what goes up and comes down, in bytes a second (engine §6). */
import type { Pace } from '@coffer/sdk/node';
import type { Clock } from '../ports/index.ts';

/** What may go at once after a rest. */
const BURST_MS = 250;

/** A bucket of time: what was taken has to have passed before more is given. */
export class RateLimit {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  #freeAtMs = 0;

  constructor(bytesPerSecond: number, clock: Clock) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
  }

  /** Resolves when these bytes may go. First come, first served. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const startMs = Math.max(this.#freeAtMs, now - BURST_MS);
    this.#freeAtMs = startMs + (bytes / this.#bytesPerSecond) * 1000;
    if (this.#freeAtMs > now) await this.#clock.sleep(this.#freeAtMs - now, signal);
  }
}

/** Undefined without any limit. */
export function createPace(
  limits: { readonly upBytesPerSecond?: number; readonly downBytesPerSecond?: number },
  clock: Clock,
): Pace | undefined {
  const { upBytesPerSecond: up, downBytesPerSecond: down } = limits;
  if (up === undefined && down === undefined) return undefined;
  return { send: limitOf(up, clock), receive: limitOf(down, clock) };
}

function limitOf(bytesPerSecond: number | undefined, clock: Clock): Pace['send'] {
  if (bytesPerSecond === undefined) return async () => undefined;
  const limit = new RateLimit(bytesPerSecond, clock);
  return (bytes, signal) => limit.take(bytes, signal);
}
