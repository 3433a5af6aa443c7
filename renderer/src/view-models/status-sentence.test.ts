import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { PairStatus } from '@coffer/native-worker/contract';
import type { DriveSnapshot } from '../control/drive-snapshot.ts';
import { NOTHING_PENDING, NOW_MS, aPair, aSnapshot, english, french } from '../testing/builders.ts';
import type { Words } from '../words/translator.ts';
import { statusSentence } from './status-sentence.ts';

const say = (snapshot: DriveSnapshot, words: Words = english, secondsLeft: number | null = null) =>
  statusSentence(snapshot, { words, nowMs: NOW_MS, secondsLeft });
const over = (...pairs: PairStatus[]) => aSnapshot({ status: { pairs, transfers: [] } });
const moving = aPair({
  state: 'syncing',
  pending: {
    uploads: 3,
    downloads: 1,
    uploadBytes: 400_000_000,
    downloadBytes: 12_000_000,
    other: 0,
  },
});
const stall = {
  path: '/a',
  reason: 'FileBusy',
  since: '2026-11-20T14:00:00Z',
  message: '',
  hint: '',
  actions: [],
};

describe('the status sentence', () => {
  test('says when everything is in place, and since when it is known', () => {
    assert.deepEqual(say(aSnapshot()), {
      glyph: 'idle',
      title: 'Everything is in place',
      detail: 'Checked 2 minutes ago',
    });
  });

  test('says what moves, how much is left and how long it takes', () => {
    assert.deepEqual(say(over(moving), english, 118), {
      glyph: 'syncing',
      title: 'Sending 3 files, receiving 1',
      detail: '412 MB left, about 2 minutes',
    });
  });

  test('says nothing about the end while nothing honest can be said', () => {
    assert.equal(say(over(moving)).detail, '412 MB left');
  });

  test('puts what waits for a person before what moves', () => {
    const waiting = { ...over(moving), stalls: [{ ...stall, needsPerson: true }] };
    assert.deepEqual(say(waiting), {
      glyph: 'attention',
      title: 'One thing waits for you',
      detail: 'Sending 3 files, receiving 1',
    });
  });

  test('asks nobody for a stall that passes by itself', () => {
    const busy = { ...aSnapshot(), stalls: [{ ...stall, needsPerson: false }] };
    assert.equal(say(busy).glyph, 'idle');
  });

  test('is offline only when every pair that is not paused is', () => {
    const offline = aPair({ state: 'offline', pending: { ...NOTHING_PENDING, uploads: 6 } });
    assert.equal(say(over(offline, aPair({ id: 'p2' }))).glyph, 'syncing');
    assert.deepEqual(say(over(offline, aPair({ id: 'p2', state: 'paused' }))), {
      glyph: 'offline',
      title: 'No connection',
      detail: '6 changes are kept here and will go as soon as you are back online',
    });
  });

  test('says until when it is paused only if all of it has an end', () => {
    const until = aPair({ state: 'paused', pausedUntil: '2026-11-20T16:30:00Z' });
    assert.equal(say(over(until)).title, 'Paused until 16:30');
    assert.equal(say(over(until, aPair({ id: 'p2', state: 'paused' }))).title, 'Paused');
  });

  test('is loud when a pair was stopped for safety, whatever else there is', () => {
    assert.equal(say(over(moving, aPair({ id: 'p2', state: 'error' }))).glyph, 'error');
  });

  test('never claims that all is well without knowing', () => {
    const unknown = [
      aSnapshot({ connection: 'lost' }),
      aSnapshot({ account: { signedIn: false } }),
      aSnapshot({ failure: { code: 'failed', message: '', hint: '' } }),
      { ...aSnapshot(), status: undefined },
      over(aPair({ lastSyncedAt: null, state: 'scanning' })),
    ];
    assert.deepEqual(
      unknown.map((snapshot) => say(snapshot).glyph),
      ['offline', 'signed-out', 'error', 'syncing', 'syncing'],
    );
  });

  test('is French in French, with its spaces', () => {
    const { title, detail } = say(over(moving), french, 118);
    assert.equal(title, '3 envois, 1 réception');
    assert.match(detail, /^412[\u00a0\u202f]Mo restants, environ 2 minutes$/);
  });
});
