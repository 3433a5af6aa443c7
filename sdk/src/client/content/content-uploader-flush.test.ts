/** A flush waits for what somebody wants, and for nothing else. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'node:test';
import { sealChunk } from '@coffer/protocol/content/open';
import { contentKey, seededBytes, setUp, suite } from './testing/test-uploader.ts';

const never = new AbortController().signal;

/** Nothing happens by itself, and questions are answered when `answer` is called. */
function setUpWithHeldQuestions() {
  const clock = { now: () => 0, sleep: () => new Promise<void>(() => undefined) };
  const { api, uploader } = setUp({ clock });
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  api.beforeMissing = () => {
    asked.resolve();
    return answered.promise;
  };
  return { api, uploader, asked: asked.promise, answer: () => answered.resolve() };
}

test('a flush settles when a file is given up in a question that another file needs', async () => {
  const { api, uploader, asked, answer } = setUpWithHeldQuestions();
  const changed = new Error('the file changed while it was read');
  // It hands its chunk in before it is known that the file changed.
  const one = uploader.addSealed(async (take) => {
    await take(sealChunk(suite, contentKey, seededBytes(100, 3000)));
    await asked;
    throw changed;
  }, never);
  const other = uploader.add([seededBytes(101, 100)], never);
  const flushed = uploader.flush();
  await assert.rejects(one, changed);
  answer();
  await flushed;
  assert.equal((await other).size, 100);
  assert.equal(api.bodies.size, 1, 'what was given up is not sent');
});

test('a flush settles when all that it waits for is given up', async () => {
  const { api, uploader, asked, answer } = setUpWithHeldQuestions();
  const aborter = new AbortController();
  const adds = [102, 103].map((seed) => uploader.add([seededBytes(seed, 50)], aborter.signal));
  const flushed = uploader.flush();
  await asked;
  aborter.abort();
  for (const add of adds) await assert.rejects(add, { name: 'AbortError' });
  // The question is never answered: whoever waits for nothing any more does not wait for that.
  await flushed;
  answer();
  await uploader.flush();
  assert.equal(api.bodies.size, 0);
});

test('a flush settles when what waits for a pack is given up', async () => {
  const { api, uploader } = setUp();
  const aborter = new AbortController();
  const goOn = Promise.withResolvers<void>();
  api.beforePack = () => goOn.promise;
  // Three packs are under way, so that what comes next waits outside of one.
  const busy: Promise<unknown>[] = [];
  for (const seed of [1, 2, 3]) {
    busy.push(uploader.add([seededBytes(seed, 10)], never), uploader.flush());
    while (api.packsInFlight < seed) await nextTurn();
  }
  const adds = [104, 105].map((seed) => uploader.add([seededBytes(seed, 50)], aborter.signal));
  const flushed = uploader.flush();
  while (api.missingCalls.length < 4) await nextTurn();
  await nextTurn();
  aborter.abort();
  for (const add of adds) await assert.rejects(add, { name: 'AbortError' });
  goOn.resolve();
  await flushed;
  await Promise.all(busy);
  assert.equal(api.bodies.size, 3);
});
