import assert from 'node:assert/strict';
import test from 'node:test';
import { createSystemClock } from '../adapters/index.ts';
import { ControlFailure } from '../contract/index.ts';
import { EngineThread } from './engine-thread.ts';
import type { LogEntry } from './thread-messages.ts';

/** How long the thread is given to end before it starts with new settings. */
const PATIENCE_MS = 5000;
const never = new AbortController().signal;

/** A thread whose body a test writes. */
function entryOf(body: string): URL {
  const script = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { port, choices } = workerData;
    parentPort.on('message', (m) => { if (m.kind === 'stop') { port.close(); parentPort.close(); } });
    port.on('message', ({ kind, id, name, input }) => {
      if (kind !== 'call') return;
      if (name === 'retryStalls') throw new Error('/home/secret name');
      port.postMessage({ kind: 'answer', id, value: { name, input, choices } });
    });
    ${body}`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}
const OPEN = `parentPort.postMessage({ kind: 'opened' });`;

function started(body: string, choose: (limit: number) => number = (limit) => limit) {
  const log: LogEntry[] = [];
  const waits: number[] = [];
  const clock = createSystemClock();
  let limit = 1;
  const thread = new EngineThread({
    entry: entryOf(body),
    place: { keysFile: '/k', databaseFile: '/d' },
    host: { pid: 1, bootId: 'boot' },
    choices: () => ({ upBytesPerSecond: choose(limit++) }),
    clock: {
      now: clock.now,
      sleep: (ms, signal) => {
        if (ms === PATIENCE_MS) return clock.sleep(ms, signal);
        waits.push(ms);
        return clock.sleep(ms >= 1000 ? 10 : ms, signal);
      },
    },
    log: (entry) => log.push(entry),
  });
  return { thread, log, waits };
}

async function soon(isSo: () => Promise<boolean>): Promise<void> {
  const clock = createSystemClock();
  for (let turn = 0; turn < 1000; turn++) {
    if (await isSo()) return;
    await clock.sleep(10);
  }
  assert.fail('it did not happen');
}

test('calls reach the thread, and it ends when it is asked to', async () => {
  const { thread } = started(OPEN);
  assert.equal(await thread.start(), undefined);
  const answer = await thread.call('listPairs', { a: 1 }, never);
  assert.deepEqual(answer, {
    name: 'listPairs',
    input: { a: 1 },
    choices: { upBytesPerSecond: 1 },
  });
  const clock = createSystemClock();
  const began = clock.now();
  await thread.stop(5000);
  assert.ok(clock.now() - began < 4000);
});

test('a thread that crashes is started again, and what was asked of it says that nothing is lost', async () => {
  const { thread, log } = started(OPEN);
  await thread.start();
  await assert.rejects(thread.call('retryStalls', {}, never), {
    name: 'ControlFailure',
    code: 'unavailable',
    message: 'the engine stopped unexpectedly and is started again',
  });
  await soon(async () => {
    const answer = await thread.call('listPairs', {}, never).catch(() => undefined);
    return answer !== undefined;
  });
  const whats = log.map(({ what }) => what);
  assert.deepEqual(whats, ['engine crashed', 'engine starts again']);
  assert.ok(!JSON.stringify(log).includes('secret'), 'the message of the system is not kept');
  await thread.stop(5000);
});

test('an engine that cannot be opened is tried again, later each time', async () => {
  const failure = { code: 'network', message: 'no answer', hint: '' };
  const { thread, waits } = started(
    `parentPort.postMessage({ kind: 'failed', failure: ${JSON.stringify(failure)} });
     port.close(); parentPort.close();`,
  );
  assert.deepEqual(await thread.start(), failure);
  await assert.rejects(thread.call('status', {}, never), failure);
  await soon(async () => waits.length >= 3);
  assert.deepEqual(waits.slice(0, 3), [1000, 2000, 4000]);
  await thread.stop(5000);
});

test('changed settings reach the thread by a start of its own', async () => {
  const { thread, waits } = started(OPEN);
  await thread.start();
  await thread.restart();
  const answer = await thread.call('listPairs', {}, never);
  assert.deepEqual((answer as { choices: unknown }).choices, { upBytesPerSecond: 2 });
  assert.deepEqual(waits, []);
  await thread.stop(5000);
});

test('settings that cannot be taken are said, and the engine starts once they can be', async () => {
  const wrong = { code: 'usage', message: 'no number of bytes', hint: 'Write 500K.' };
  const { thread, waits } = started(OPEN, (limit) => {
    if (limit === 2) throw new ControlFailure(wrong);
    return limit;
  });
  await thread.start();
  await thread.restart();
  await assert.rejects(thread.call('listPairs', {}, never), wrong);
  await thread.restart();
  const answer = await thread.call('listPairs', {}, never);
  assert.deepEqual((answer as { choices: unknown }).choices, { upBytesPerSecond: 3 });
  assert.deepEqual(waits, [1000]);
  await thread.stop(5000);
});

test('a thread that does not end when asked is ended by force', async () => {
  const { thread, log } = started(
    `${OPEN} parentPort.removeAllListeners('message'); setInterval(() => {}, 1000);`,
  );
  await thread.start();
  await thread.stop(100);
  assert.deepEqual(
    log.map(({ what }) => what),
    ['engine ended by force'],
  );
});

test('a thread that does not end when settings change is ended by force, and begins with the new ones', async () => {
  const { thread, log } = started(
    `${OPEN} parentPort.removeAllListeners('message'); setInterval(() => {}, 1000);`,
  );
  await thread.start();
  await thread.restart(100);
  const answer = await thread.call('listPairs', {}, never);
  assert.deepEqual((answer as { choices: unknown }).choices, { upBytesPerSecond: 2 });
  assert.deepEqual(
    log.map(({ what }) => what),
    ['engine ended by force'],
  );
  await thread.stop(100);
});

test('settings that are changed twice at once are answered twice', async () => {
  const { thread } = started(OPEN);
  await thread.start();
  await Promise.all([thread.restart(), thread.restart()]);
  await thread.call('listPairs', {}, never);
  await thread.stop(5000);
});
