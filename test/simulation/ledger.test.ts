import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deedOf } from './deed.ts';
import { Ledger } from './ledger.ts';

test('a file is followed back through the contents that it had in this phase, and no other file is', () => {
  const ledger = new Ledger();
  const save = (wrote: string, gaveUp: string): void => {
    ledger.record(deedOf('desktop', 0, `save ${wrote}`, { wrote: [wrote], gaveUp: [gaveUp] }));
  };
  save('one', 'none');
  ledger.startPhase(1);
  save('two', 'one');
  save('other two', 'other one');
  ledger.record(deedOf('phone', 0, 'begin', { mayWrite: ['three'], gaveUp: ['two'] }));
  ledger.record(deedOf('phone', 0, 'replace', { touched: ['mine'], gaveUp: ['three'] }));
  assert.deepEqual([...ledger.earlierInPhase('three')], ['two', 'one']);
});
