import assert from 'node:assert/strict';
import test from 'node:test';
import { RemoteFault } from '@coffer/sdk';
import type { NumberedEvent } from './contract/index.ts';
import type { HintListener } from './engine-options.ts';
import { createEngine } from './engine.ts';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { WATCH_LIMIT_OVER, WATCH_LIMIT_REACHED, WATCHER_DEAD } from './watcher/index.ts';
import { pairedDevice, type TestDevice } from './executor/testing/test-device.ts';

interface Running {
  readonly device: TestDevice;
  readonly listener: () => HintListener;
  readonly isWatched: () => boolean;
  readonly remoteChanged: () => void;
  readonly events: readonly NumberedEvent[];
  readonly until: (what: string, isSo: () => boolean) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** The device's engine in its loop. Time passes only while the loop waits. */
async function running(space: MemorySpace, name: string): Promise<Running> {
  const device = await pairedDevice(space, name);
  const stopping = new AbortController();
  let listener: HintListener | undefined;
  let onRemote: () => void = () => undefined;
  const events: NumberedEvent[] = [];
  const engine = createEngine({
    ...device.options,
    hints: {
      watch: (_root, given) => {
        listener = given;
        return () => {
          listener = undefined;
        };
      },
    },
    watchRemote: async (onChange, signal) => {
      onRemote = onChange;
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve());
      });
    },
  });
  engine.subscribe((event) => events.push(event));
  const loop = engine.run(stopping.signal);
  return {
    device: { ...device, engine },
    listener: () => {
      assert.ok(listener !== undefined);
      return listener;
    },
    isWatched: () => listener !== undefined,
    remoteChanged: () => onRemote(),
    events,
    until: async (what, isSo) => {
      for (let turn = 0; turn < 5000; turn++) {
        if (isSo()) return;
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
      }
      assert.fail(`it did not happen: ${what}`);
    },
    stop: async () => {
      stopping.abort();
      await loop;
      assert.equal(listener, undefined);
    },
  };
}

interface Setting {
  readonly space: MemorySpace;
  readonly a: Running;
}

async function pulled(): Promise<Setting> {
  const space = new MemorySpace();
  const a = await running(space, 'anna');
  await a.until('the first pull', () => space.requests.length > 1);
  return { space, a };
}

/** The server answered so to everything until the loop knew that it was offline; `f` waits to go up. */
async function afterFault(fault: RemoteFault): Promise<Setting> {
  const { space, a } = await pulled();
  space.fault = () => {
    throw fault;
  };
  a.device.write('f', 'v1');
  a.listener().folder('');
  a.remoteChanged();
  await a.until('offline', () => statesOf(a).includes('offline'));
  space.fault = () => undefined;
  return { space, a };
}

/** What the pair's state was, in order. */
function statesOf({ events }: Running): string[] {
  return events.flatMap(({ event }) =>
    event.kind === 'status' ? event.status.pairs.map(({ state }) => state) : [],
  );
}

function names(space: MemorySpace): string[] {
  return [...space.snapshot().values()]
    .filter(({ parent }) => parent === space.root)
    .map(({ name }) => name)
    .toSorted();
}

test('a hinted change goes up and an announced one comes down', async () => {
  const space = new MemorySpace();
  const a = await running(space, 'anna');
  const b = await running(space, 'bert');
  await a.until('watching', () => space.requests.length > 2);
  a.device.write('f', 'v1');
  a.listener().folder('');
  await a.until('upload', () => names(space).includes('f'));
  b.remoteChanged();
  await b.until('download', () => b.device.tree()['f'] === 'v1');
  b.device.disk.user.rename(b.device.at('f'), b.device.at('g'));
  b.listener().folder('');
  await b.until('rename', () => names(space).includes('g'));
  await a.stop();
  await b.stop();
});

test('a deletion waits until no further one comes, and commands are answered meanwhile', async () => {
  const space = new MemorySpace();
  const a = await running(space, 'anna');
  a.device.write('f', 'v1');
  a.device.write('k', 'k');
  a.device.write('l', 'l');
  a.listener().folder('');
  await a.until('upload', () => names(space).length === 3);
  a.device.disk.user.remove(a.device.at('f'));
  const removedAt = a.device.disk.clock.now();
  a.listener().lost('overflow');
  let trashedAt = 0;
  await a.until('deletion', () => {
    trashedAt = a.device.disk.clock.now();
    return !names(space).includes('f');
  });
  assert.ok(trashedAt - removedAt >= 3000, `after ${trashedAt - removedAt} ms`);
  assert.equal((await a.device.engine.status({})).pairs.length, 1);
  await a.stop();
});

test('an outage makes the pair offline, and the loop goes on when it ends', async () => {
  const fault = new RemoteFault('network', 'no answer', {
    retry: { kind: 'after', delayMs: null },
  });
  const { space, a } = await afterFault(fault);
  await a.until('upload', () => names(space).includes('f'));
  await a.until('idle', () => statesOf(a).at(-1) === 'idle');
  await a.stop();
});

test('a refusal of the server ends no loop: it goes on when a person made it good', async () => {
  const fault = new RemoteFault('not-signed-in', 'no session', {
    retry: { kind: 'after-user-action' },
  });
  const { space, a } = await afterFault(fault);
  await a.device.engine.wake({});
  await a.until('upload', () => names(space).includes('f'));
  await a.stop();
});

test('after `wake` both sides are looked at in full, without a hint and without waiting', async () => {
  const { space, a } = await pulled();
  a.device.write('unseen', 'v1');
  await a.device.engine.wake({});
  await a.until('upload', () => names(space).includes('unseen'));
  await a.stop();
});

test('the limit of watches is a stall that names the command, until every folder is watched', async () => {
  const { a } = await pulled();
  a.listener().lost(WATCH_LIMIT_REACHED);
  const [stall] = await a.device.engine.stalls({});
  assert.deepEqual([stall?.reason, stall?.needsPerson], ['WatchLimit', false]);
  assert.match(stall?.hint ?? '', /sudo sysctl fs\.inotify\.max_user_watches=\d+/);
  a.listener().lost(WATCH_LIMIT_OVER);
  assert.deepEqual(await a.device.engine.stalls({}), []);
  await a.stop();
});

test('a watcher that stopped telling is said to whoever asks, and asks nothing of a person', async () => {
  const { space, a } = await pulled();
  a.device.write('unseen', 'v1');
  a.listener().lost(WATCHER_DEAD);
  const [stall] = await a.device.engine.stalls({});
  assert.deepEqual([stall?.reason, stall?.needsPerson], ['WatcherDead', false]);
  assert.match(stall?.hint ?? '', /nothing to do/);
  await a.until('all is looked at again', () => names(space).includes('unseen'));
  await a.stop();
});

test('a pair that is removed is watched no more', async () => {
  const space = new MemorySpace();
  const a = await running(space, 'anna');
  await a.until('watching', () => space.requests.length > 1);
  await a.device.engine.removePair({ pair: a.device.root });
  await a.until('unwatched', () => !a.isWatched());
  await a.stop();
});

test('a paused pair does nothing until it is resumed', async () => {
  const { space, a } = await pulled();
  await a.device.engine.pause({});
  a.device.write('f', 'v1');
  a.listener().folder('');
  a.remoteChanged();
  const before = space.requests.length;
  await a.until('a pull while paused', () => space.requests.length > before);
  assert.equal((await a.device.engine.status({})).pairs[0]?.state, 'paused');
  assert.deepEqual(names(space), []);
  await a.device.engine.resume({});
  await a.until('upload', () => names(space).includes('f'));
  await a.stop();
});

test('listeners hear in order of work, of what happened and of what needs a person', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const events: NumberedEvent[] = [];
  const stop = a.engine.subscribe((event) => events.push(event));
  for (let n = 0; n < 12; n++) a.write(`d/${n}`, 'x');
  a.write('e', 'e');
  await a.sync();
  a.disk.user.remove(a.at('d'));
  await a.sync();
  stop();
  await a.sync();
  assert.deepEqual(
    events.map(({ number }) => number),
    events.map((_event, index) => index + 1),
  );
  const kinds = new Set(events.map(({ event }) => event.kind));
  assert.deepEqual([...kinds].toSorted(), ['activity', 'hold', 'settled', 'status']);
  const hold = events.find(({ event }) => event.kind === 'hold')?.event;
  assert.deepEqual(hold?.kind === 'hold' && [hold.count, hold.of], [13, 14]);
});
