/** What selective sync leaves out leaves this disk, wherever its node went (engine §8). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeId } from '@coffer/protocol/core';
import { CONFLICT, Scenario } from './testing/scenario.ts';

const excluding = (node: NodeId) => ({ excluded: new Set([node]) });

/** A left-out folder `x`, and a folder `d` beside it that is moved into it on another device. */
function movedIntoLeftOut(): { readonly s: Scenario; readonly x: NodeId } {
  const s = new Scenario({ 'x/': '', 'd/': '', 'd/f': '1', g: 'g' });
  const x = s.remote.id('x');
  s.pair.dirtyRemote.add(x);
  s.settle(excluding(x));
  s.remote.move('d', 'x/e');
  return { s, x };
}

describe('what selective sync leaves out', () => {
  test('M-8 a folder that is moved into a left-out one elsewhere goes from here', () => {
    const { s, x } = movedIntoLeftOut();
    const { local, remote, cells } = s.settle(excluding(x));
    assert.deepEqual([local, remote], [{ g: 'g' }, { g: 'g', 'x/': '', 'x/e/': '', 'x/e/f': '1' }]);
    assert.ok(cells.has('exclusion.recycle'));
  });

  test('M-8 what is edited, new or renamed in it goes up first, to where it is now', () => {
    const { s, x } = movedIntoLeftOut();
    s.local.move('d/f', 'd/g').edit('d/g', '2').create('d/new', '3');
    const { local, remote } = s.settle(excluding(x));
    assert.deepEqual(local, { g: 'g' });
    assert.deepEqual(remote, {
      g: 'g',
      'x/': '',
      'x/e/': '',
      'x/e/g': '2',
      'x/e/new': '3',
    });
  });

  test('what both sides renamed alike goes without more', () => {
    const s = new Scenario({ f: '1', g: 'g' });
    const node = s.remote.id('f');
    s.local.move('f', 'h');
    s.remote.move('f', 'h');
    assert.deepEqual(s.settle(excluding(node)).local, { g: 'g' });
  });

  test('an edit goes up although a new entry has the name that its node has now', () => {
    const s = new Scenario({ f: '1', g: 'g' });
    const node = s.remote.id('f');
    s.remote.move('f', 'h');
    s.local.edit('f', '2').create('h', 'new');
    const { local, remote } = s.settle(excluding(node));
    assert.deepEqual(local, { g: 'g', [`h ${CONFLICT}`]: 'new' });
    assert.deepEqual(remote, { g: 'g', h: '2', [`h ${CONFLICT}`]: 'new' });
  });

  test('what both sides edited keeps both contents: the one here goes up as a conflict copy', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    const node = s.remote.id('d');
    s.remote.edit('d/f', '2');
    s.local.edit('d/f', '3');
    const { local, remote } = s.settle(excluding(node));
    assert.deepEqual(local, { g: 'g' });
    assert.deepEqual(remote, { g: 'g', 'd/': '', 'd/f': '2', [`d/f ${CONFLICT}`]: '3' });
  });

  test('what is there anew with the bytes of what is left out goes without more', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    const node = s.remote.id('d');
    s.remote.create('d/same', '2').create('d/other', '3');
    s.local.create('d/same', '2').create('d/other', '4');
    const { local, remote } = s.settle(excluding(node));
    assert.deepEqual(local, { g: 'g' });
    assert.deepEqual(remote, {
      g: 'g',
      'd/': '',
      'd/f': '1',
      'd/same': '2',
      'd/other': '3',
      [`d/other ${CONFLICT}`]: '4',
    });
  });

  test('what both sides edited alike goes without more', () => {
    const s = new Scenario({ f: '1', g: 'g' });
    const node = s.remote.id('f');
    s.remote.edit('f', '2');
    s.local.edit('f', '2');
    const { local, remote } = s.settle(excluding(node));
    assert.deepEqual([local, remote], [{ g: 'g' }, { g: 'g', f: '2' }]);
  });

  test('what both sides edited, and was moved out of it here, lives there beside its conflict copy', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    const node = s.remote.id('d');
    s.remote.edit('d/f', '2');
    s.local.move('d/f', 'h').edit('h', '3');
    const { local, remote } = s.settle(excluding(node));
    const both = { g: 'g', h: '2', [`h ${CONFLICT}`]: '3' };
    assert.deepEqual([local, remote], [both, { ...both, 'd/': '' }]);
  });

  for (const [what, entry, remote] of [
    ['a folder', { 'c/': '', 'c/new': '3' }, { 'c/': '', 'c/x': '1', 'c/new': '3' }],
    [
      'a file',
      { [`c ${CONFLICT}`]: '3', 'c/': '' },
      { [`c ${CONFLICT}`]: '3', 'c/': '', 'c/x': '1' },
    ],
  ] as const) {
    for (const isLater of [false, true]) {
      const when = isLater ? 'later' : 'at once';
      test(`${what} made ${when} in place of a folder that holds what is left out goes up`, () => {
        const s = new Scenario({ 'c/': '', 'c/x': '1', 'c/y': '2', g: 'g' });
        const node = s.remote.id('c/x');
        s.pair.dirtyRemote.add(node);
        s.settle(excluding(node));
        s.local.remove('c');
        if (isLater) assert.deepEqual(s.settle(excluding(node)).local, { g: 'g' });
        if (what === 'a folder') s.local.create('c/', '').create('c/new', '3');
        else s.local.create('c', '3');
        const settled = s.settle(excluding(node));
        assert.deepEqual(settled.local, { g: 'g', ...entry });
        assert.deepEqual(settled.remote, { g: 'g', ...remote });
      });
    }
  }

  for (const [what, name] of [
    ['file', 'f'],
    ['folder', 'd'],
  ] as const) {
    test(`a synced ${what} that is moved to where a folder was that holds what is left out lives beside it`, () => {
      const s = new Scenario({ 'c/': '', 'c/x': '1', 'd/': '', 'd/g': 'g', f: 'f' });
      const node = s.remote.id('c/x');
      s.pair.dirtyRemote.add(node);
      s.settle(excluding(node));
      s.local.remove('c');
      assert.deepEqual(s.settle(excluding(node)).local, { 'd/': '', 'd/g': 'g', f: 'f' });
      s.local.move(name, 'c');
      const { local, remote } = s.settle(excluding(node));
      const beside = `c ${CONFLICT}`;
      const both =
        what === 'file'
          ? { 'd/': '', 'd/g': 'g', [beside]: 'f', 'c/': '' }
          : { f: 'f', [`${beside}/`]: '', [`${beside}/g`]: 'g', 'c/': '' };
      assert.deepEqual([local, remote], [both, { ...both, 'c/x': '1' }]);
    });
  }
});
