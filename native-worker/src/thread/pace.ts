/** Limits of what goes up and comes down, in bytes a second (engine §6). */
import type { Pace } from '@coffer/sdk/node';
import type { Clock } from '../ports/index.ts';
import type { EngineThreadChoices, LimitHours } from './thread-messages.ts';

/** What may go at once after a rest. */
const BURST_MS = 250;

/** A bucket of time: what was taken has to have passed before more is given. */
export class RateLimit {
  readonly #bytesPerSecond: number;
  readonly #clock: Clock;
  readonly #hours: LimitHours | undefined;
  #freeAtMs = 0;

  constructor(bytesPerSecond: number, clock: Clock, hours?: LimitHours) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#clock = clock;
    this.#hours = hours;
  }

  /** Resolves when these bytes may go. First come, first served. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    if (this.#hours !== undefined && !isWithin(this.#hours, new Date(now))) return;
    const startMs = Math.max(this.#freeAtMs, now - BURST_MS);
    this.#freeAtMs = startMs + (bytes / this.#bytesPerSecond) * 1000;
    if (this.#freeAtMs > now) await this.#clock.sleep(this.#freeAtMs - now, signal);
  }
}

/** By the local time of this computer. */
function isWithin({ fromMinute, toMinute }: LimitHours, at: Date): boolean {
  const minute = at.getHours() * 60 + at.getMinutes();
  return fromMinute < toMinute
    ? minute >= fromMinute && minute < toMinute
    : minute >= fromMinute || minute < toMinute;
}

/** Undefined without any limit. */
export function createPace(
  limits: Pick<EngineThreadChoices, 'upBytesPerSecond' | 'downBytesPerSecond' | 'limitHours'>,
  clock: Clock,
): Pace | undefined {
  const { upBytesPerSecond: up, downBytesPerSecond: down, limitHours: hours } = limits;
  if (up === undefined && down === undefined) return undefined;
  return { send: limitOf(up, clock, hours), receive: limitOf(down, clock, hours) };
}

function limitOf(
  bytesPerSecond: number | undefined,
  clock: Clock,
  hours: LimitHours | undefined,
): Pace['send'] {
  if (bytesPerSecond === undefined) return async () => undefined;
  const limit = new RateLimit(bytesPerSecond, clock, hours);
  return (bytes, signal) => limit.take(bytes, signal);
}
