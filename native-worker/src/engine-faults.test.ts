/** What is no fault of any one entry: the root cannot be looked at, or a pair does not come to rest. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { EngineFault } from './contract/index.ts';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice, testDevice } from './executor/testing/test-device.ts';

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

test('a root on a disk that may not be written to any more waits, and goes on once it may', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  a.write('f', 'v1');
  await a.sync();
  a.write('f', 'v2');
  const b = a.restarted(undefined, { pid: 2, bootId: 'next', isAlive: () => true });
  for (const call of ['unlink', 'createFile', 'makeFolder'] as const) {
    a.disk.sim?.inject(call, 'read-only', '.coffer', 1000);
  }
  const before = space.requests.length;
  assert.deepEqual((await b.sync()).stalls, 1);
  const [stall, ...others] = await b.engine.stalls({});
  assert.deepEqual([stall?.reason, stall?.needsPerson, others], ['FileSystemUnsuitable', true, []]);
  assert.ok(space.requests.slice(before).every((request) => request === 'pull'));
  a.disk.sim?.faults.splice(0);
  assert.deepEqual([(await b.sync()).uploaded.files, await b.engine.stalls({})], [1, []]);
});

const UNFIT = [
  { call: 'makeFolder', code: 'read-only', says: /cannot hold a synced folder/ },
  { call: 'rename', code: 'unsupported', says: /cannot hold a synced folder/ },
  { call: 'makeFolder', code: 'denied', says: /may not be written to/ },
] as const;

for (const { call, code, says } of UNFIT) {
  test(`a folder where ${call} is ${code} is refused as a root, in words, and its files stay`, async () => {
    const a = testDevice(new MemorySpace(), 'anna');
    a.write('own', 'of a person');
    a.disk.sim?.inject(call, code, '.coffer', 1000);
    await assert.rejects(
      a.engine.addPair({ local: a.root, remote: '/', mode: 'two-way' }),
      (error) => {
        assert.ok(error instanceof EngineFault);
        assert.deepEqual([error.code, error.hint !== ''], ['unsuitable', true]);
        assert.match(error.message, says);
        return true;
      },
    );
    assert.deepEqual(a.tree(), { own: 'of a person' });
    assert.deepEqual(await a.engine.listPairs({}), []);
  });
}

/** What the disk says when a file that came down is given its name. */
const NAMES = [
  ['name-illegal', 'NameIllegalHere', /cannot hold that name/],
  ['name-too-long', 'NameTooLong', /too long here/],
] as const;

for (const [fault, reason, says] of NAMES) {
  test(`a name that the disk refuses (${fault}) is said, and comes down once it is taken`, async () => {
    const space = new MemorySpace();
    const a = await pairedDevice(space, 'anna');
    const b = await pairedDevice(space, 'bert');
    a.write('odd', 'odd');
    await a.sync();
    b.disk.sim?.inject('link', fault, '/staging/', 1);
    await b.sync();
    assert.deepEqual(b.tree(), {});
    const [stall, ...more] = await b.engine.stalls({});
    assert.deepEqual([stall?.reason, stall?.needsPerson, more], [reason, true, []]);
    assert.match(stall?.message ?? '', says);
    await b.engine.retryStalls({});
    await b.sync();
    assert.deepEqual([b.tree(), await b.engine.stalls({})], [{ odd: 'odd' }, []]);
  });
}

test('an entry whose path the system cannot reach is said, and nothing of it is taken for deleted', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  a.write('deep', 'v1');
  a.write('plain', 'v1');
  await a.sync();
  a.disk.sim?.inject('lstat', 'name-too-long', '/deep', 1);
  a.write('plain', 'v2');
  await a.sync();
  const [stall, ...more] = await a.engine.stalls({});
  assert.deepEqual([stall?.reason, stall?.needsPerson, more], ['PathTooLong', true, []]);
  const names = [...space.snapshot().values()].map(({ name }) => name);
  assert.ok(names.includes('deep'));
  await a.engine.retryStalls({});
  await a.sync();
  assert.deepEqual(await a.engine.stalls({}), []);
});
