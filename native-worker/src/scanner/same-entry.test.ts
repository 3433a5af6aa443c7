import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { scannerOnDisks } from '../testing/scan-on-disks.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

scannerOnDisks((fresh) => {
  test('B1 B2 a renamed folder keeps its id and those of all below, and nothing is hashed', () => {
    const { scan, user, at } = fresh();
    user.folder(at('a/b'));
    for (let i = 0; i < 20; i++) user.write(at(`a/b/${i}`), `content ${i}`);
    scan.synced();
    const before = scan.ids();
    user.rename(at('a'), at('z'));
    scan.disk.clock.advance(1000);
    const outcome = scan.look();
    assert.equal(outcome.hashedFiles, 0);
    assert.equal(outcome.written, 1);
    assert.equal(scan.id('z'), before['a']);
    assert.equal(scan.id('z/b/7'), before['a/b/7']);
  });

  test('B3 rename and edit in one beat is one node', () => {
    const { scan, user, at } = fresh();
    user.folder(at('d'));
    user.write(at('f'), 'one');
    scan.synced();
    const id = scan.id('f');
    user.rename(at('f'), at('d/g'));
    user.write(at('d/g'), 'other content');
    scan.settleHinted(['d', '']);
    assert.equal(scan.id('d/g'), id);
    assert.equal(scan.tree.byId(id)?.sha256, sha256('other content'));
  });

  test('a move is seen from either end alone', () => {
    const { scan, user, at } = fresh();
    user.folder(at('from'));
    user.folder(at('to'));
    user.write(at('from/f'), 'x');
    user.write(at('from/g'), 'y');
    scan.synced();
    const [f, g] = [scan.id('from/f'), scan.id('from/g')];
    user.rename(at('from/f'), at('to/f'));
    scan.settleHinted(['to']);
    assert.equal(scan.id('to/f'), f);
    user.rename(at('from/g'), at('to/g'));
    scan.settleHinted(['from'], 0);
    scan.disk.clock.advance(5000);
    scan.settleHinted(['to']);
    assert.equal(scan.id('to/g'), g);
    assert.deepEqual(
      scan.tree.rows().filter(({ state }) => state !== 'seen'),
      [],
    );
  });

  test('B10 swapped files and folders swap their ids', () => {
    const { scan, user, at } = fresh();
    user.folder(at('p'));
    user.folder(at('q'));
    user.write(at('p/in-p'), '1');
    user.write(at('a'), 'content of a');
    user.write(at('b'), 'content of b');
    scan.synced();
    const before = scan.ids();
    for (const [x, y] of [
      ['a', 'b'],
      ['p', 'q'],
    ] as const) {
      user.rename(at(x), at('t'));
      user.rename(at(y), at(x));
      user.rename(at('t'), at(y));
    }
    scan.settleHinted(['']);
    assert.deepEqual(scan.ids(), {
      a: before['b'],
      b: before['a'],
      p: before['q'],
      q: before['p'],
      'q/in-p': before['p/in-p'],
    });
  });

  test('B22 B29 a rename over another file: the moved one keeps its id, the other is gone', () => {
    const { scan, user, at } = fresh();
    user.write(at('a'), 'content of a');
    user.write(at('b'), 'content of b');
    scan.synced();
    const before = scan.ids();
    user.rename(at('a'), at('b'));
    scan.settleHinted(['']);
    assert.deepEqual(scan.ids(), { b: before['a'] });
    assert.equal(before['b'] === undefined ? '' : scan.stateOf(before['b']), 'gone');
  });

  test('B23 a rename and a new file at the old name are two nodes', () => {
    const { scan, user, at } = fresh();
    user.write(at('a'), 'content of a');
    scan.synced();
    const id = scan.id('a');
    user.rename(at('a'), at('b'));
    user.write(at('a'), 'new');
    scan.settleHinted(['']);
    assert.equal(scan.id('b'), id);
    assert.notEqual(scan.id('a'), id);
  });

  test('B25 a file moved into a new folder three levels deep is moved', () => {
    const { scan, user, at } = fresh();
    user.write(at('f'), 'x');
    scan.synced();
    const id = scan.id('f');
    user.folder(at('1/2/3'));
    user.rename(at('f'), at('1/2/3/f'));
    scan.settleHinted(['']);
    assert.equal(scan.id('1/2/3/f'), id);
  });

  test('a folder moved below one that was below it keeps both ids', () => {
    const { scan, user, at } = fresh();
    user.folder(at('a/b'));
    user.write(at('a/f'), 'x');
    scan.synced();
    const before = scan.ids();
    user.rename(at('a/b'), at('b'));
    user.rename(at('a'), at('b/a'));
    scan.settleHinted(['']);
    assert.deepEqual(scan.ids(), {
      b: before['a/b'],
      'b/a': before['a'],
      'b/a/f': before['a/f'],
    });
  });

  test('a file moved out of a folder that is then deleted or renamed keeps its id', () => {
    const { scan, user, at } = fresh();
    user.folder(at('dead'));
    user.folder(at('old'));
    user.write(at('dead/f'), '1');
    user.write(at('dead/g'), '2');
    user.write(at('old/h'), '3');
    user.write(at('old/i'), '4');
    scan.synced();
    const before = scan.ids();
    user.rename(at('dead/f'), at('f'));
    user.remove(at('dead'));
    user.rename(at('old/h'), at('h'));
    user.rename(at('old'), at('new'));
    scan.settleHinted(['']);
    assert.deepEqual(scan.ids(), {
      f: before['dead/f'],
      h: before['old/h'],
      new: before['old'],
      'new/i': before['old/i'],
    });
  });

  test('a file that just moved out of a folder which went is at no time gone', () => {
    const { scan, user, at } = fresh();
    user.folder(at('d/e'));
    user.write(at('d/e/f'), '1');
    scan.synced();
    const id = scan.id('d/e/f');
    scan.disk.clock.advance(10_000);
    user.rename(at('d/e/f'), at('f'));
    user.remove(at('d'));
    scan.look();
    assert.equal(scan.stateOf(id), 'seen');
    scan.settle(10_000);
    assert.deepEqual(scan.ids(), { f: id });
  });

  test('B36 of a hard link pair the renamed name keeps its id', () => {
    const { scan, user, at } = fresh();
    user.write(at('a'), 'shared');
    user.link(at('a'), at('b'));
    scan.synced();
    const before = scan.ids();
    assert.notEqual(before['a'], before['b']);
    assert.equal(scan.stalls().filter((stall) => stall.startsWith('HardLinkCopied')).length, 1);
    user.rename(at('b'), at('c'));
    scan.settleHinted(['']);
    assert.deepEqual(scan.ids(), { a: before['a'], c: before['b'] });
  });

  test('a new hard link is a copy, never a move', () => {
    const { scan, user, at } = fresh();
    user.folder(at('d'));
    user.write(at('d/a'), 'shared');
    scan.synced();
    const id = scan.id('d/a');
    user.link(at('d/a'), at('b'));
    scan.settleHinted(['']);
    assert.equal(scan.id('d/a'), id);
    assert.notEqual(scan.id('b'), id);
    assert.deepEqual(scan.stalls(), ['HardLinkCopied b']);
  });

  test('B37 a folder copied anew and deleted is matched by what it holds', () => {
    const { scan, user, at } = fresh();
    user.folder(at('d'));
    for (let i = 0; i < 5; i++) user.write(at(`d/${i}`), `content ${i}`);
    scan.synced();
    const before = scan.ids();
    user.folder(at('e'));
    for (let i = 0; i < 5; i++) user.write(at(`e/${i}`), `content ${i}`);
    user.remove(at('d'));
    scan.settle();
    assert.equal(scan.id('e'), before['d']);
    assert.equal(scan.id('e/3'), before['d/3']);
  });

  test('rule 3 matches a file copied to another folder by its hash', () => {
    const { scan, user, at } = fresh();
    user.folder(at('x'));
    user.write(at('f'), 'unique content');
    scan.synced();
    const id = scan.id('f');
    user.write(at('x/copy'), 'unique content');
    user.remove(at('f'));
    // Both have settled: otherwise the time that each takes says which one is judged first.
    scan.disk.clock.advance(1000);
    scan.settle();
    assert.deepEqual(scan.ids(), { x: scan.id('x'), 'x/copy': id });
  });

  test('C11 a folder deleted and made again is that folder', () => {
    const { scan, user, at } = fresh();
    user.folder(at('d'));
    user.write(at('d/f'), 'x');
    scan.synced();
    const id = scan.id('d');
    const file = scan.id('d/f');
    user.remove(at('d'));
    user.folder(at('d'));
    user.write(at('d/g'), 'other');
    scan.settle();
    assert.equal(scan.id('d'), id);
    assert.equal(scan.stateOf(file), 'gone');
  });

  test('a folder made at the slot of one that was renamed is found although another one is younger', () => {
    const { scan, user, at } = fresh();
    for (const path of ['d', 'f']) user.folder(at(path));
    scan.synced();
    const id = scan.id('f');
    scan.disk.clock.advance(10_000);
    user.rename(at('f'), at('g'));
    user.folder(at('f'));
    scan.disk.clock.advance(1000);
    user.folder(at('d/younger'));
    // The first look sees all three, and nobody tells of them again.
    scan.settleHinted(['', 'd']);
    assert.equal(scan.id('g'), id);
    assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['d', 'd/younger', 'f', 'g']);
  });

  test('D1 D7 D8 a change of type is the old node gone and a new one', () => {
    const { scan, user, at } = fresh();
    user.write(at('a'), 'file');
    user.folder(at('b'));
    user.write(at('b/f'), 'x');
    user.write(at('c'), 'file c');
    scan.synced();
    const before = scan.ids();
    user.remove(at('a'));
    user.folder(at('a'));
    user.remove(at('b'));
    user.symlink('nowhere', at('b'));
    user.remove(at('c'));
    user.symlink('a', at('c'));
    scan.settle();
    for (const path of ['a', 'b', 'b/f', 'c']) {
      const id = before[path];
      assert.ok(id !== undefined);
      assert.equal(scan.stateOf(id), 'gone', path);
    }
    assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['a', 'b', 'c']);
  });
});
