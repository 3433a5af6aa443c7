/** A commit whose answer never came, found in the log later, is this device's own: nobody is in conflict with it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { networkFault, type SpaceClient } from '@coffer/sdk';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice, syncAll, type TestDevice } from './executor/testing/test-device.ts';

interface Setting {
  readonly space: MemorySpace;
  readonly a: TestDevice;
  readonly b: TestDevice;
}

async function sharing(...files: readonly string[]): Promise<Setting> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const b = await pairedDevice(space, 'bert');
  for (const file of files) a.write(file, `${file} v1`);
  await syncAll([a, b]);
  return { space, a, b };
}

/** One sync of `a` whose commit is taken, while every answer to a commit is lost. */
async function syncUnanswered({ space, a }: Setting): Promise<void> {
  let lost = 0;
  space.fault = (kind, phase) => {
    if (kind !== 'commit' && lost === 0) return;
    if (phase !== 'after' && lost === 0) return;
    lost++;
    throw networkFault('the answer was lost', undefined);
  };
  a.disk.clock.advance(1000);
  const summary = await a.engine.syncNow({});
  assert.equal(summary.settled, false);
  assert.ok(lost > 0, 'an answer was lost');
  space.fault = () => undefined;
}

/** With the engine that sent the commit, and with the one after it was killed. */
const LIVES = ['the same engine', 'the next engine'] as const;

for (const life of LIVES) {
  const next = (device: TestDevice): TestDevice =>
    life === 'the same engine' ? device : device.restarted();

  test(`${life}: a new file that was edited after its lost answer is no conflict`, async () => {
    const setting = await sharing();
    setting.a.write('d/new', 'first');
    await syncUnanswered(setting);
    setting.a.write('d/new', 'second');
    const a = next(setting.a);
    await syncAll([a, setting.b]);
    assert.deepEqual(a.tree(), { d: null, 'd/new': 'second' });
    assert.deepEqual(setting.b.tree(), a.tree());
  });

  test(`${life}: an edit after an edit whose answer was lost is no conflict`, async () => {
    const setting = await sharing('f');
    setting.a.write('f', 'first edit');
    await syncUnanswered(setting);
    setting.a.write('f', 'second edit');
    const a = next(setting.a);
    await syncAll([a, setting.b]);
    assert.deepEqual([a.tree(), setting.b.tree()], [{ f: 'second edit' }, { f: 'second edit' }]);
  });

  test(`${life}: a folder that moved on after its lost answer is one folder`, async () => {
    const setting = await sharing();
    setting.a.write('d/file', 'content');
    await syncUnanswered(setting);
    setting.a.disk.user.rename(setting.a.at('d'), setting.a.at('e'));
    const a = next(setting.a);
    await syncAll([a, setting.b]);
    assert.deepEqual(a.tree(), { e: null, 'e/file': 'content' });
    assert.deepEqual(setting.b.tree(), a.tree());
  });

  test(`${life}: the second of two renames counts, though the first had no answer`, async () => {
    const setting = await sharing('f');
    setting.a.disk.user.rename(setting.a.at('f'), setting.a.at('g'));
    await syncUnanswered(setting);
    setting.a.disk.user.rename(setting.a.at('g'), setting.a.at('h'));
    const a = next(setting.a);
    await syncAll([a, setting.b]);
    assert.deepEqual([a.tree(), setting.b.tree()], [{ h: 'f v1' }, { h: 'f v1' }]);
  });

  test(`${life}: what somebody else wrote after it is still in conflict`, async () => {
    const setting = await sharing('f');
    setting.a.write('f', 'first edit');
    await syncUnanswered(setting);
    await setting.b.sync();
    setting.b.write('f', 'from bert');
    await setting.b.sync();
    setting.a.write('f', 'second edit');
    const a = next(setting.a);
    await syncAll([a, setting.b]);
    const contents = Object.values(a.tree()).toSorted();
    assert.deepEqual(contents, ['from bert', 'second edit']);
    assert.deepEqual(setting.b.tree(), a.tree());
  });
}

test('what was taken over here, but never settled, is agreed on', async () => {
  const space = new MemorySpace();
  const client = space.client('anna');
  let isCutOff = false;
  const cutting: SpaceClient = Object.assign(Object.create(client) as SpaceClient, {
    commit: async (...args: Parameters<SpaceClient['commit']>) => {
      const outcomes = await client.commit(...args);
      if (!isCutOff) return outcomes;
      // The commit is applied to both trees; of what follows from it nothing is written.
      space.fault = () => {
        throw networkFault('cut off', undefined);
      };
      throw networkFault('cut off', undefined);
    },
  });
  for (const life of LIVES) {
    const a = await pairedDevice(space, `anna with ${life}`, { client: cutting });
    await a.sync();
    isCutOff = true;
    a.write('f', `first ${life}`);
    a.disk.clock.advance(1000);
    assert.equal((await a.engine.syncNow({})).settled, false);
    isCutOff = false;
    space.fault = () => undefined;
    a.write('f', `second ${life}`);
    const next = life === 'the same engine' ? a : a.restarted();
    await syncAll([next]);
    assert.deepEqual(next.tree(), { f: `second ${life}` });
  }
});

test('an edit that never reached the server is sent as it is now', async () => {
  const setting = await sharing('f');
  const { space, a, b } = setting;
  space.fault = (kind, phase) => {
    if (kind === 'commit' && phase === 'before') throw networkFault('no way', undefined);
  };
  a.write('f', 'first edit');
  a.disk.clock.advance(1000);
  assert.equal((await a.engine.syncNow({})).settled, false);
  space.fault = () => undefined;
  await b.sync();
  b.write('f', 'from bert');
  await b.sync();
  a.write('f', 'second edit');
  await syncAll([a, b]);
  assert.deepEqual(Object.values(a.tree()).toSorted(), ['from bert', 'second edit']);
});

test('a rename of another device back to a place that had no answer once is not undone', async () => {
  const setting = await sharing('f');
  const { a, b } = setting;
  a.disk.user.rename(a.at('f'), a.at('g'));
  await syncUnanswered(setting);
  await syncAll([a, b]);
  a.disk.user.rename(a.at('g'), a.at('h'));
  await syncAll([a, b]);
  b.disk.user.rename(b.at('h'), b.at('g'));
  await syncAll([b, a]);
  assert.deepEqual([a.tree(), b.tree()], [{ g: 'f v1' }, { g: 'f v1' }]);
});
