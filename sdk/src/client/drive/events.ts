/** The event stream of an account, reconnected for as long as the caller wants it. */
import { IntegrityError } from '@coffer/protocol/core';
import { RemoteFault, type Clock, type Random } from '../../ports/index.ts';
import type { AccountApi, HeadMoved } from '../api/account-api.ts';
import { retryDelayMs, type RetryPolicy } from '../api/retry.ts';

/** Who is told about heads that move, and until when. */
export interface EventOptions {
  readonly signal: AbortSignal;
  /** A head moved; it is for the caller to pull. */
  readonly onHead: (event: HeadMoved) => void;
  /** The stream is open: what moved before the first time is not told, so that a pull is due. */
  readonly onOpen?: () => void;
  /** The connection was lost and will be tried again. */
  readonly onLost?: (fault: unknown) => void;
}

/** 1 s doubling to 5 min, for ever. */
const RECONNECT: RetryPolicy = {
  attemptsMax: Number.POSITIVE_INFINITY,
  delayMsMin: 1000,
  delayMsMax: 5 * 60_000,
};

/** Runs until aborted, then returns. Throws only what no reconnection heals: refusals. */
export async function runEvents(
  tools: { readonly api: AccountApi; readonly clock: Clock; readonly random: Random },
  { signal, onHead, onOpen, onLost }: EventOptions,
): Promise<void> {
  let cursor: number | undefined;
  for (let attempt = 1; !signal.aborted; attempt++) {
    let fault: unknown;
    try {
      const stream = tools.api.events({ cursor, onOpen: () => onOpen?.() }, signal);
      for await (const event of stream) {
        cursor = event.cursor;
        attempt = 1;
        onHead(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      fault = error;
    }
    onLost?.(fault);
    const delay = reconnectDelayMs(fault, attempt, tools.random);
    if (delay === undefined) throw fault;
    await sleepUnlessAborted(tools.clock, delay, signal);
  }
}

function reconnectDelayMs(fault: unknown, attempt: number, random: Random): number | undefined {
  const jitter = (random.bytes(1)[0] ?? 0) / 255;
  // A stream that ends or is malformed is tried again like one that breaks off.
  const isEnd = fault === undefined || fault instanceof IntegrityError;
  const cause = isEnd
    ? new RemoteFault('network', 'the event stream ended', {
        retry: { kind: 'after', delayMs: null },
      })
    : fault;
  return retryDelayMs(RECONNECT, attempt, cause, jitter);
}

async function sleepUnlessAborted(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
