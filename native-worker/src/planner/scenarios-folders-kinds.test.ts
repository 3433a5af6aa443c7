/** The catalogue's scenarios C (folders that are deleted), D (changes of kind) and K (several at once). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CONFLICT, Scenario, type TreeOf } from './testing/scenario.ts';

const OTHER = { local: 'remote', remote: 'local' } as const;
const SIDES = ['local', 'remote'] as const;

describe('planner scenarios C: deleted folders and what is in them', () => {
  for (const side of SIDES) {
    const other = OTHER[side];

    test(`C1 deleted on the ${side} side, a child added on the other: only the child is left`, () => {
      const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/s/': '', 'd/s/g': '2' });
      const node = s.remote.id('d');
      s.actor(side).remove('d');
      s.actor(other).create('d/new', '3');
      assert.deepEqual(s.settle().tree, { 'd/': '', 'd/new': '3' });
      assert.equal(s.remote.id('d'), node);
    });

    test(`C2 deleted on the ${side} side, a child edited on the other: it survives in place`, () => {
      const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/g': '2' });
      const nodes = [s.remote.id('d'), s.remote.id('d/f')];
      s.actor(side).remove('d');
      s.actor(other).edit('d/f', '3');
      assert.deepEqual(s.settle().tree, { 'd/': '', 'd/f': '3' });
      assert.deepEqual([s.remote.id('d'), s.remote.id('d/f')], nodes);
    });

    test(`C3 deleted on the ${side} side, a file moved into it on the other: the file survives`, () => {
      const s = new Scenario({ 'd/': '', 'd/g': '2', f: '1' });
      s.actor(side).remove('d');
      s.actor(other).move('f', 'd/f');
      assert.deepEqual(s.settle().tree, { 'd/': '', 'd/f': '1' });
    });

    test(`C4 deleted on the ${side} side, a child moved out on the other: it survives outside`, () => {
      const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/g': '2' });
      s.actor(side).remove('d');
      s.actor(other).move('d/f', 'f');
      assert.deepEqual(s.settle().tree, { f: '1' });
    });

    test(`C5 deleted on the ${side} side, renamed on the other: the rename wins, children and all`, () => {
      const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/s/': '', 'd/s/g': '2' });
      s.actor(side).remove('d');
      s.actor(other).move('d', 'e');
      const { tree, cells } = s.settle();
      assert.deepEqual(tree, { 'e/': '', 'e/f': '1', 'e/s/': '', 'e/s/g': '2' });
      assert.ok(cells.has(`folder.moves-with-children-${other}`));
    });

    test(`C6 deleted on the ${side} side, a child renamed in place on the other`, () => {
      const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/g': '2' });
      s.actor(side).remove('d');
      s.actor(other).move('d/f', 'd/h');
      assert.deepEqual(s.settle().tree, { 'd/': '', 'd/h': '1' });
    });

    test(`C8 many folders deleted on the ${side} side, each with a child added on the other`, () => {
      const before: Record<string, string> = {};
      const after: Record<string, string> = {};
      for (let n = 100; n < 150; n++) {
        before[`${n}/`] = after[`${n}/`] = '';
        before[`${n}/old`] = `old ${n}`;
        after[`${n}/new`] = `new ${n}`;
      }
      const s = new Scenario(before, { policy: { holdCountMax: 1000, holdShareMax: 2 } });
      for (let n = 100; n < 150; n++) {
        s.actor(side).remove(`${n}`);
        s.actor(other).create(`${n}/new`, `new ${n}`);
      }
      assert.deepEqual(s.settle().tree, after);
    });

    test(`C11 a folder deleted on the ${side} side and made again later is a new one`, () => {
      const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
      s.actor(side).remove('d');
      assert.deepEqual(s.settle().tree, { g: 'g' });
      s.actor(side).create('d/').create('d/f', '1');
      assert.deepEqual(s.settle().tree, { 'd/': '', 'd/f': '1', g: 'g' });
    });

    test(`C13 an empty folder made and deleted on the ${side} side`, () => {
      const s = new Scenario({ g: 'g' });
      s.actor(side).create('d/').create('d/e/');
      assert.deepEqual(s.settle().tree, { 'd/': '', 'd/e/': '', g: 'g' });
      s.actor(side).remove('d');
      assert.deepEqual(s.settle().tree, { g: 'g' });
    });

    test(`an unchanged folder deleted on the ${side} side goes by one operation`, () => {
      const s = new Scenario({ 'd/': '', 'd/s/': '', 'd/s/f': '1', g: 'g' });
      s.actor(side).remove('d');
      const { kinds, tree } = s.settle();
      assert.deepEqual(kinds, [side === 'local' ? 'remote-trash' : 'local-recycle']);
      assert.deepEqual(tree, { g: 'g' });
    });
  }

  test('C9 a folder that holds only ignored entries is recycled like an unchanged one', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
    s.local.create('d/junk', 'junk');
    const junk = s.pair.local.get(s.local.id('d/junk'));
    assert.ok(junk);
    s.pair.putLocal({ ...junk, state: 'detached' });
    s.remote.remove('d');
    assert.deepEqual(
      s.plan().operations.map(({ kind }) => kind),
      ['local-recycle'],
    );
  });

  test('C10 a folder with something that could not be looked at is not deleted, the rest in it is', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/g': '2', h: 'h' });
    const row = s.pair.local.get(s.local.id('d/f'));
    assert.ok(row);
    s.pair.putLocal({ ...row, state: 'unknown' });
    s.remote.remove('d');
    const { operations } = s.plan();
    assert.deepEqual(
      operations.map((each) => [each.kind, 'local' in each && each.local]),
      [['local-recycle', s.local.id('d/g')]],
    );
  });
});

describe('planner scenarios D: changes of kind', () => {
  for (const side of SIDES) {
    test(`D1 file to folder and folder to file on the ${side} side`, () => {
      const s = new Scenario({ a: '1', 'b/': '', 'b/f': '2' });
      s.actor(side).remove('a').create('a/').create('a/f', '3').remove('b').create('b', '4');
      assert.deepEqual(s.settle().tree, { 'a/': '', 'a/f': '3', b: '4' });
    });

    test(`D2★ a file becomes a folder on the ${side} side and is edited on the other: both contents`, () => {
      const s = new Scenario({ a: '1' });
      s.actor(side).remove('a').create('a/').create('a/bar', '2');
      s.actor(OTHER[side]).edit('a', '3');
      const { tree, cells } = s.settle();
      assert.deepEqual(tree, { 'a/': '', 'a/bar': '2', [`a ${CONFLICT}`]: '3' });
      assert.ok(cells.has('slot.folder-keeps-name'));
    });

    test(`D6 renamed on the ${side} side, a folder of its name made on the other`, () => {
      const s = new Scenario({ a: '1' });
      s.actor(side).move('a', 'b');
      s.actor(OTHER[side]).remove('a').create('a/');
      assert.deepEqual(s.settle().tree, { 'a/': '', b: '1' });
    });

    test(`D7 file to symbolic link and back on the ${side} side`, () => {
      const s = new Scenario({ f: '1' });
      s.actor(side).remove('f').create('f', '->elsewhere');
      assert.deepEqual(s.settle().tree, { f: '->elsewhere' });
      s.actor(side).remove('f').create('f', '1');
      assert.deepEqual(s.settle().tree, { f: '1' });
    });

    test(`D8 a folder replaced by a symbolic link on the ${side} side`, () => {
      const s = new Scenario({ 'd/': '', 'd/f': '1', g: 'g' });
      s.actor(side).remove('d').create('d', '->g');
      assert.deepEqual(s.settle().tree, { d: '->g', g: 'g' });
    });
  }

  test('D3 links with different targets: the remote one keeps the name', () => {
    const s = new Scenario({ f: '->a' });
    s.local.edit('f', 'b');
    s.remote.edit('f', 'c');
    assert.deepEqual(s.settle().tree, { f: '->c', [`f ${CONFLICT}`]: '->b' });
  });

  test('D9 a file becomes a folder on both sides: the folders are merged', () => {
    const s = new Scenario({ a: '1' });
    s.local.remove('a').create('a/').create('a/l', '2').create('a/both', '4');
    s.remote.remove('a').create('a/').create('a/r', '3').create('a/both', '4');
    assert.deepEqual(s.settle().tree, { 'a/': '', 'a/both': '4', 'a/l': '2', 'a/r': '3' });
  });
});

describe('planner scenarios K: several conflicts at once', () => {
  const before: TreeOf = {
    'A/': '',
    'A/AA': 'aa',
    'A/AB': 'ab',
    'A/AE/': '',
    'B/': '',
    'B/BA': 'ba',
    'B/BE/': '',
  };
  const from = (): Scenario => new Scenario(before, { policy: { holdShareMax: 2 } });

  test('K1 edited and moved here; edited there and its new name taken', () => {
    const s = from();
    s.local.edit('A/AA', 'local').move('A/AA', 'A/AC');
    s.remote.edit('A/AA', 'remote').create('A/AC', 'new');
    const { tree } = s.settle();
    assert.equal(tree['A/AC'], 'new');
    assert.deepEqual(
      new Set(Object.values(tree)),
      new Set(['', 'ab', 'ba', 'new', 'local', 'remote']),
    );
  });

  test('K2 four claims on two slots', () => {
    const s = from();
    s.local.move('A/AA', 'A/AC').create('A/AD', 'l');
    s.remote.create('A/AC', 'r').move('A/AA', 'A/AD');
    const { tree } = s.settle();
    assert.deepEqual([tree['A/AC'], tree['A/AD'], tree[`A/AD ${CONFLICT}`]], ['r', 'aa', 'l']);
  });

  test('K3★ moved into a folder that is deleted there, and elsewhere there', () => {
    const s = from();
    s.local.move('A/AA', 'B/AA');
    s.remote.move('A/AA', 'AA').remove('B');
    assert.deepEqual(s.settle().tree, { 'A/': '', 'A/AB': 'ab', 'A/AE/': '', AA: 'aa' });
  });

  test('K4 moved here to a name created there, deleted there', () => {
    const s = from();
    s.local.move('A/AA', 'A/AC');
    s.remote.create('A/AC', 'new').remove('A/AA');
    const { tree } = s.settle();
    assert.deepEqual([tree['A/AC'], tree[`A/AC ${CONFLICT}`]], ['new', 'aa']);
  });

  test('K5★ two files to one name, one of them deleted there', () => {
    const s = from();
    s.local.move('A/AB', 'A/X');
    s.remote.remove('A/AB').move('A/AA', 'A/X');
    const { tree } = s.settle();
    assert.deepEqual([tree['A/X'], tree[`A/X ${CONFLICT}`]], ['aa', 'ab']);
  });

  test('K6 moved out and made anew here, the folder deleted there', () => {
    const s = from();
    s.local.move('A/AA', 'AA').create('A/AA', 'new');
    s.remote.remove('A');
    assert.deepEqual(s.settle().tree, {
      'A/': '',
      'A/AA': 'new',
      AA: 'aa',
      'B/': '',
      'B/BA': 'ba',
      'B/BE/': '',
    });
  });

  test('K7★ a folder deleted here, its child moved out and filled there', () => {
    const s = from();
    s.local.remove('A');
    s.remote.move('A/AE', 'AE').create('AE/AEA/');
    assert.deepEqual(s.settle().tree, {
      'AE/': '',
      'AE/AEA/': '',
      'B/': '',
      'B/BA': 'ba',
      'B/BE/': '',
    });
  });

  test('K8★ a hidden cycle: no A/B/A, every node once', () => {
    const s = from();
    const nodes = ['A', 'A/AA', 'A/AE', 'B', 'B/BA'].map((path) => s.remote.id(path));
    s.local.move('A/AE', 'AE').move('B', 'AE/B');
    s.remote.move('A/AE', 'AE').move('A', 'B/A');
    const { tree } = s.settle();
    assert.deepEqual(Object.keys(tree), [
      'AE/',
      'AE/B/',
      'AE/B/A/',
      'AE/B/A/AA',
      'AE/B/A/AB',
      'AE/B/BA',
      'AE/B/BE/',
    ]);
    const after = ['AE/B/A', 'AE/B/A/AA', 'AE', 'AE/B', 'AE/B/BA'].map((path) => s.remote.id(path));
    assert.deepEqual(after, nodes);
  });

  test('K9★ a cycle of three nodes is broken by taking back a local move, as a rename', () => {
    const s = new Scenario({ 'A/': '', 'A/a': '1', 'B/': '', 'B/b': '2', 'C/': '', 'C/c': '3' });
    s.local.move('A', 'B/A').move('B', 'C/B');
    s.remote.move('C', 'A/C');
    const { tree, cells, plans } = s.settle();
    assert.ok(cells.has('folder.cycle-undone'));
    assert.deepEqual(new Set(Object.values(tree)), new Set(['', '1', '2', '3']));
    assert.equal(Object.keys(tree).length, 6);
    const kinds = plans.flatMap(({ operations }) => operations.map(({ kind }) => kind));
    assert.ok(
      kinds.every((kind) => kind.endsWith('-place') || kind === 'bind'),
      kinds.join(' '),
    );
  });

  test('K9 A into B against B into A: the remote move stays', () => {
    const s = new Scenario({ 'A/': '', 'A/a': '1', 'B/': '', 'B/b': '2' });
    s.local.move('A', 'B/A');
    s.remote.move('B', 'A/B');
    const { tree, cells } = s.settle();
    assert.ok(cells.has('folder.cycle-undone'));
    assert.deepEqual(tree, { 'A/': '', 'A/B/': '', 'A/B/b': '2', 'A/a': '1' });
  });

  test('K11 an inode that now is a folder is another entry', () => {
    const s = new Scenario({ a: '1', g: 'g' });
    const row = s.pair.local.get(s.local.id('a'));
    assert.ok(row);
    s.pair.putLocal({ ...row, kind: 'folder', sha256: null, size: 0 });
    assert.deepEqual(s.settle().tree, { 'a/': '', g: 'g' });
  });

  test('K12 moved, deleted and moved again between two looks', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', 'e/': '' });
    s.local.move('d', 'x').remove('e').move('x', 'e');
    assert.deepEqual(s.settle().tree, { 'e/': '', 'e/f': '1' });
  });

  test('folders moved and deleted on both sides at once: each move keeps what it moved', () => {
    const s = new Scenario({ 'p/': '', 'p/f': '1', 'q/': '', 'q/g': '2', 'r/': '', 'r/h': '3' });
    s.local.move('p', 'q/p').remove('r');
    s.remote.move('r', 'p/r').remove('q');
    const { tree } = s.settle();
    assert.deepEqual(tree, { 'q/': '', 'q/p/': '', 'q/p/f': '1', 'q/p/r/': '', 'q/p/r/h': '3' });
  });
});
