/** The event stream of an account: heads that move are told, broken streams are opened again. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { networkFault } from '@coffer/sdk';
import { putText, World } from './harness.ts';

test('a head that another device moves is told, also when the stream does not open at once', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  const drive = laptop.drive.space.id;
  const ending = new AbortController();
  const opened = Promise.withResolvers<void>();
  let heard = Promise.withResolvers<number>();
  let refused = false;
  laptop.before = ({ path }) => {
    if (!path.startsWith('/v1/events') || refused) return;
    refused = true;
    throw networkFault('the stream broke', undefined);
  };
  const running = laptop.drive.events({
    signal: ending.signal,
    onOpen: opened.resolve,
    onHead: ({ space, seq }) => {
      if (space === drive) heard.resolve(seq);
    },
  });
  await opened.promise;
  for (const name of ['one', 'two']) {
    await putText(desk.drive, `/${name}`, name);
    assert.equal(await heard.promise, desk.drive.space.head().seq);
    heard = Promise.withResolvers();
  }
  ending.abort();
  await running;
  assert.ok(refused);
});
