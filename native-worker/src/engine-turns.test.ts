import assert from 'node:assert/strict';
import test from 'node:test';
import { Turns } from './engine-turns.ts';

/** Resolves when `signal` aborts. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve());
  });
}

test('turns come in the order of asking, whatever became of the ones before', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const failing = turns.take(async () => {
    log.push('first');
    throw new Error('it failed');
  });
  const second = turns.take(async () => log.push('second'));
  await assert.rejects(failing, /it failed/);
  await second;
  const gone = new AbortController();
  gone.abort(new Error('given up'));
  await assert.rejects(
    turns.take(async () => log.push('never'), gone.signal),
    /given up/,
  );
  assert.deepEqual(log, ['first', 'second']);
});

test('a yielding turn is cut short by whoever asks next, and says so', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const yielding = turns.takeYielding(async (signal) => {
    log.push('cycle');
    await aborted(signal);
    log.push('cut');
    signal.throwIfAborted();
  });
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  const command = turns.take(async () => log.push('command'));
  assert.equal(await yielding, true);
  await command;
  assert.deepEqual(log, ['cycle', 'cut', 'command']);
});

test('a yielding turn does not begin while somebody waits, and a whole one is not cut', async () => {
  const turns = new Turns();
  const log: string[] = [];
  const yielding = turns.takeYielding(async () => void log.push('cycle'));
  const command = turns.take(async () => log.push('command'));
  assert.equal(await yielding, true);
  await command;
  assert.equal(await turns.takeYielding(async () => void log.push('again')), false);
  assert.deepEqual(log, ['command', 'again']);
});

test('what fails in a yielding turn by itself is thrown', async () => {
  const turns = new Turns();
  const failing = turns.takeYielding(async () => {
    throw new Error('a defect');
  });
  await assert.rejects(failing, /a defect/);
});
