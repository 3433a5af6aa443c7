/**
 * When a file has come to rest (engine §3): a pure state machine, one state a slot. A file that people
 * save every few seconds is read between two saves, one that still grows is waited for longer.
 */
import { SETTLE_AGAIN_WITHIN_MS, SETTLE_MS_MAX, SETTLE_MS_MIN } from '../limits.ts';

/** A file that still grows is read at the latest this long after its first unsynced change. */
export const SETTLE_GROWING_MS_MAX = 60_000;
const NS_PER_MS = 1_000_000n;

/** What tells one state of a file from the next. */
export interface SettleStamp {
  readonly ino: bigint;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export interface SettleState {
  readonly stamp: SettleStamp;
  /** The first change since the content was last taken. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly waitMs: number;
  /** Every change so far made the file larger. */
  readonly grows: boolean;
  /** Reading at the deadline failed: the stall stands until a read succeeds. */
  readonly stalled: boolean;
  /** The content of `stamp` was read. */
  readonly isTaken: boolean;
}

/** `force`: read it though it did not come to rest; when that fails it changes too fast. */
export type SettleVerdict =
  | { readonly kind: 'ready' }
  | { readonly kind: 'force' }
  | { readonly kind: 'wait'; readonly untilMs: number };

/** The shortest wait on a root: times must be able to tell the next change from what was read. */
export function settleMsMin(mtimeGranNs: bigint): number {
  return SETTLE_MS_MIN + (mtimeGranNs < NS_PER_MS ? 0 : Number(mtimeGranNs / NS_PER_MS));
}

/**
 * A file was seen at `nowMs` as `stamp`, last changed at `changedAtMs`. Forget the state when the
 * row says that its content is known and `isForgettable`.
 */
export function settle(
  state: SettleState | undefined,
  seen: {
    readonly stamp: SettleStamp;
    readonly nowMs: number;
    readonly changedAtMs: number;
    readonly waitMsMin: number;
  },
): { readonly state: SettleState; readonly verdict: SettleVerdict } {
  const next = advance(state, seen);
  return { state: next, verdict: judge(next, seen.nowMs) };
}

/** The content of the state's stamp was read in one piece. */
export function settleTaken(state: SettleState): SettleState {
  return { ...state, isTaken: true, stalled: false };
}

/** The file changed while it was read. At the deadline that is a stall; it is tried on. */
export function settleFailed(state: SettleState, nowMs: number, wasForced: boolean): SettleState {
  if (!wasForced) return { ...state, lastAtMs: nowMs, waitMs: doubled(state.waitMs) };
  // The next deadline is one longest wait away.
  const firstAtMs = nowMs + SETTLE_MS_MAX - deadlineMs(state);
  return { ...state, firstAtMs, lastAtMs: nowMs, waitMs: SETTLE_MS_MAX, stalled: true };
}

/** True when a later change would be treated as the first one. */
export function isForgettable(state: SettleState, nowMs: number): boolean {
  return state.isTaken && nowMs - state.lastAtMs > SETTLE_AGAIN_WITHIN_MS;
}

function advance(state: SettleState | undefined, seen: Parameters<typeof settle>[1]): SettleState {
  const { stamp, nowMs, changedAtMs, waitMsMin } = seen;
  const fresh: SettleState = {
    stamp,
    firstAtMs: changedAtMs,
    lastAtMs: changedAtMs,
    waitMs: waitMsMin,
    grows: false,
    stalled: false,
    isTaken: false,
  };
  if (state === undefined || isForgettable(state, nowMs)) return fresh;
  if (isSameStamp(state.stamp, stamp)) return state;
  const isAgain = changedAtMs - state.lastAtMs <= SETTLE_AGAIN_WITHIN_MS;
  const isLarger = stamp.size > state.stamp.size;
  return {
    stamp,
    firstAtMs: state.isTaken ? changedAtMs : state.firstAtMs,
    lastAtMs: changedAtMs,
    waitMs: isAgain ? doubled(state.waitMs) : waitMsMin,
    grows: isLarger && (state.grows || state.isTaken || state.firstAtMs === state.lastAtMs),
    stalled: state.stalled,
    isTaken: false,
  };
}

function judge(state: SettleState, nowMs: number): SettleVerdict {
  const quietAtMs = state.lastAtMs + state.waitMs;
  if (state.isTaken || nowMs >= quietAtMs) return { kind: 'ready' };
  const endMs = state.firstAtMs + deadlineMs(state);
  if (nowMs >= endMs) return { kind: 'force' };
  return { kind: 'wait', untilMs: Math.min(quietAtMs, endMs) };
}

function deadlineMs(state: SettleState): number {
  return state.grows ? SETTLE_GROWING_MS_MAX : SETTLE_MS_MAX;
}

function doubled(waitMs: number): number {
  return Math.min(SETTLE_MS_MAX, waitMs * 2);
}

export function isSameStamp(a: SettleStamp, b: SettleStamp): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}
