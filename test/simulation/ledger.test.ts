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

test('who was switched off after a content was written in this phase may have it and not know so', () => {
  const ledger = new Ledger();
  const nothing = new Map<string, string>();
  const write = (content: string, at: number): void =>
    ledger.record(deedOf('desktop', at, `write ${content}`, { wrote: [content] }));
  write('of the phase before', 1);
  ledger.startPhase(1);
  write('early', 10);
  ledger.switchedOff('phone', nothing, nothing, 20);
  write('late', 30);
  const mayHave = ledger.crashedSince();
  assert.deepEqual(
    ['of the phase before', 'early', 'late'].map((content) => mayHave('desktop', content)),
    [false, true, false],
  );
  assert.ok(!mayHave('phone', 'early'), 'what it did itself it knows');
});

test('what an editor took away by name is given up where its own person wrote it, and else only gone', () => {
  const ledger = new Ledger();
  const taken = ['of phone', 'of laptop'];
  ledger.record(deedOf('phone', 0, 'edit', { wrote: ['of phone'] }));
  ledger.record(deedOf('laptop', 0, 'edit', { wrote: ['of laptop'] }));
  ledger.record(deedOf('phone', 1, 'end to save', { gaveUp: taken, unseen: taken }));
  assert.deepEqual([...ledger.givenUp()], ['of phone']);
  assert.deepEqual([...ledger.takenUnseen()], taken);
});

test('what crashes tore to the same on two devices is of neither alone', () => {
  const ledger = new Ledger();
  const tear = (device: string, content: string, at: number): void => {
    ledger.record(deedOf(device, at, 'write', { wrote: [content] }));
    const torn = new Map([['/f', '']]);
    assert.deepEqual(ledger.switchedOff(device, new Map([['/f', content]]), torn, at), []);
  };
  tear('phone', 'of phone', 0);
  assert.ok(ledger.writtenOnlyOn('phone').has(''));
  tear('laptop', 'of laptop', 1);
  assert.deepEqual([...ledger.writtenOnlyOn('phone')], ['of phone']);
  assert.deepEqual([...ledger.writtenOnlyOn('laptop')], ['of laptop']);
});
