import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deedOf, type Deed } from './deed.ts';
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

test('a deed is near a power cut of its own device within ten seconds, in this phase', () => {
  const ledger = new Ledger();
  const nothing = new Map<string, string>();
  const isNear = (device: string, at: number): boolean =>
    ledger.isNearOff(deedOf(device, at, 'delete', {}));
  ledger.switchedOff('phone', nothing, nothing, 20_000);
  ledger.switchedOff('phone', nothing, nothing, 60_000);
  assert.deepEqual(
    [9_999, 10_000, 30_000, 30_001, 49_999, 50_000].map((at) => isNear('phone', at)),
    [false, true, true, false, false, true],
  );
  assert.ok(!isNear('laptop', 20_000));
  ledger.startPhase(2);
  assert.ok(!isNear('phone', 60_000));
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

test('a torn file is what a person had written and not synced, or an invariant is broken', () => {
  const torn = (found: string, now: number, before = 'one two'): readonly string[] => {
    const ledger = new Ledger();
    ledger.record(deedOf('phone', 0, 'create', { wrote: ['one two'] }));
    ledger.record(deedOf('phone', 9_000, 'delete', { gaveUp: ['one two'] }));
    ledger.record(deedOf('phone', now, 'create', { wrote: ['another one'] }));
    return ledger.switchedOff('phone', new Map([['/f', before]]), new Map([['/f', found]]), now);
  };
  assert.deepEqual(torn('one\0\0\0\0', 9_000), [], 'the first half came to the disk');
  assert.deepEqual(torn('\0\0\0\0\0\0\0', 9_000), [], 'its length alone did');
  const told = /^I7: phone has a torn file/;
  assert.match(torn('one\0\0\0\0', 18_000).join(), told, 'a deletion does not put it off');
  assert.match(torn('one', 9_000).join(), /^I7: phone has a torn file/);
  assert.match(torn('of engine', 9_000, 'of engine, too').join(), /^I7: phone has a torn file/);
});

test('a crash takes what was not synced; what the engine had placed it may not take', () => {
  const ledger = new Ledger();
  ledger.record(deedOf('desktop', 0, 'create', { wrote: ['of desktop'] }));
  ledger.record(deedOf('phone', 0, 'create', { wrote: ['old'] }));
  ledger.record(deedOf('phone', 50_000, 'create', { wrote: ['new'] }));
  const before = new Map(['of desktop', 'old', 'new'].map((content) => [`/${content}`, content]));
  ledger.switchedOff('phone', before, new Map(), 51_000);
  assert.deepEqual([...ledger.lostByCrash.keys()], ['new']);
});

test('a file that a crash tears while the engine moves it is known, if its person had not synced it', () => {
  const ledger = new Ledger();
  ledger.record(deedOf('phone', 0, 'create', { wrote: ['new'] }));
  const moved = (before: string, after: string): boolean => {
    ledger.switchedOffMoving('phone', { before: [before], after: [after] }, 1000);
    return ledger.known.has(after);
  };
  assert.ok(moved('new', ''));
  assert.ok(!moved('new', 'other'), 'no tear of it');
  ledger.switchedOffMoving('laptop', { before: ['of desktop'], after: ['\0\0\0'] }, 1000);
  assert.ok(!ledger.known.has('\0\0\0'), 'another device');
});

test('who acted where a power cut took a file, or on what it went back to, changed that since', () => {
  const acted = (device: string, at: number, text: string, what: Partial<Deed> = {}): boolean => {
    const ledger = new Ledger();
    ledger.record(deedOf(device, at, text, what));
    return ledger.hasActedOn({ device: 'phone', at: 5, path: '/root/f/lost', left: 'older' });
  };
  assert.ok(acted('phone', 5, 'create /root/f/more'));
  assert.ok(acted('phone', 5, 'delete /root/f', { folders: ['f'] }));
  assert.ok(acted('phone', 5, 'edit', { gaveUp: ['older'] }));
  assert.ok(acted('phone', 5, 'move', { touched: ['older'] }));
  assert.ok(!acted('phone', 4, 'create /root/f/more'), 'before it');
  assert.ok(!acted('laptop', 5, 'create /root/f/more'), 'another disk');
  assert.ok(!acted('phone', 5, 'create /root/more', { gaveUp: ['newer'], folders: ['g'] }));
});
