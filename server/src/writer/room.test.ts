import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Room } from './room.ts';

/** Enters with each size in turn; `inside` are those who are in. */
function enterAll(room: Room, sizes: readonly number[]) {
  const inside = new Map<number, () => void>();
  for (const [i, size] of sizes.entries()) {
    void room.enter(size).then((leave) => inside.set(i, leave));
  }
  const leave = async (i: number) => {
    inside.get(i)?.();
    inside.delete(i);
    await turn();
    return [...inside.keys()];
  };
  return { inside, leave };
}

test('there are never more in than fit, and nobody overtakes', async () => {
  const { inside, leave } = enterAll(new Room(10), [4, 6, 7, 1, 3]);
  await turn();
  assert.deepEqual([...inside.keys()], [0, 1]);
  assert.deepEqual(await leave(0), [1], '7 do not fit beside 6, and 1 waits behind them');
  assert.deepEqual(await leave(1), [2, 3]);
  assert.deepEqual(await leave(2), [3, 4]);
});

test('what is larger than the room comes in alone', async () => {
  const { inside, leave } = enterAll(new Room(10), [25, 1, 30]);
  await turn();
  assert.deepEqual([...inside.keys()], [0]);
  assert.deepEqual(await leave(0), [1]);
  assert.deepEqual(await leave(1), [2]);
  assert.deepEqual(await leave(2), []);
});
