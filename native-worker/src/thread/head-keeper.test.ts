import assert from 'node:assert/strict';
import test from 'node:test';
import { networkFault } from '@coffer/sdk/faults';
import { logOf } from './engine-log.ts';
import { HeadKeeper, type WatchedDrive } from './head-keeper.ts';

const never = new AbortController().signal;
const TEN_MINUTES_MS = 10 * 60_000;

/** A keeper at a time that the test sets, of a drive that tells or cannot tell. */
function keeper() {
  const world = { nowMs: 1_000_000, seq: 7, told: [] as number[], isReachable: true };
  const space = { id: 'ab', storedHead: () => ({ seq: world.seq }) } as WatchedDrive['space'];
  const drive: WatchedDrive = {
    space,
    events: async () => undefined,
    refresh: async () => undefined,
    noteHead: async () => {
      if (!world.isReachable) throw networkFault('gone', undefined);
      world.told.push(world.seq);
    },
  };
  const clock = { now: () => world.nowMs, sleep: async () => undefined };
  return {
    world,
    heads: new HeadKeeper(
      drive,
      logOf(() => undefined),
      clock,
    ),
  };
}

test('a head that moved is told once, and the next one ten minutes later', async () => {
  const { world, heads } = keeper();
  await heads.note(never);
  world.seq = 8;
  await heads.note(never);
  assert.deepEqual(world.told, [7]);
  world.nowMs += TEN_MINUTES_MS;
  await heads.note(never);
  world.nowMs += TEN_MINUTES_MS;
  await heads.note(never);
  assert.deepEqual(world.told, [7, 8]);
});

test('a head that could not be told is told later, though it does not move again', async () => {
  const { world, heads } = keeper();
  world.isReachable = false;
  await assert.rejects(heads.note(never), { code: 'network' });
  world.isReachable = true;
  world.nowMs += TEN_MINUTES_MS;
  await heads.note(never);
  assert.deepEqual(world.told, [7]);
});
