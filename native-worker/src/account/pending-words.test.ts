import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlFailure } from '../contract/index.ts';
import { PendingWords } from './pending-words.ts';

const NEVER = new AbortController().signal;
const WORDS = ['new', 'words'];

/** A desk whose hour a test lets pass, and a change that says what becomes of it. */
function world() {
  const told: string[] = [];
  const hour = Promise.withResolvers<undefined>();
  const clock = {
    now: () => 0,
    sleep: (_: number, signal?: AbortSignal) =>
      Promise.race([
        hour.promise,
        new Promise<undefined>((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('over')));
        }),
      ]),
  };
  let drawn = 0;
  const random = { bytes: (length: number) => new Uint8Array(length).fill(++drawn) };
  const pending = new PendingWords({ clock, random });
  const propose = (signal = NEVER) =>
    pending.propose(async (confirmWords) => {
      const isKept = await confirmWords(WORDS);
      told.push(isKept ? 'made' : 'dropped');
      if (!isKept) throw new Error('not confirmed');
    }, signal);
  return { told, pending, propose, passHour: () => hour.resolve(undefined) };
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return error instanceof ControlFailure ? error.code : String(error);
}

test('nothing is changed before the words are confirmed, and then once', async () => {
  const { told, pending, propose } = world();
  const proposed = await propose();
  assert.deepEqual([proposed?.recoveryWords, told], [WORDS, []]);
  const change = proposed?.change ?? '';
  await Promise.all([pending.settle(change, true), pending.settle(change, true)]);
  await pending.settle(change, true);
  await pending.settle(change, false);
  assert.deepEqual(told, ['made'], 'who asks again is told how it ended');
});

test('words that are given back, forgotten or replaced count for nothing', async () => {
  const { told, pending, propose, passHour } = world();
  const first = await propose();
  await pending.settle(first?.change ?? '', false);
  const second = await propose();
  const third = await propose();
  assert.equal(await codeOf(pending.settle(second?.change ?? '', true)), 'not-found');
  passHour();
  await new Promise(setImmediate);
  assert.equal(await codeOf(pending.settle(third?.change ?? '', true)), 'not-found');
  assert.deepEqual(told, ['dropped', 'dropped', 'dropped']);
});

test('a change that is being made goes on when other words are asked for', async () => {
  const { told, pending, propose } = world();
  const made = Promise.withResolvers<void>();
  const first = await pending.propose(async (confirmWords, signal) => {
    await confirmWords(WORDS);
    await made.promise;
    signal.throwIfAborted();
  }, NEVER);
  const making = pending.settle(first?.change ?? '', true);
  const second = await propose();
  made.resolve();
  await making;
  await pending.settle(second?.change ?? '', true);
  assert.deepEqual(told, ['made']);
});

test('of two lists that are asked for at the same time one waits, the other is dropped', async () => {
  const { told, pending, propose } = world();
  const both = await Promise.all([propose(), propose()]);
  await new Promise(setImmediate);
  assert.deepEqual(told, ['dropped']);
  await pending.settle(both[1]?.change ?? '', true);
  assert.deepEqual(told, ['dropped', 'made']);
});

test('a change that fails before it has words fails at once, one after them when it is confirmed', async () => {
  const { pending } = world();
  const fails = (shows: boolean) =>
    pending.propose(async (confirmWords) => {
      if (shows) await confirmWords(WORDS);
      throw new ControlFailure({ code: 'wrong-password', message: '', hint: '' });
    }, NEVER);
  assert.equal(await codeOf(fails(false)), 'wrong-password');
  const { change = '' } = (await fails(true)) ?? {};
  assert.equal(await codeOf(pending.settle(change, true)), 'wrong-password');
});

test('who asked may be gone once the words are there, not before', async () => {
  const { told, pending, propose } = world();
  const asking = new AbortController();
  const proposed = await propose(asking.signal);
  asking.abort();
  await pending.settle(proposed?.change ?? '', true);
  assert.deepEqual(told, ['made']);
  const leaving = new AbortController();
  const waitsForEver = pending.propose((_, signal) => {
    const { promise, reject } = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => reject(new Error('ended')));
    return promise;
  }, leaving.signal);
  leaving.abort();
  await assert.rejects(waitsForEver, /ended/);
});
