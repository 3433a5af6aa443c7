import assert from 'node:assert/strict';
import test from 'node:test';
import { laterFailure, settlingFault } from './settling-fault.ts';

const failure = (code: string) => ({ code, message: '', hint: '' });

test('what came without an answer may have been done; words that are known no more were not', () => {
  const faults = ['network', 'unreached', 'not-found', 'not-signed-in', 'bundle-moved'].map(
    (code) => settlingFault(failure(code)),
  );
  assert.deepEqual(faults, ['unknown', 'unknown', 'void', 'void', 'refused']);
});

test('after a missing answer, words that are known no more are not called void', () => {
  const lost = failure('unreached');
  assert.equal(laterFailure(failure('not-found'), lost), lost);
  assert.equal(laterFailure(failure('not-found'), undefined).code, 'not-found');
  assert.equal(laterFailure(failure('not-found'), failure('locked')).code, 'not-found');
});
