/** When a request is sent again. Every call of the interface may be: repeating it changes nothing. */
import type { Clock, Random } from '../../ports/index.ts';
import { RemoteFault } from '../../ports/index.ts';

/** How requests that may be sent again are: delays in ms double from the least to the most. */
export interface RetryPolicy {
  /** How often one request is sent at most. */
  readonly attemptsMax: number;
  readonly delayMsMin: number;
  readonly delayMsMax: number;
}

/** 1 s doubling to 5 min; for callers that have a plan of their own beyond these attempts. */
export const DEFAULT_RETRY: RetryPolicy = {
  attemptsMax: 4,
  delayMsMin: 1000,
  delayMsMax: 5 * 60_000,
};

/** Who is asked to come back later than this is told so, instead of waiting. */
const ASKED_DELAY_MS_MAX = 30_000;

export interface RetryContext {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * Milliseconds to wait after attempt number `attempt` (from 1) failed with `error`; undefined when it
 * is not to be repeated. `jitter` is from 0 to 1: waits spread over the upper half of the delay.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  attempt: number,
  error: unknown,
  jitter: number,
): number | undefined {
  if (!(error instanceof RemoteFault) || error.retry.kind !== 'after') return undefined;
  if (attempt >= policy.attemptsMax) return undefined;
  if ((error.retry.delayMs ?? 0) > ASKED_DELAY_MS_MAX) return undefined;
  const doubled = policy.delayMsMin * 2 ** Math.min(attempt - 1, 30);
  const delay = Math.min(Math.max(doubled, error.retry.delayMs ?? 0), policy.delayMsMax);
  return Math.round(delay * (0.5 + 0.5 * jitter));
}

/**
 * Runs `action` until it answers or its fault is final. A caller who gives up while a fault is waited
 * out gets that fault: it is why the call did not answer.
 */
export async function withRetry<T>(context: RetryContext, action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      context.signal.throwIfAborted();
      const jitter = (context.random.bytes(1)[0] ?? 0) / 255;
      const delay = retryDelayMs(context.policy, attempt, error, jitter);
      if (delay === undefined) throw error;
      await context.clock.sleep(delay, context.signal).catch(() => {
        throw error;
      });
    }
  }
}
