import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Usage } from '@coffer/sdk';
import { RecentUsage } from './recent-usage.ts';

const used = (usedBytes: number): Usage => ({
  usedBytes,
  totalBytes: null,
  transferUsedBytes: 0,
  transferTotalBytes: null,
});

/** A drive whose answers wait until they are given. */
function world() {
  const asked: PromiseWithResolvers<Usage>[] = [];
  const usage = (): Promise<Usage> => {
    const answer = Promise.withResolvers<Usage>();
    asked.push(answer);
    return answer.promise;
  };
  let nowMs = 1000;
  const recent = new RecentUsage({ usage }, () => nowMs, new AbortController().signal);
  return { recent, asked, advance: (ms: number): void => void (nowMs += ms) };
}

/** With an answer of 1 byte. */
async function answered() {
  const its = world();
  const first = its.recent.ask();
  its.asked[0]?.resolve(used(1));
  assert.equal((await first).usedBytes, 1);
  return its;
}

test('the first answer is waited for, and asked for once by all who wait', async () => {
  const { recent, asked } = world();
  const both = [recent.ask(), recent.ask()];
  assert.equal(asked.length, 1);
  asked[0]?.resolve(used(7));
  assert.deepEqual(await Promise.all(both), [used(7), used(7)]);
});

test('within five seconds nothing is asked again', async () => {
  const { recent, asked, advance } = await answered();
  advance(4999);
  assert.equal((await recent.ask()).usedBytes, 1);
  assert.equal(asked.length, 1);
});

test('an answer of the last minute is given at once, and the next one is newer', async () => {
  const { recent, asked, advance } = await answered();
  advance(5000);
  assert.equal((await recent.ask()).usedBytes, 1);
  assert.equal(asked.length, 2);
  asked[1]?.resolve(used(2));
  await asked[1]?.promise;
  await Promise.resolve();
  assert.equal((await recent.ask()).usedBytes, 2);
});

test('an answer that is a minute old is not given', async () => {
  const { recent, asked, advance } = await answered();
  advance(60_000);
  const next = recent.ask();
  asked[1]?.resolve(used(3));
  assert.equal((await next).usedBytes, 3);
});

test('a failure is told to who asks next, and is not remembered', async () => {
  const { recent, asked, advance } = await answered();
  advance(5000);
  assert.equal((await recent.ask()).usedBytes, 1);
  asked[1]?.reject(new Error('no way there'));
  await asked[1]?.promise.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  const next = recent.ask();
  asked[2]?.reject(new Error('no way there'));
  await assert.rejects(next, /no way there/);
  const again = recent.ask();
  asked[3]?.resolve(used(4));
  assert.equal((await again).usedBytes, 4);
});
