/** The catalogue's scenarios A (contents) and B (moves), as far as the planner alone can tell them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LINUX, MACOS } from './testing/pretend-pair.ts';
import { CONFLICT, Scenario } from './testing/scenario.ts';

describe('planner scenarios A: contents', () => {
  test('A1 different edits: the remote one keeps the name, the local one is a linked conflict copy', () => {
    const s = new Scenario({ f: 'v1' });
    const node = s.remote.id('f');
    s.local.edit('f', 'local');
    s.remote.edit('f', 'remote');
    const { tree, plans } = s.settle();
    assert.deepEqual(tree, { f: 'remote', [`f ${CONFLICT}`]: 'local' });
    const aside = plans[0]?.operations.find(({ kind }) => kind === 'local-set-aside');
    assert.ok(aside?.kind === 'local-set-aside' && aside.copyOf === node);
    assert.equal(s.remote.id('f'), node);
  });

  test('A2 equal edits are bound without a transfer', () => {
    const s = new Scenario({ f: 'v1' });
    s.local.edit('f', 'same');
    s.remote.edit('f', 'same');
    const { tree, plans } = s.settle();
    assert.deepEqual(tree, { f: 'same' });
    const kinds = plans.flatMap(({ operations }) => operations.map(({ kind }) => kind));
    assert.ok(
      kinds.every((kind) => kind === 'bind' || kind === 'local-set-meta'),
      kinds.join(' '),
    );
  });

  test('A3 created on both sides with different bytes: both live', () => {
    const s = new Scenario({});
    s.local.create('f', 'local');
    s.remote.create('f', 'remote');
    assert.deepEqual(s.settle().tree, { f: 'remote', [`f ${CONFLICT}`]: 'local' });
  });

  test('A4 created on both sides with equal bytes: one node, no transfer', () => {
    const s = new Scenario({});
    s.local.create('f', 'same');
    s.remote.create('f', 'same');
    const { tree, kinds } = s.settle();
    assert.deepEqual(tree, { f: 'same' });
    assert.deepEqual(kinds, ['bind', 'local-set-meta']);
  });

  test('A5 without a base two populated trees are united and nothing is deleted', () => {
    const s = new Scenario({});
    s.local.create('d/').create('d/same', '1').create('d/mine', '2').create('d/both', '3');
    s.remote.create('d/').create('d/same', '1').create('d/theirs', '4').create('d/both', '5');
    const { tree, plans } = s.settle();
    assert.deepEqual(tree, {
      'd/': '',
      'd/both': '5',
      [`d/both ${CONFLICT}`]: '3',
      'd/mine': '2',
      'd/same': '1',
      'd/theirs': '4',
    });
    const kinds = new Set(plans.flatMap(({ operations }) => operations.map(({ kind }) => kind)));
    assert.ok(!kinds.has('local-recycle') && !kinds.has('remote-trash'));
  });

  test('A5 a file that was not hashed is hashed before it is judged, only where sizes agree', () => {
    const s = new Scenario({});
    s.remote.create('f', 'ab').create('g', 'x');
    s.local.create('f', 'ba').create('g', 'longer');
    for (const name of ['f', 'g']) {
      const row = s.pair.local.get(s.local.id(name));
      assert.ok(row);
      const size = name === 'f' ? (s.pair.remote.get(s.remote.id('f'))?.size ?? 0) : 90;
      s.pair.putLocal({ ...row, size, sha256: null });
    }
    const made = s.plan();
    assert.deepEqual(made.hashes, [s.local.id('f')]);
    const asides = made.operations.filter(({ kind }) => kind === 'local-set-aside');
    assert.deepEqual(
      asides.map((each) => 'local' in each && each.local),
      [s.local.id('g')],
    );
  });

  test('A6★ a conflict copy that is edited on both sides becomes a second-level conflict copy', () => {
    const s = new Scenario({ f: 'v1' });
    s.local.edit('f', 'local');
    s.remote.edit('f', 'remote');
    s.settle();
    const copy = `f ${CONFLICT}`;
    s.local.edit(copy, 'again local');
    s.remote.edit(copy, 'again remote');
    assert.deepEqual(s.settle().tree, {
      f: 'remote',
      [copy]: 'again remote',
      [`${copy} ${CONFLICT}`]: 'again local',
    });
  });

  test('A7 two devices that make the same conflict copy end with one', () => {
    const s = new Scenario({ f: 'v1' });
    s.local.create(`f ${CONFLICT}`, 'local');
    s.remote.create(`f ${CONFLICT}`, 'local');
    assert.deepEqual(s.settle().tree, { f: 'v1', [`f ${CONFLICT}`]: 'local' });
  });

  test('A8 deleted here and edited there: the edit lives', () => {
    const s = new Scenario({ f: 'v1' });
    s.local.remove('f');
    s.remote.edit('f', 'v2');
    assert.deepEqual(s.settle().tree, { f: 'v2' });
  });

  test('A9 edited here and deleted there: restored with the same id', () => {
    const s = new Scenario({ f: 'v1' });
    const node = s.remote.id('f');
    s.local.edit('f', 'v2');
    s.remote.remove('f');
    assert.deepEqual(s.settle().tree, { f: 'v2' });
    assert.equal(s.remote.id('f'), node);
  });

  test('A9 what was purged is made anew', () => {
    const s = new Scenario({ 'd/': '', 'd/f': 'v1' });
    const [folder, file] = [s.remote.id('d'), s.remote.id('d/f')];
    s.local.edit('d/f', 'v2');
    s.pair.remote.remove(file);
    s.pair.remote.remove(folder);
    s.pair.dirtyRemote.add(file).add(folder);
    const { tree, cells } = s.settle();
    assert.deepEqual(tree, { 'd/': '', 'd/f': 'v2' });
    assert.ok(cells.has('new.purged'));
    assert.notEqual(s.remote.id('d/f'), file);
  });

  for (const side of ['local', 'remote'] as const) {
    test(`A10 a touch on the ${side} side does not beat a deletion`, () => {
      const s = new Scenario({ f: 'v1' });
      s.actor(side).touch('f');
      s.actor(side === 'local' ? 'remote' : 'local').remove('f');
      assert.deepEqual(s.settle().tree, {});
    });

    test(`A11 a touch on the ${side} side makes no conflict with an edit`, () => {
      const s = new Scenario({ f: 'v1' });
      s.actor(side).touch('f');
      s.actor(side === 'local' ? 'remote' : 'local').edit('f', 'v2');
      assert.deepEqual(s.settle().tree, { f: 'v2' });
    });
  }

  test('A12 deleted on both sides: gone without a word', () => {
    const s = new Scenario({ f: 'v1' });
    s.local.remove('f');
    s.remote.remove('f');
    const { tree, kinds } = s.settle();
    assert.deepEqual(tree, {});
    assert.deepEqual(kinds, ['forget']);
  });

  test('A13★ A14 an edit counts whatever its time says', () => {
    const s = new Scenario({ f: 'v1' });
    const before = s.pair.local.get(s.local.id('f'));
    assert.ok(before);
    s.pair.putLocal({
      ...before,
      sha256: 'v2' as never,
      size: before.size,
      ctimeNs: before.ctimeNs + 1n,
    });
    assert.deepEqual(s.settle().tree, { f: 'v2' });
    const after = s.pair.local.get(s.local.id('f'));
    assert.ok(after);
    s.pair.putLocal({ ...after, sha256: 'v3' as never, mtimeNs: 5n, ctimeNs: after.ctimeNs + 1n });
    assert.deepEqual(s.settle().tree, { f: 'v3' });
  });

  test('A15 a remote revision with an older or equal time comes down', () => {
    const s = new Scenario({ f: 'v1' });
    const row = s.pair.remote.get(s.remote.id('f'));
    assert.ok(row);
    s.pair.putRemote({ ...row, sha256: 'v2' as never, rev: row.rev + 1, mtimeMs: row.mtimeMs });
    assert.deepEqual(s.settle().local, { f: 'v2' });
  });

  for (const ns of [0n, -1_500_000n, 4_102_444_800_000_499_999n, 999_999n, 500_000n]) {
    test(`A16 a time of ${ns} ns converges and stays`, () => {
      const s = new Scenario({ f: 'v1' });
      const row = s.pair.local.get(s.local.id('f'));
      assert.ok(row);
      s.pair.putLocal({ ...row, mtimeNs: ns, ctimeNs: row.ctimeNs + 1n });
      const { rounds } = s.settle();
      assert.equal(rounds, 1);
      assert.deepEqual(s.settle().plans[0]?.operations, []);
    });
  }

  test('A22 a truncation and a growth from nothing are edits', () => {
    const s = new Scenario({ f: 'v1', g: '' });
    s.local.edit('f', '').edit('g', 'grown');
    assert.deepEqual(s.settle().tree, { f: '', g: 'grown' });
  });
});

describe('planner scenarios B: moves', () => {
  test('B1 a rename is one operation and keeps the id', () => {
    const s = new Scenario({ f: 'v1' });
    const node = s.remote.id('f');
    s.local.move('f', 'g');
    const { tree, kinds } = s.settle();
    assert.deepEqual([tree, kinds], [{ g: 'v1' }, ['remote-place']]);
    assert.equal(s.remote.id('g'), node);
  });

  for (const side of ['local', 'remote'] as const) {
    test(`B2 a folder of many renamed on the ${side} side is one operation`, () => {
      const files = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`d/${n}`, `v${n}`]));
      const s = new Scenario({ 'd/': '', ...files });
      s.actor(side).move('d', 'e');
      const { plans, rounds } = s.settle();
      assert.equal(rounds, 1);
      assert.equal(plans[0]?.operations.length, 1);
    });
  }

  test('B3 rename and edit in one beat: one node with the new name and content', () => {
    const s = new Scenario({ f: 'v1' });
    const node = s.remote.id('f');
    s.local.move('f', 'g').edit('g', 'v2');
    assert.deepEqual(s.settle().tree, { g: 'v2' });
    assert.equal(s.remote.id('g'), node);
  });

  test('B4★ renamed here, edited there: one node with both', () => {
    const s = new Scenario({ a: 'v1' });
    s.local.move('a', 'b');
    s.remote.edit('a', 'v2');
    assert.deepEqual(s.settle().tree, { b: 'v2' });
  });

  test('B5★ renamed to two names: the remote one wins, one node', () => {
    const s = new Scenario({ f: 'v1' });
    s.local.move('f', 'x');
    s.remote.move('f', 'y');
    assert.deepEqual(s.settle().tree, { y: 'v1' });
  });

  test('B6 renamed to one name on both sides', () => {
    const s = new Scenario({ f: 'v1' });
    s.local.move('f', 'x');
    s.remote.move('f', 'x');
    const { tree, kinds } = s.settle();
    assert.deepEqual([tree, kinds], [{ x: 'v1' }, ['bind']]);
  });

  test('B7 two files renamed to one name: both contents live, both ids stay', () => {
    const s = new Scenario({ a: '1', b: '2' });
    const [a, b] = [s.remote.id('a'), s.remote.id('b')];
    s.local.move('a', 'c');
    s.remote.move('b', 'c');
    assert.deepEqual(s.settle().tree, { c: '2', [`c ${CONFLICT}`]: '1' });
    assert.deepEqual([s.remote.id('c'), s.remote.id(`c ${CONFLICT}`)], [b, a]);
  });

  test('B8 renamed to a name that is created there: both live', () => {
    const s = new Scenario({ a: '1' });
    s.local.move('a', 'c');
    s.remote.create('c', '2');
    assert.deepEqual(s.settle().tree, { c: '2', [`c ${CONFLICT}`]: '1' });
  });

  test('B9 renamed here, deleted there: it lives', () => {
    const s = new Scenario({ a: '1' });
    s.local.move('a', 'b');
    s.remote.remove('a');
    assert.deepEqual(s.settle().tree, { b: '1' });
  });

  for (const side of ['local', 'remote'] as const) {
    test(`B10 a swap on the ${side} side follows the ids`, () => {
      const s = new Scenario({ a: '1', b: '2' });
      const [a, b] = [s.remote.id('a'), s.remote.id('b')];
      s.actor(side).swap('a', 'b');
      const { tree, cells } = s.settle();
      assert.deepEqual(tree, { a: '2', b: '1' });
      assert.deepEqual([s.remote.id('a'), s.remote.id('b')], [b, a]);
      assert.ok(cells.has(side === 'local' ? 'order.staged-remote' : 'order.staged-local'));
    });

    test(`B10 a rotation of three on the ${side} side uses one rename into staging`, () => {
      const s = new Scenario({ a: '1', b: '2', c: '3' });
      s.actor(side).move('a', 't').move('c', 'a').move('b', 'c').move('t', 'b');
      const { tree, plans } = s.settle();
      assert.deepEqual(tree, { a: '3', b: '1', c: '2' });
      const staged = plans[0]?.operations.filter((each) => 'viaStaging' in each && each.viaStaging);
      assert.equal(staged?.length, 1);
    });

    test(`B11 a chain of renames on the ${side} side needs no staging`, () => {
      const s = new Scenario({ a: '1', b: '2', c: '3' });
      s.actor(side).move('c', 'd').move('b', 'c').move('a', 'b');
      const { tree, rounds } = s.settle();
      assert.deepEqual(tree, { b: '1', c: '2', d: '3' });
      assert.equal(rounds, 1);
    });

    test(`B12 a vertical chain of moves on the ${side} side`, () => {
      const s = new Scenario({ '0/': '', '0/0/': '', '0/0/0/': '', q: 'q', '0/r': 'r' });
      s.actor(side).move('0/r', '0/0/r').move('q', '0/q').move('0/0/r', '0/0/0/r');
      assert.deepEqual(s.settle().tree, {
        '0/': '',
        '0/0/': '',
        '0/0/0/': '',
        '0/0/0/r': 'r',
        '0/q': 'q',
      });
    });

    test(`a parent and its child change places on the ${side} side`, () => {
      const s = new Scenario({ 'a/': '', 'a/b/': '', 'a/b/f': '1' });
      const [a, b] = [s.remote.id('a'), s.remote.id('a/b')];
      s.actor(side).move('a/b', 'b').move('a', 'b/a');
      assert.deepEqual(s.settle().tree, { 'b/': '', 'b/a/': '', 'b/f': '1' });
      assert.deepEqual([s.remote.id('b'), s.remote.id('b/a')], [b, a]);
    });
  }

  test('B17 folder renamed here, child edited there', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1' });
    s.local.move('d', 'e');
    s.remote.edit('d/f', '2');
    assert.deepEqual(s.settle().tree, { 'e/': '', 'e/f': '2' });
  });

  test('B18 folder renamed here, child deleted there: not resurrected', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1' });
    s.local.move('d', 'e');
    s.remote.remove('d/f');
    assert.deepEqual(s.settle().tree, { 'e/': '' });
  });

  test('B19 folder renamed here, child added there: it lands in the renamed folder', () => {
    const s = new Scenario({ 'd/': '' });
    s.local.move('d', 'e');
    s.remote.create('d/f', '1');
    assert.deepEqual(s.settle().tree, { 'e/': '', 'e/f': '1' });
  });

  test('B20★ outer folder renamed here, inner one renamed and a file edited there', () => {
    const s = new Scenario({ 'o/': '', 'o/i/': '', 'o/i/f': '1' });
    s.local.move('o', 'p');
    s.remote.move('o/i', 'o/j').edit('o/j/f', '2');
    assert.deepEqual(s.settle().tree, { 'p/': '', 'p/j/': '', 'p/j/f': '2' });
  });

  test('B22 renamed over an existing name here, which was renamed there', () => {
    const s = new Scenario({ a: '1', b: '2' });
    s.local.remove('b').move('a', 'b');
    s.remote.move('b', 'c');
    assert.deepEqual(s.settle().tree, { b: '1', c: '2' });
  });

  for (const side of ['local', 'remote'] as const) {
    test(`B23 renamed and created anew in one beat on the ${side} side: a new id`, () => {
      const s = new Scenario({ a: '1' });
      const node = s.remote.id('a');
      s.actor(side).move('a', 'b').create('a', '2');
      assert.deepEqual(s.settle().tree, { a: '2', b: '1' });
      assert.equal(s.remote.id('b'), node);
    });

    test(`B25 moved into new folders on the ${side} side`, () => {
      const s = new Scenario({ f: '1' });
      s.actor(side).create('x/').create('x/y/').create('x/y/z/').move('f', 'x/y/z/f');
      const { tree, rounds } = s.settle();
      assert.deepEqual(tree, { 'x/': '', 'x/y/': '', 'x/y/z/': '', 'x/y/z/f': '1' });
      assert.equal(rounds, 1);
    });

    test(`B29 rename-replace of a file and of a folder on the ${side} side`, () => {
      const s = new Scenario({ a: '1', b: '2', 'c/': '', 'c/f': '3', 'd/': '', 'd/g': '4' });
      s.actor(side).remove('b').move('a', 'b').remove('d').move('c', 'd');
      assert.deepEqual(s.settle().tree, { b: '1', 'd/': '', 'd/f': '3' });
    });

    for (const [system, caps] of Object.entries({ LINUX, MACOS })) {
      test(`B31 a case-only rename on the ${side} side is one move (${system})`, () => {
        const s = new Scenario({ f: '1', 'd/': '', 'd/g': '2' }, { caps });
        s.actor(side).move('f', 'F').move('d', 'D');
        const { tree, local, kinds } = s.settle();
        assert.deepEqual(tree, { 'D/': '', 'D/g': '2', F: '1' });
        assert.deepEqual(local, tree);
        const kind = side === 'local' ? 'remote-place' : 'local-place';
        assert.deepEqual(kinds, [kind, kind]);
      });
    }
  }
});
