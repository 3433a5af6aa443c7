import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PackDamagedError, type PackStore } from '../packs/pack-store.ts';
import { ContentWorld, packOf, referenceOf } from '../testing/content-world.ts';
import { Crashed, CrashPoint } from '../testing/crash-points.ts';
import type { JobContext } from './job.ts';
import { scrub, SCRUB_POLICY } from './scrub.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const never = new AbortController().signal;

/** No pace: what a test waits for would never come by itself. */
const FAST = { ...SCRUB_POLICY, bytesPerSecond: Number.POSITIVE_INFINITY };

async function playedWorld() {
  const world = await ContentWorld.open();
  world.clock.advance(60 * DAY_MS);
  const [a, b, c] = ['a', 'b', 'c'].map((name) => world.chunk(name));
  assert.ok(a && b && c);
  await world.put('one', [a, b]);
  await world.put('two', [c]);
  await world.commit([referenceOf([a, b, c])]);
  const sleepless = { now: world.clock.now, sleep: async () => {} };
  return { world, a, b, c, context: world.context({ clock: sleepless }) };
}

const flipped = (packs: PackStore, at: number): PackStore => ({
  ...packs,
  read: async (space, pack, ranges) => {
    const parts = await packs.read(space, pack, ranges);
    return parts.map((part, i) => (ranges[i]?.offset === at ? part.with(9, 0xff) : part));
  },
});

test('sound packs are read once in a period', async () => {
  const { world, context } = await playedWorld();
  assert.deepEqual(await scrub(context, FAST, never), {
    packsScrubbed: 2,
    bytesScrubbed: packOf([world.chunk('a'), world.chunk('b')]).length + 352,
    bodiesDamaged: 0,
    packsUnreadable: 0,
  });
  assert.equal((await scrub(context, FAST, never))['packsScrubbed'], 0);
  world.clock.advance(30 * DAY_MS + 1);
  assert.equal((await scrub(context, FAST, never))['packsScrubbed'], 2);
  assert.deepEqual(world.log, []);
});

test('a flipped bit makes its body missing and no other; sending it again heals it', async () => {
  const { world, a, b, c, context } = await playedWorld();
  const damaged = { ...context, packs: flipped(world.packs, 80) };
  const summary = await scrub(damaged, FAST, never);
  assert.equal(summary['bodiesDamaged'], 1);
  assert.ok(world.log.some((line) => line.includes('damaged bodies') && line.includes(a.id)));
  const found = await world.store.findBodies(
    world.space,
    [a, b, c].map(({ id }) => id),
  );
  assert.deepEqual(
    found.map((place) => place !== undefined),
    [false, true, true],
  );
  await world.put('again', [a]);
  await world.assertReadable([a, b, c]);
});

test('a pack that is cut off or gone loses what is not there any more', async () => {
  const { world, a, b, c, context } = await playedWorld();
  const pack = packOf([a, b]);
  await world.packs.put(world.space, 'one', pack.subarray(0, pack.length - 1));
  await world.packs.remove(world.space, 'two');
  assert.equal((await scrub(context, FAST, never))['bodiesDamaged'], 2);
  await world.assertReadable([a]);
  const found = await world.store.findBodies(world.space, [b.id, c.id]);
  assert.deepEqual(found, [undefined, undefined]);
});

test('an error that says nothing of the pack condemns nothing', async () => {
  const { world, a, b, c, context } = await playedWorld();
  const failing: PackStore = {
    ...world.packs,
    read: (space, pack, ranges) =>
      pack === 'one'
        ? Promise.reject(new Error('too many open files'))
        : world.packs.read(space, pack, ranges),
  };
  const summary = await scrub({ ...context, packs: failing }, FAST, never);
  assert.deepEqual([summary['packsUnreadable'], summary['bodiesDamaged']], [1, 0]);
  await world.assertReadable([a, b, c]);
  assert.equal((await scrub(context, FAST, never))['packsScrubbed'], 1, 'it comes again');
});

test('a scrub keeps its pace and ends in time; the next goes on', async () => {
  const { world, context } = await playedWorld();
  const slept: number[] = [];
  const clock: JobContext['clock'] = {
    now: world.clock.now,
    sleep: async (ms) => {
      slept.push(ms);
      world.clock.advance(ms);
    },
  };
  const policy = { everyMs: 30 * DAY_MS, bytesPerSecond: 100, runMs: 5000 };
  const summary = await scrub({ ...context, clock }, policy, never);
  assert.deepEqual([summary['packsScrubbed'], slept], [1, [6960]]);
  assert.equal((await scrub({ ...context, clock }, policy, never))['packsScrubbed'], 1);
});

test('a scrub that ends at any step says nothing false and goes on', async () => {
  for (let at = 0; ; at++) {
    const { world, a, b, c, context } = await playedWorld();
    const point = new CrashPoint(at, at % 2 === 0);
    const packs = flipped(world.packs, 80);
    const wrapped = { ...context, store: point.wrap(world.store), packs: point.wrap(packs) };
    const isOver = await scrub(wrapped, FAST, never).then(
      ({ packsUnreadable }) => packsUnreadable === 0,
      (error: unknown) => {
        assert.ok(error instanceof Crashed || error instanceof PackDamagedError);
        return false;
      },
    );
    await world.assertReadable([b, c]);
    await scrub({ ...context, packs }, FAST, never);
    assert.deepEqual(await world.store.findBodies(world.space, [a.id]), [undefined]);
    await world.assertReadable([b, c]);
    if (isOver) {
      assert.ok(at >= 7, `${at} steps only`);
      return;
    }
  }
});
