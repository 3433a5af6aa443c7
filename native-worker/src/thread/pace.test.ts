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

test('limits hold in their hours alone, also past midnight', async () => {
  const at = (hours: number, minutes: number): number =>
    new Date(2026, 0, 15, hours, minutes).getTime();
  const waits = async (fromMinute: number, toMinute: number, startMs: number) => {
    let nowMs = startMs;
    const clock = { now: () => nowMs, sleep: async (ms: number) => void (nowMs += ms) };
    const pace = createPace({ upBytesPerSecond: 10, limitHours: { fromMinute, toMinute } }, clock);
    await pace?.send(100, never);
    return nowMs > startMs;
  };
  const day = [8 * 60, 18 * 60] as const;
  const night = [22 * 60, 6 * 60 + 30] as const;
  assert.deepEqual(
    [
      await waits(...day, at(7, 59)),
      await waits(...day, at(8, 0)),
      await waits(...day, at(18, 0)),
      await waits(...night, at(23, 0)),
      await waits(...night, at(6, 29)),
      await waits(...night, at(6, 30)),
    ],
    [false, true, false, true, true, false],
  );
});
