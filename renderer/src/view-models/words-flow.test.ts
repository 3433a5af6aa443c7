import assert from 'node:assert/strict';
import test from 'node:test';
import { changesNothing, WORDS_FLOW, wordsFlowAfter, type WordsEvent } from './words-flow.ts';

const failed = (code: string): WordsEvent => ({
  kind: 'failed',
  failure: { code, message: '', hint: '' },
});
const after = (...events: readonly WordsEvent[]) => events.reduce(wordsFlowAfter, WORDS_FLOW);
const TO_CHECK: readonly WordsEvent[] = [
  { kind: 'started' },
  { kind: 'proposed', change: 'c1', recoveryWords: ['a', 'b'] },
  { kind: 'check-wanted', asked: [0] },
];

test('the password comes first, then a code if one is needed, then the words and their check', () => {
  const asked = after({ kind: 'started' }, failed('second-factor-needed'));
  assert.deepEqual([asked.step, asked.asksCode, asked.failure], ['proof', true, undefined]);
  assert.equal(after(failed('wrong-password')).failure?.code, 'wrong-password');
  assert.deepEqual(
    TO_CHECK.map((_, i) => after(...TO_CHECK.slice(0, i + 1)).step),
    ['proof', 'words', 'check'],
  );
});

test('a missing answer is said again, whatever a later try says of the words', () => {
  const once = after(...TO_CHECK, { kind: 'started' }, failed('unreached'));
  const twice = [{ kind: 'started' } as const, failed('not-found')].reduce(wordsFlowAfter, once);
  assert.equal(twice.failure?.code, 'unreached');
  assert.deepEqual([changesNothing(after(...TO_CHECK)), changesNothing(twice)], [true, false]);
});
