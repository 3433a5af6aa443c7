import assert from 'node:assert/strict';
import test from 'node:test';
import { exitCodeOf } from '../failure.ts';
import { refusalOf } from './daemon-client.ts';

test('what the daemon refuses keeps its code, and with it the exit code', () => {
  const told = { code: 'integrity', message: 'a check failed', hint: 'Nothing was touched.' };
  const failure = refusalOf({ error: told });
  const { code, message, hint } = failure;
  assert.deepEqual({ code, message, hint }, told);
  assert.equal(exitCodeOf(failure), 7);
});

test('an answer that says nothing is a refusal all the same', () => {
  for (const value of [null, {}, { error: null }, { error: { code: 5, hint: '' } }]) {
    const { code, message, hint } = refusalOf(value);
    assert.deepEqual([code, message, hint], ['unavailable', 'the daemon refused', undefined]);
  }
});
