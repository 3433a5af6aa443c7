/** When something that failed is tried again. Pure. */

export interface RetryRange {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Time of the next attempt after `tries` failures (from 1): the delay doubles from `minMs` up to
 * `maxMs`; `jitter` in [0, 1) takes up to half of it away, so that devices do not come together.
 */
export function nextAttempt(options: {
  readonly nowMs: number;
  readonly tries: number;
  readonly range: RetryRange;
  readonly jitter: number;
}): number {
  const { nowMs, tries, range, jitter } = options;
  const doublings = Math.min(Math.max(tries - 1, 0), 30);
  const delayMs = Math.min(range.minMs * 2 ** doublings, range.maxMs);
  return nowMs + Math.round(delayMs * (1 - jitter / 2));
}

/** A number in [0, 1) from random bytes. */
export function jitterOf(bytes: Uint8Array): number {
  return (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) / 65_536;
}
