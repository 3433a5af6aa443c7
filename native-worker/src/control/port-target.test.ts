import assert from 'node:assert/strict';
import test from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { ControlFailure, type NumberedEvent } from '../contract/index.ts';
import { MemorySpace } from '../executor/testing/memory-space.ts';
import { pairedDevice } from '../executor/testing/test-device.ts';
import { engineTarget } from './engine-target.ts';
import { PortTarget, serveTarget } from './port-target.ts';

const never = new AbortController().signal;

async function joined() {
  const device = await pairedDevice(new MemorySpace(), 'anna');
  const { port1, port2 } = new MessageChannel();
  serveTarget(engineTarget(device.engine), port2);
  const target = new PortTarget(port1);
  return { device, target, [Symbol.dispose]: () => port1.close() };
}

test('calls reach the engine over a port, and their outcomes come back', async () => {
  using world = await joined();
  const { device, target } = world;
  device.write('f', 'content');
  device.disk.clock.advance(1000);
  const summary = (await target.call('syncNow', {}, never)) as { uploaded: { files: number } };
  assert.equal(summary.uploaded.files, 1);
  const pairs = (await target.call('listPairs', {}, never)) as { local: string }[];
  assert.deepEqual(
    pairs.map(({ local }) => local),
    [device.root],
  );
});

test('input is parsed on the side of the engine, and failures keep their code and hint', async () => {
  using world = await joined();
  await assert.rejects(world.target.call('pause', { forMs: -1 }, never), { code: 'malformed' });
  await assert.rejects(world.target.call('removePair', { pair: '/nowhere' }, never), {
    name: 'ControlFailure',
    code: 'not-found',
    hint: "'coffer sync list' shows them. Nothing was changed.",
  });
});

test('who gives up waiting ends the call on the other side too', async () => {
  using world = await joined();
  const giving = new AbortController();
  const call = world.target.call('syncNow', { timeoutMs: 60_000 }, giving.signal);
  giving.abort(new Error('enough'));
  await assert.rejects(call, /enough/);
  // The engine is free for the next one.
  await world.target.call('syncNow', {}, never);
});

test('events come in order while somebody listens', async () => {
  using world = await joined();
  const events: NumberedEvent[] = [];
  const stop = world.target.subscribe((event) => events.push(event));
  world.device.write('f', 'content');
  world.device.disk.clock.advance(1000);
  await world.target.call('syncNow', {}, never);
  const heard = events.length;
  assert.ok(heard > 1);
  assert.deepEqual(
    events.map(({ number }) => number),
    events.map((_event, index) => index + 1),
  );
  stop();
  await world.target.call('syncNow', {}, never);
  assert.equal(events.length, heard);
});

test('when the other thread is gone, what waits and what comes later fails with what happened', async () => {
  using world = await joined();
  const failure = new ControlFailure({ code: 'unavailable', message: 'gone', hint: '' });
  const waiting = world.target.call('syncNow', { timeoutMs: 60_000 }, never);
  world.target.fail(failure);
  await assert.rejects(waiting, failure);
  await assert.rejects(world.target.call('status', {}, never), failure);
});
