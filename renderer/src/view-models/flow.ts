/** Speeds of the last minute: for the chart, and to say how long the rest takes without guessing. */
import type { TransferStatus } from '@coffer/native-worker/contract';

export interface FlowSample {
  /** Bytes per second. */
  readonly up: number;
  readonly down: number;
}

/** One a second. */
export const FLOW_LENGTH = 60;
/** Nothing is said about the end before this much is known. */
const SECONDS_KNOWN_MIN = 5;
const SECONDS_RECENT = 3;
const SECONDS_LONG = 10;
/** A speed that swings by more than this share foretells nothing. */
const SWING_MAX = 0.5;

export function flowSample(transfers: readonly TransferStatus[]): FlowSample {
  let [up, down] = [0, 0];
  for (const { direction, bytesPerSecond } of transfers) {
    if (direction === 'up') up += bytesPerSecond;
    else down += bytesPerSecond;
  }
  return { up, down };
}

/** The history one second later; oldest first. */
export function flowAfter(
  history: readonly FlowSample[],
  sample: FlowSample,
): readonly FlowSample[] {
  return [...history, sample].slice(-FLOW_LENGTH);
}

/** Seconds until `bytes` are through; null while nothing honest can be said. */
export function secondsLeft(history: readonly FlowSample[], bytes: number): number | null {
  const moving = history.slice(history.findLastIndex((sample) => total(sample) === 0) + 1);
  if (moving.length < SECONDS_KNOWN_MIN || bytes <= 0) return null;
  const recent = mean(moving.slice(-SECONDS_RECENT));
  const long = mean(moving.slice(-SECONDS_LONG));
  return Math.abs(recent - long) > long * SWING_MAX ? null : bytes / recent;
}

export function isFlowing(history: readonly FlowSample[]): boolean {
  return history.some((sample) => total(sample) > 0);
}

/** Filled up in front, so that a chart always shows the whole minute. */
export function wholeMinute(history: readonly FlowSample[]): readonly FlowSample[] {
  const missing = Math.max(0, FLOW_LENGTH - history.length);
  return [...Array.from({ length: missing }, () => ({ up: 0, down: 0 })), ...history];
}

function total({ up, down }: FlowSample): number {
  return up + down;
}

function mean(samples: readonly FlowSample[]): number {
  return samples.reduce((sum, sample) => sum + total(sample), 0) / samples.length;
}
