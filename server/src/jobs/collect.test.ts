import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentWorld, packOf, referenceOf, type Body } from '../testing/content-world.ts';
import { Crashed, CrashPoint } from '../testing/crash-points.ts';
import { collect, COLLECTION_POLICY } from './collect.ts';
import type { JobContext } from './job.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const never = new AbortController().signal;
const run = (context: JobContext) => collect(context, COLLECTION_POLICY, never);

/** Bodies that are referenced, leased, in the grace, and needed by nobody; and a stray pack. */
async function playedWorld() {
  const world = await ContentWorld.open();
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
  const [a, b, c, d, e, f, g, h, i] = names.map((name) => world.chunk(name)) as [Body, ...Body[]];
  assert.ok(b && c && d && e && f && g && h && i);
  const page = world.page([a, e]);
  await world.put('mixed', [a, b, page, d]);
  await world.put('unneeded', [c, f, g]);
  await world.put('whole', [e]);
  await world.put('leased', [h], 300 * DAY_MS);
  await world.packs.put(world.space, 'stray', packOf([i]));
  const paged = referenceOf([page]);
  const late = referenceOf([b]);
  await world.commit([paged, late, referenceOf([f])]);
  await world.commit([], [referenceOf([f])]);
  return { world, late, needed: [a, e, page, h], b, unneeded: [c, d, f, g] };
}

test('what nobody needs leaves usage and disk after the grace; everything else stays', async () => {
  const { world, needed, b, late, unneeded } = await playedWorld();
  const context = world.context();
  world.clock.advance(6 * DAY_MS);
  assert.equal((await run(context))['bodies'], 0);
  await world.commit([], [late]);
  world.clock.advance(2 * DAY_MS);
  const first = await run(context);
  assert.deepEqual([first['bodies'], first['packsCompacted'], first['packsRemoved']], [4, 0, 0]);
  const places = await world.store.findBodies(
    world.space,
    unneeded.map(({ id }) => id),
  );
  assert.deepEqual(
    places,
    unneeded.map(() => undefined),
  );
  await world.assertReadable([...needed, b]);
  world.clock.advance(7 * DAY_MS);
  const second = await run(context);
  assert.deepEqual([second['bodies'], second['packsCompacted']], [1, 1]);
  assert.equal(second['packsRemoved'], 1, 'the one without bodies, after two hours');
  await world.assertReadable(needed);
  world.clock.advance(3 * 60 * 60 * 1000);
  const third = await run(context);
  assert.deepEqual([third['packsRemoved'], third['straysSeen']], [1, 0]);
  assert.equal((await world.packNames()).length, 3);
  await world.assertReadable(needed);
  assert.equal(
    await world.usedBytes(),
    needed.reduce((sum, { bytes }) => sum + bytes.length, 0),
  );
  assert.deepEqual(await run(context), {
    bodies: 0,
    bytes: 0,
    packsCompacted: 0,
    packsRemoved: 0,
    bytesFreed: 0,
    straysSeen: 0,
    straysRemoved: 0,
  });
});

test('a pack in the middle of its upload is no stray yet', async () => {
  const world = await ContentWorld.open();
  const body = world.chunk('late');
  await world.packs.put(world.space, 'upload', packOf([body]));
  const first = await run(world.context());
  assert.deepEqual([first['straysSeen'], first['straysRemoved']], [1, 0]);
  world.clock.advance(6 * DAY_MS);
  assert.equal((await run(world.context()))['straysRemoved'], 0);
  assert.deepEqual(await world.packNames(), ['upload']);
  await world.put('upload', [body]);
  await world.commit([referenceOf([body])]);
  world.clock.advance(60 * DAY_MS);
  assert.equal((await run(world.context()))['straysRemoved'], 0);
  await world.assertReadable([body]);
});

test('a hold keeps every pack on the disk, until it ends', async () => {
  const { world } = await playedWorld();
  world.clock.advance(10 * DAY_MS);
  await world.store.startHold('backup', world.clock.now() + 10 * DAY_MS);
  await run(world.context());
  world.clock.advance(DAY_MS);
  assert.equal((await run(world.context()))['packsRemoved'], 0);
  assert.ok((await world.packNames()).includes('unneeded'));
  await world.store.endHold('backup');
  assert.equal((await run(world.context()))['packsRemoved'], 1);
});

test('a damaged pack is not compacted, and said to be damaged', async () => {
  const { world } = await playedWorld();
  world.clock.advance(8 * DAY_MS);
  await run(world.context());
  const { store } = world;
  const damaged = world.context({
    packs: {
      ...world.packs,
      read: async (space, pack, ranges) => {
        const parts = await world.packs.read(space, pack, ranges);
        return parts.map((part) => part.with(0, (part[0] ?? 0) ^ 1));
      },
    },
  });
  const b = world.chunk('b');
  await world.commit([], [referenceOf([b])]);
  world.clock.advance(8 * DAY_MS);
  assert.equal((await run(damaged))['packsCompacted'], 0);
  assert.ok(world.log.some((line) => line.includes('was not compacted')));
  assert.equal((await store.listSparsePacks(0, 10)).length, 1);
});

/** Runs to the end in three nights; the process ends at the point and starts again the same night. */
async function playWithCrash(point: CrashPoint): Promise<boolean> {
  const { world, late, needed, unneeded, b } = await playedWorld();
  let hasCrashed = false;
  const nights = [8 * DAY_MS, 8 * DAY_MS, DAY_MS];
  const wrapped = world.context({ store: point.wrap(world.store), packs: point.wrap(world.packs) });
  for (const [i, ms] of nights.entries()) {
    world.clock.advance(ms);
    if (i === 1) await world.commit([], [late]);
    if (!hasCrashed) {
      try {
        await run(wrapped);
        continue;
      } catch (error) {
        assert.ok(error instanceof Crashed, String(error));
        hasCrashed = true;
        await world.assertReadable(needed);
      }
    }
    await run(world.context());
    await world.assertReadable(needed);
  }
  // A copy that was cut off by the end of the process is a stray, which takes its time.
  world.clock.advance(8 * DAY_MS);
  await run(world.context());
  world.clock.advance(8 * DAY_MS);
  await run(world.context());
  await world.assertReadable(needed);
  const gone = await world.store.findBodies(
    world.space,
    [...unneeded, b].map(({ id }) => id),
  );
  assert.ok(gone.every((place) => place === undefined));
  assert.equal((await world.packNames()).length, 3, 'two that were left alone, and a copy');
  assert.equal(
    await world.usedBytes(),
    needed.reduce((sum, { bytes }) => sum + bytes.length, 0),
  );
  return hasCrashed;
}

for (const isAfter of [false, true]) {
  test(`a run that ends ${isAfter ? 'after' : 'before'} any step loses nothing and goes on`, async () => {
    let points = 0;
    while (await playWithCrash(new CrashPoint(points, isAfter))) points++;
    assert.ok(points > 25, `${points} steps only`);
  });
}

test('two runs at once do what one does', async () => {
  const { world, needed, late } = await playedWorld();
  for (const ms of [8 * DAY_MS, 8 * DAY_MS, DAY_MS, 8 * DAY_MS, 8 * DAY_MS]) {
    world.clock.advance(ms);
    if (ms === DAY_MS) await world.commit([], [late]);
    await Promise.all([run(world.context()), run(world.context())]);
    await world.assertReadable(needed);
  }
  assert.equal((await world.packNames()).length, 3);
});
