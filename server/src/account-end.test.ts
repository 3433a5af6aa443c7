/** What becomes of the content of an account that ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, COLLECTION_POLICY } from './jobs/collect.ts';
import { scrub, SCRUB_POLICY } from './jobs/scrub.ts';
import { ContentWorld, referenceOf } from './testing/content-world.ts';

const HOUR_MS = 60 * 60 * 1000;

test('collection leaves nothing of an account that ended, whatever was leased', async () => {
  const world = await ContentWorld.open();
  const [used, leased] = [world.chunk('used'), world.chunk('leased')];
  await world.put('whole', [used]);
  await world.put('half', [world.chunk('unneeded'), leased], 300 * 24 * HOUR_MS);
  await world.commit([referenceOf([used])]);
  await world.store.deleteAccount(world.account, world.clock.now());
  assert.equal(await world.store.getHead(world.space), undefined);
  world.clock.advance(8 * 24 * HOUR_MS);
  const { signal } = new AbortController();
  for (let run = 0; run < 3; run++) {
    await collect(world.context(), COLLECTION_POLICY, signal);
    world.clock.advance(3 * HOUR_MS);
  }
  assert.deepEqual(await world.packNames(), []);
});

test('what an account that ended leaves behind is whole until it is collected', async () => {
  const world = await ContentWorld.open();
  const chunk = world.chunk('one');
  const page = world.page([chunk]);
  await world.put('pack', [chunk, page]);
  await world.commit([referenceOf([page])]);
  await world.store.deleteAccount(world.account, world.clock.now());
  world.clock.advance(31 * 24 * HOUR_MS);
  const { signal } = new AbortController();
  const clock = { now: world.clock.now, sleep: async () => {} };
  const context = world.context({ clock });
  const { packsScrubbed, bodiesDamaged } = await scrub(context, SCRUB_POLICY, signal);
  assert.deepEqual({ packsScrubbed, bodiesDamaged }, { packsScrubbed: 1, bodiesDamaged: 0 });
});
