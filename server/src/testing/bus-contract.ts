import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, Digest } from '@coffer/protocol/core';
import type { Bus } from '../bus/bus.ts';

const ANN = '1a'.repeat(16) as AccountId;
const BEN = '2b'.repeat(16) as AccountId;
const SESSION = '3c'.repeat(32) as Digest;
const OTHER_SESSION = '4d'.repeat(32) as Digest;

/** Counts notices; `told` ends with the next one, so that a bus may take its time. */
class Ear {
  count = 0;
  #release: (() => void) | undefined;

  readonly listener = (): void => {
    this.count++;
    this.#release?.();
  };

  async told(act: () => void): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    act();
    await heard;
    this.#release = undefined;
  }
}

/**
 * What every bus promises. `open` makes one that nobody listens to. That somebody is not told is looked at
 * once somebody else was told later.
 */
export function busContract(name: string, open: () => Promise<Bus>): void {
  test(`${name}: every listener of an account is told, and those of no other`, async () => {
    const bus = await open();
    const [first, second, foreign] = [new Ear(), new Ear(), new Ear()];
    bus.listen(ANN, first.listener);
    bus.listen(ANN, second.listener);
    bus.listen(BEN, foreign.listener);
    await first.told(() => bus.notify([ANN]));
    await foreign.told(() => bus.notify([BEN]));
    assert.deepEqual([first.count, second.count, foreign.count], [1, 1, 1]);
  });

  test(`${name}: one notice reaches all accounts that it names, and the next one too`, async () => {
    const bus = await open();
    const [ann, ben] = [new Ear(), new Ear()];
    bus.listen(ANN, ann.listener);
    bus.listen(BEN, ben.listener);
    for (const times of [1, 2, 3]) {
      await ben.told(() => bus.notify([ANN, BEN]));
      assert.deepEqual([ann.count, ben.count], [times, times]);
    }
    bus.notify([]);
    await ben.told(() => bus.notify([BEN]));
    assert.deepEqual([ann.count, ben.count], [3, 4]);
  });

  test(`${name}: who left hears no more, however often it leaves, and the others stay`, async () => {
    const bus = await open();
    const [gone, stays, again] = [new Ear(), new Ear(), new Ear()];
    const leave = bus.listen(ANN, gone.listener);
    const leaveToo = bus.listen(ANN, stays.listener);
    leave();
    leave();
    await stays.told(() => bus.notify([ANN]));
    assert.deepEqual([gone.count, stays.count], [0, 1]);
    leaveToo();
    bus.listen(ANN, again.listener);
    leave();
    leaveToo();
    await again.told(() => bus.notify([ANN]));
    assert.deepEqual([gone.count, stays.count], [0, 1]);
  });

  test(`${name}: who leaves or comes while others are told disturbs nobody`, async () => {
    const bus = await open();
    const [first, last, late] = [new Ear(), new Ear(), new Ear()];
    const leave = bus.listen(ANN, () => {
      leave();
      first.listener();
      bus.listen(BEN, late.listener);
    });
    bus.listen(ANN, last.listener);
    await last.told(() => bus.notify([ANN]));
    await last.told(() => bus.notify([ANN]));
    assert.deepEqual([first.count, last.count], [1, 2]);
    await late.told(() => bus.notify([BEN]));
  });

  test(`${name}: the end of a session is told to whoever serves that session`, async () => {
    const bus = await open();
    const [served, other, head] = [new Ear(), new Ear(), new Ear()];
    const leave = bus.onSessionEnd(SESSION, served.listener);
    bus.onSessionEnd(OTHER_SESSION, other.listener);
    bus.listen(ANN, head.listener);
    await served.told(() => bus.sessionEnded(SESSION));
    leave();
    bus.sessionEnded(SESSION);
    await other.told(() => bus.sessionEnded(OTHER_SESSION));
    await head.told(() => bus.notify([ANN]));
    assert.deepEqual([served.count, other.count, head.count], [1, 1, 1]);
  });

  test(`${name}: it is idle until somebody listens, and again once all have left`, async () => {
    const bus = await open();
    assert.equal(bus.isIdle(), true);
    const leaves = [ANN, ANN, BEN].map((account) => bus.listen(account, new Ear().listener));
    for (const leave of leaves) {
      assert.equal(bus.isIdle(), false);
      leave();
    }
    assert.equal(bus.isIdle(), true);
    const ear = new Ear();
    bus.listen(ANN, ear.listener);
    assert.equal(bus.isIdle(), false);
    await ear.told(() => bus.notify([ANN]));
  });
}
