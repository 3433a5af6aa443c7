import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isForgettable,
  settle,
  settleFailed,
  settleMsMin,
  settleTaken,
  type SettleStamp,
  type SettleState,
} from './settle.ts';

const START_MS = 1_000_000;

function stampAt(size: number, atMs: number): SettleStamp {
  const ns = BigInt(atMs) * 1_000_000n;
  return { ino: 7n, size, mtimeNs: ns, ctimeNs: ns };
}

/** A file that is changed at some times and looked at whenever the last verdict said. */
function play(
  changes: readonly { readonly atMs: number; readonly size: number }[],
): readonly { readonly atMs: number; readonly kind: string; readonly size: number }[] {
  const taken: { atMs: number; kind: string; size: number }[] = [];
  let state: SettleState | undefined;
  let nowMs = START_MS;
  for (let looks = 0; looks < 10_000; looks++) {
    const change = changes.findLast(({ atMs }) => START_MS + atMs <= nowMs);
    const next = changes.find(({ atMs }) => START_MS + atMs > nowMs);
    const nextMs = next === undefined ? Infinity : START_MS + next.atMs;
    let untilMs = Infinity;
    if (change !== undefined) {
      const changedAtMs = START_MS + change.atMs;
      const stamp = stampAt(change.size, changedAtMs);
      const settled = settle(state, { stamp, nowMs, changedAtMs, waitMsMin: 200 });
      state = settled.state;
      const { verdict } = settled;
      if (verdict.kind === 'wait') untilMs = verdict.untilMs;
      else if (!state.isTaken) {
        taken.push({ atMs: nowMs - START_MS, kind: verdict.kind, size: change.size });
        state = settleTaken(state);
      }
    }
    nowMs = Math.min(nextMs, untilMs);
    if (nowMs === Infinity) return taken;
  }
  throw new Error('never comes to rest');
}

test('a file is read 200 ms after its last change', () => {
  assert.deepEqual(play([{ atMs: 0, size: 1 }]), [{ atMs: 200, kind: 'ready', size: 1 }]);
});

test('a change before that doubles the wait', () => {
  const changes = [0, 100].map((atMs) => ({ atMs, size: 1 }));
  assert.deepEqual(play(changes), [{ atMs: 500, kind: 'ready', size: 1 }]);
});

test('a change within 10 s of the last one waits twice as long, a later one does not', () => {
  const changes = [0, 5000, 40_000].map((atMs) => ({ atMs, size: 1 }));
  assert.deepEqual(
    play(changes).map(({ atMs }) => atMs),
    [200, 5400, 40_200],
  );
});

test('S9 twenty saves a minute are read between two saves, at least every 15 s', () => {
  const changes = Array.from({ length: 40 }, (_, i) => ({ atMs: i * 3000, size: 1 }));
  const reads = play(changes);
  assert.ok(reads.length >= 8 && reads.length <= 20, `${reads.length} reads`);
  for (const [index, { atMs }] of reads.entries()) {
    const before = reads[index - 1]?.atMs ?? 0;
    assert.ok(atMs - before <= 18_000, `${atMs - before} ms without a read`);
  }
});

test('S11 a growing file is left alone up to 60 s, then read once a deadline', () => {
  const changes = Array.from({ length: 700 }, (_, i) => ({ atMs: i * 100, size: i + 1 }));
  const [first, second] = play(changes);
  assert.deepEqual([first?.atMs, first?.kind], [60_000, 'force']);
  assert.ok(second !== undefined && second.atMs > 70_000);
});

test('a forced read that fails is a stall, tried again each 15 s until one succeeds', () => {
  const stamp = stampAt(1, START_MS);
  const seen = { stamp, nowMs: START_MS, changedAtMs: START_MS, waitMsMin: 200 };
  const failed = settleFailed(settle(undefined, seen).state, START_MS + 15_000, true);
  assert.equal(failed.stalled, true);
  const early = settle(failed, { ...seen, nowMs: START_MS + 20_000 });
  assert.deepEqual(early.verdict, { kind: 'wait', untilMs: START_MS + 30_000 });
  const late = settle(failed, { ...seen, nowMs: START_MS + 30_000 });
  assert.equal(late.verdict.kind, 'ready');
  assert.equal(settleTaken(late.state).stalled, false);
});

test('a read that fails before the deadline waits twice as long', () => {
  const seen = { stamp: stampAt(1, START_MS), changedAtMs: START_MS, waitMsMin: 200 };
  const { state } = settle(undefined, { ...seen, nowMs: START_MS + 200 });
  const failed = settleFailed(state, START_MS + 300, false);
  assert.deepEqual([failed.waitMs, failed.lastAtMs, failed.stalled], [400, START_MS + 300, false]);
});

test('a state is forgotten 10 s after its content was taken', () => {
  const seen = { stamp: stampAt(1, START_MS), changedAtMs: START_MS, waitMsMin: 200 };
  const { state } = settle(undefined, { ...seen, nowMs: START_MS + 200 });
  assert.equal(isForgettable(state, START_MS + 20_000), false);
  assert.equal(isForgettable(settleTaken(state), START_MS + 9000), false);
  assert.equal(isForgettable(settleTaken(state), START_MS + 10_001), true);
});

test('on coarse times the wait covers one tick, so that a later change has another time', () => {
  assert.equal(settleMsMin(1n), 200);
  assert.equal(settleMsMin(2_000_000_000n), 2200);
});
