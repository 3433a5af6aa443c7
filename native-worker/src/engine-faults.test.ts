/** What is no fault of any one entry: the root cannot be looked at, or a pair does not come to rest. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice } from './executor/testing/test-device.ts';

test('a pair that does not come to rest is stopped, says what it wanted, and can be tried again', async () => {
  const space = new MemorySpace();
  const honest = space.client('anna');
  let isStale = true;
  const a = await pairedDevice(space, 'anna', {
    client: {
      ...honest,
      commit: (changes, signal, applied) =>
        isStale
          ? Promise.resolve(changes.map(() => ({ kind: 'stale', why: 'node-gone' })))
          : honest.commit(changes, signal, applied),
    },
  });
  a.write('f', 'never goes up');
  a.disk.clock.advance(1000);
  const summary = await a.engine.syncNow({});
  assert.deepEqual([summary.settled, summary.cause, summary.stalls], [false, 'attention', 1]);
  const [stall] = await a.engine.stalls({});
  assert.deepEqual([stall?.reason, stall?.needsPerson], ['PlannerLoop', true]);
  assert.match(
    a.database.sql<{ detail: string }>('SELECT detail FROM stall').get()?.detail ?? '',
    /remote-upload f/,
  );
  assert.equal((await a.engine.status({})).pairs[0]?.state, 'error');
  isStale = false;
  assert.deepEqual([(await a.sync()).uploaded.files, (await a.engine.stalls({})).length], [1, 0]);
});

for (const call of ['openRead', 'lstat'] as const) {
  test(`the loop goes on after a fault of the root itself (${call})`, async () => {
    const space = new MemorySpace();
    const a = await pairedDevice(space, 'anna');
    a.write('f', 'content');
    await a.sync();
    a.write('g', 'more');
    a.disk.clock.advance(1000);
    const path = call === 'openRead' ? 'pair.json' : '.coffer';
    a.disk.sim?.inject(call, 'io', path, 3);
    const stopping = new AbortController();
    const ended = a.engine.run(stopping.signal);
    for (let turn = 0; turn < 2000 && space.snapshot().size < 3; turn++) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    stopping.abort();
    await ended;
    assert.equal(space.snapshot().size, 3);
  });

  test(`\`sync now\` waits out a fault of the root itself (${call})`, async () => {
    const a = await pairedDevice(new MemorySpace(), 'anna');
    a.write('f', 'content');
    a.disk.sim?.inject(call, 'io', call === 'openRead' ? 'pair.json' : '.coffer', 1);
    assert.equal((await a.sync()).uploaded.files, 1);
  });
}

test('a clock that is more than 5 minutes off is told of until it is set, and stops nothing', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const reasons = async (): Promise<readonly string[]> =>
    (await a.engine.stalls({})).map(({ reason }) => reason);
  for (const offsetMs of [-301_000, 301_000]) {
    space.clockOffsetMs = offsetMs;
    a.write('f', `${offsetMs}`);
    assert.equal((await a.sync()).uploaded.files, 1);
    assert.deepEqual(await reasons(), ['ClockSkew']);
    assert.equal((await a.engine.status({})).pairs[0]?.state, 'idle');
    space.clockOffsetMs = 299_000;
    await a.sync();
    assert.deepEqual(await reasons(), []);
  }
});
