import assert from 'node:assert/strict';
import test from 'node:test';
import { watchForSleep } from './watch-for-sleep.ts';

test('a tick that comes much too late or too early says that the world moved on, others do not', async () => {
  const late = [0, 3, 9_999, 10_000, 0, 8 * 3_600_000, -3_600_000, 1];
  const ending = new AbortController();
  let nowMs = 1_000_000;
  const slept: number[] = [];
  const clock = {
    now: () => nowMs,
    sleep: async (ms: number) => {
      const more = late.shift();
      if (more === undefined) ending.abort();
      ending.signal.throwIfAborted();
      nowMs += ms + (more ?? 0);
    },
  };
  await watchForSleep(clock, async (ms) => void slept.push(ms), ending.signal);
  assert.deepEqual(slept, [10_000, 8 * 3_600_000, -3_600_000]);
});
