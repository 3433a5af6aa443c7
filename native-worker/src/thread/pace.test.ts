import assert from 'node:assert/strict';
import test from 'node:test';
import { createPace, RateLimit } from './pace.ts';

/** A clock that passes only by sleeping. */
function sleepingClock() {
  let nowMs = 1_000_000;
  return {
    now: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
}

const never = new AbortController().signal;

test('what is taken goes no faster than the limit, from the first byte on', async () => {
  const clock = sleepingClock();
  const limit = new RateLimit(1000, clock);
  const began = clock.now();
  for (let i = 0; i < 100; i++) await limit.take(100, never);
  const seconds = (clock.now() - began) / 1000;
  assert.ok(seconds > 9.7 && seconds <= 10, `10,000 bytes at 1,000 a second took ${seconds} s`);
});

test('a rest earns a short burst and no more', async () => {
  const clock = sleepingClock();
  const limit = new RateLimit(1000, clock);
  await limit.take(100, never);
  await clock.sleep(60_000);
  const began = clock.now();
  await limit.take(250, never);
  assert.equal(clock.now(), began);
  await limit.take(1000, never);
  assert.equal(clock.now() - began, 1000);
});

test('each direction has its own limit, and without one there is none', async () => {
  const clock = sleepingClock();
  assert.equal(createPace({}, clock), undefined);
  const pace = createPace({ upBytesPerSecond: 10 }, clock);
  const began = clock.now();
  await pace?.receive(1_000_000, never);
  assert.equal(clock.now(), began);
  await pace?.send(100, never);
  assert.ok(clock.now() - began > 9000);
});
