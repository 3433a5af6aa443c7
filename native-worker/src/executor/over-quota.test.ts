import assert from 'node:assert/strict';
import test from 'node:test';
import { sendSmallestFirst } from './over-quota.ts';

/** Sends files of these sizes to where there is `room`; a group shares one request. */
async function sent(sizes: readonly number[], room: number) {
  const groups: (readonly number[])[] = [];
  let used = 0;
  const left = await sendSmallestFirst(sizes, (group) => {
    groups.push(group);
    const bytes = group.reduce((sum, size) => sum + size, 0);
    if (used + bytes > room) return Promise.resolve(new Set(group));
    used += bytes;
    return Promise.resolve(new Set<number>());
  });
  return { left, groups, used };
}

test('one that has no room for itself leaves the others alone, in a few requests', async () => {
  const sizes = [...Array.from({ length: 1000 }, (_, n) => n), 1e9];
  const { left, groups } = await sent(sizes, 1e8);
  assert.deepEqual(left, [1e9]);
  assert.ok(groups.length < 20, `${groups.length} requests`);
});

test('of what does not fit together as much goes as there is room for, the smallest first', async () => {
  assert.deepEqual((await sent([1, 2, 3, 4, 5], 8)).left, [4, 5]);
  assert.deepEqual((await sent([1, 2, 3, 4, 5], 6)).left, [4, 5]);
});

test('what is larger than what was refused by itself is not sent at all', async () => {
  const { left, groups } = await sent([5, 6, 7], 4);
  assert.deepEqual(left, [5, 6, 7]);
  assert.deepEqual(groups, [[5, 6], [5]]);
});

test('one alone was refused by itself already', async () => {
  assert.deepEqual(await sent([5], 4), { left: [5], groups: [], used: 0 });
});

test('a group that was taken in part is not sent as a whole again', async () => {
  const groups: (readonly string[])[] = [];
  const left = await sendSmallestFirst(['a', 'b', 'c', 'd'], (group) => {
    groups.push(group);
    return Promise.resolve(new Set(group.filter((name) => name > 'a')));
  });
  assert.deepEqual(
    [left, groups],
    [
      ['b', 'c', 'd'],
      [['a', 'b'], ['b']],
    ],
  );
});
