import assert from 'node:assert/strict';
import test from 'node:test';
import type { Digest } from '@coffer/protocol/core';
import { QuotaRoom, type Candidate } from './quota-room.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
const hashOf = (digit: string): Digest => digit.repeat(64) as Digest;
const signal = new AbortController().signal;

function aFile(sizeMib: number, change: Partial<Candidate> = {}): Candidate {
  return { sha256: hashOf('a'), size: sizeMib * MIB, known: 0, ...change };
}

function aRoom(freeMib: number | null): {
  readonly room: QuotaRoom;
  readonly clock: { nowMs: number };
  readonly asked: () => number;
  readonly fits: (file: Candidate) => Promise<boolean>;
} {
  const clock = { nowMs: 0 };
  let asked = 0;
  const total = freeMib === null ? null : 1000 * MIB;
  const usedBytes = (1000 - (freeMib ?? 0)) * MIB;
  const usage = (): Promise<{ usedBytes: number; totalBytes: number | null }> => {
    asked++;
    return Promise.resolve({ usedBytes, totalBytes: total });
  };
  const room = new QuotaRoom(usage, () => clock.nowMs);
  const fits = async (file: Candidate): Promise<boolean> =>
    (await room.fitting([file], 0, signal)).has(file);
  return { room, clock, asked: () => asked, fits };
}

test('without a limit, or nobody to ask, everything fits', async () => {
  assert.equal(await aRoom(null).fits(aFile(2000)), true);
  const file = aFile(2000);
  const room = new QuotaRoom(undefined, () => 0);
  assert.ok((await room.fitting([file], 0, signal)).has(file));
});

test('nobody is asked where nothing is to be sent', async () => {
  const { room, asked } = aRoom(1);
  await room.fitting([], 0, signal);
  assert.equal(asked(), 0);
});

test('small files that go at the same time come first, then the smallest large ones', async () => {
  const { room } = aRoom(100);
  const [large, larger, largest] = [aFile(40), aFile(50), aFile(95)];
  const all = [largest, larger, large];
  assert.deepEqual([...(await room.fitting(all, 0, signal))], [large, larger]);
  assert.deepEqual([...(await room.fitting(all, 20 * MIB, signal))], [large]);
});

test('an edit needs what it is larger than what it replaces', async () => {
  const { fits } = aRoom(10);
  assert.equal(await fits(aFile(500, { known: 495 * MIB })), true);
  assert.equal(await fits(aFile(500, { known: 600 * MIB })), true);
  assert.equal(await fits(aFile(500, { known: 400 * MIB })), false);
});

test('what a broken-off try sent counts already, as long as its leases last', async () => {
  const { room, clock, fits } = aRoom(10);
  assert.equal(await fits(aFile(50)), false);
  room.ended(hashOf('a'), 45 * MIB, false);
  assert.equal(await fits(aFile(50)), true);
  assert.equal(await fits(aFile(50, { sha256: hashOf('b') })), false);
  clock.nowMs += 25 * HOUR_MS;
  assert.equal(await fits(aFile(50)), false);
});

test('a refused file waits until a pack of it has room, and leaves its leases alone', async () => {
  const edit = aFile(500, { known: 500 * MIB });
  const full = aRoom(10);
  full.room.ended(hashOf('a'), 90 * MIB, true);
  assert.equal(await full.fits(edit), false);
  const emptied = aRoom(20);
  emptied.room.ended(hashOf('a'), 90 * MIB, true);
  assert.equal(await emptied.fits(edit), true);
  full.room.arrived(hashOf('a'));
  assert.equal(await full.fits(edit), true);
});

test('what needs nothing fits, also where more is used than there is', async () => {
  const { fits } = aRoom(-1);
  assert.equal(await fits(aFile(500, { known: 500 * MIB })), true);
  assert.equal(await fits(aFile(500, { known: 499 * MIB })), false);
});
