import assert from 'node:assert/strict';
import test from 'node:test';
import { networkFault, RemoteFault, type Clock } from '../../ports/index.ts';
import { DEFAULT_RETRY, retryDelayMs, withRetry, type RetryPolicy } from './retry.ts';

const fault = networkFault('no answer', undefined);
const final = new RemoteFault('refused', 'no', { retry: { kind: 'never' } });
const forEver: RetryPolicy = { ...DEFAULT_RETRY, attemptsMax: Number.POSITIVE_INFINITY };

function tools(policy: RetryPolicy, signal = new AbortController().signal) {
  const slept: number[] = [];
  const clock: Clock = {
    now: () => 0,
    sleep: (ms, until) => {
      until?.throwIfAborted();
      slept.push(ms);
      return Promise.resolve();
    },
  };
  return { slept, context: { policy, clock, signal, random: { bytes: () => Uint8Array.of(255) } } };
}

test('waits double from one second to five minutes, spread over their upper half', () => {
  const delays = [1, 2, 3, 9, 10, 100].map((attempt) => retryDelayMs(forEver, attempt, fault, 1));
  assert.deepEqual(delays, [1000, 2000, 4000, 256_000, 300_000, 300_000]);
  assert.equal(retryDelayMs(forEver, 1, fault, 0), 500);
});

test('what the server asks for is waited at least, unless it is long: then it is told', () => {
  const asking = (delayMs: number) =>
    new RemoteFault('rate-limited', 'later', { retry: { kind: 'after', delayMs } });
  assert.equal(retryDelayMs(forEver, 1, asking(8000), 1), 8000);
  assert.equal(retryDelayMs(forEver, 1, asking(3_600_000), 1), undefined);
});

test('only faults that say so are tried again, and only so often', async () => {
  for (const [error, attempts] of [
    [fault, 4],
    [final, 1],
    [new RangeError('ours'), 1],
  ] as const) {
    const { slept, context } = tools(DEFAULT_RETRY);
    let count = 0;
    const action = (): Promise<never> => {
      count++;
      return Promise.reject(error);
    };
    await assert.rejects(withRetry(context, action), error);
    assert.deepEqual([count, slept.length], [attempts, attempts - 1]);
  }
});

test('an answer ends the trying', async () => {
  const { slept, context } = tools(DEFAULT_RETRY);
  let count = 0;
  const value = await withRetry(context, () =>
    ++count < 3 ? Promise.reject(fault) : Promise.resolve('answer'),
  );
  assert.deepEqual([value, slept], ['answer', [1000, 2000]]);
});

test('an abort ends the trying with its reason', async () => {
  const ending = new AbortController();
  const { context } = tools(forEver, ending.signal);
  const reason = new Error('enough');
  const running = withRetry(context, () => {
    ending.abort(reason);
    return Promise.reject(fault);
  });
  await assert.rejects(running, reason);
});
