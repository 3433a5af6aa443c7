/** Which operations wait for which (engine §5.7): each rule by itself, and what breaks a cycle. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Operation } from './operations.ts';
import { Scenario } from './testing/scenario.ts';

/** `kind < kind` for each edge of a plan: the left one waits for the right one. */
function edges(operations: readonly Operation[]): readonly string[] {
  const kinds = new Map(operations.map(({ id, kind }) => [id, kind]));
  return operations
    .flatMap(({ kind, after }) => after.map((id) => `${kind} < ${kinds.get(id) ?? '?'}`))
    .sort();
}

test('an operation to another place has another id', () => {
  const ids = ['a', 'b', 'd/f'].map((path) => {
    const s = new Scenario({ f: '1', 'd/': '' });
    s.remote.move('f', path);
    return s
      .plan()
      .operations.map(({ id }) => id)
      .join();
  });
  assert.equal(new Set(ids).size, 3);
});

describe('planner order', () => {
  test('(a) a parent is made before its child, on each side', () => {
    const s = new Scenario({});
    s.local.create('l/').create('l/f', '1');
    s.remote.create('r/').create('r/f', '2');
    assert.deepEqual(edges(s.plan().operations), [
      'local-download < local-make-folder',
      'remote-upload < remote-make-folder',
    ]);
  });

  test('(b) the new parent exists before a move into it', () => {
    const s = new Scenario({ f: '1', g: '2' });
    s.local.create('l/').move('f', 'l/f');
    s.remote.create('r/').move('g', 'r/g');
    assert.deepEqual(edges(s.plan().operations), [
      'local-place < local-make-folder',
      'remote-place < remote-make-folder',
    ]);
  });

  test('(c) what moves out of a folder moves before that is deleted', () => {
    const s = new Scenario({
      'l/': '',
      'l/s/': '',
      'l/s/f': '1',
      'r/': '',
      'r/s/': '',
      'r/s/g': '2',
    });
    s.local.move('l/s/f', 'f').remove('l');
    s.remote.move('r/s/g', 'g').remove('r');
    assert.deepEqual(edges(s.plan().operations), [
      'local-recycle < local-place',
      'remote-trash < remote-place',
    ]);
  });

  test('(d) a slot is freed by a deletion before a move or a creation fills it', () => {
    const s = new Scenario({ a: '1', b: '2', c: '3', d: '4', e: '5', f: '6' });
    s.local.remove('a').move('b', 'a').remove('c').create('c', 'new');
    s.remote.remove('d').move('e', 'd').remove('f').create('f/');
    assert.deepEqual(edges(s.plan().operations), [
      'local-make-folder < local-recycle',
      'local-place < local-recycle',
      'remote-place < remote-trash',
      'remote-upload < remote-trash',
    ]);
  });

  test('(e) a slot is freed by a move before a move or a creation fills it', () => {
    const s = new Scenario({ a: '1', b: '2', c: '3', d: '4' });
    s.local.move('a', 'x').move('b', 'a').create('b', 'new');
    s.remote.move('c', 'y').move('d', 'c').create('d', 'new');
    assert.deepEqual(edges(s.plan().operations), [
      'local-download < local-place',
      'local-place < local-place',
      'remote-place < remote-place',
      'remote-upload < remote-place',
    ]);
  });

  for (const side of ['local', 'remote'] as const) {
    test(`(f) in an inversion on the ${side} side the inner folder goes first`, () => {
      const s = new Scenario({ 'a/': '', 'a/b/': '' });
      const [a, b] = [s.remote.id('a'), s.remote.id('a/b')];
      s.actor(side).move('a/b', 'b').move('a', 'b/a');
      const { operations } = s.plan();
      const of = (node: string) => operations.find((each) => 'node' in each && each.node === node);
      assert.deepEqual(of(a)?.after, [of(b)?.id]);
      assert.deepEqual(of(b)?.after, []);
    });
  }

  test('(g) what must not come back is trashed before the folder around it is restored', () => {
    const s = new Scenario({ 'd/': '', 'd/f': '1', 'd/g': '2' });
    s.remote.remove('d');
    s.local.edit('d/f', '3');
    assert.deepEqual(edges(s.plan().operations), [
      'remote-restore < remote-trash',
      'remote-upload < remote-restore',
    ]);
  });

  test('a rename here of what is renamed there as well comes first', () => {
    const s = new Scenario({ a: '1', b: '2' });
    s.local.move('a', 'c');
    s.remote.move('b', 'c');
    const { operations } = s.plan();
    assert.deepEqual(edges(operations), [
      'local-place < local-place',
      'remote-place < local-place',
    ]);
  });

  for (const side of ['local', 'remote'] as const) {
    test(`a cycle on the ${side} side is broken by staging a file rather than a folder`, () => {
      const s = new Scenario({ 'a/': '', b: '2' });
      s.actor(side).swap('a', 'b');
      const staged = s.plan().operations.filter((each) => 'viaStaging' in each && each.viaStaging);
      assert.equal(staged.length, 1);
      const node = staged[0] !== undefined && 'node' in staged[0] ? staged[0].node : null;
      assert.equal(s.pair.remote.get(node ?? s.remote.id(''))?.kind, 'file');
    });
  }

  test('operations that are not bound by a rule have no edges', () => {
    const s = new Scenario({ a: '1', b: '2', 'd/': '', 'd/f': '3', c: '4' });
    s.local.edit('a', 'x').move('d/f', 'd/g').create('new', 'n');
    s.remote.edit('b', 'y').remove('c');
    assert.deepEqual(edges(s.plan().operations), []);
  });
});

describe('planner operations', () => {
  test('an id depends on kind, ids and what was seen, and on nothing else', () => {
    const ids = (content: string, time: string): readonly string[] => {
      const s = new Scenario({ a: '1', b: '2' });
      s.local.edit('a', content).create('n', 'n');
      s.remote.edit('b', 'y');
      return s.plan({ planningTime: time }).operations.map(({ id }) => id);
    };
    assert.deepEqual(ids('ab', '1'), ids('ab', '2'));
    assert.notDeepEqual(ids('ab', '1'), ids('abc', '1'));
    assert.match(ids('ab', '1')[0] ?? '', /^[0-9a-f]{32}$/);
  });

  test('an operation says what it saw of its entry and its node', () => {
    const s = new Scenario({ a: '1' });
    s.remote.edit('a', '2');
    const row = s.pair.local.get(s.local.id('a'));
    assert.ok(row);
    const { ino, size, mtimeNs, ctimeNs } = row;
    const [download] = s.plan().operations;
    assert.deepEqual(download?.saw, {
      rev: 2,
      local: { kind: 'file', ino, size, mtimeNs, ctimeNs },
    });
  });

  test('one edit reads its neighbourhood, not the tree', () => {
    const files: Record<string, string> = {};
    for (let folder = 0; folder < 60; folder++) {
      files[`d${folder}/`] = '';
      for (let file = 0; file < 60; file++) files[`d${folder}/f${file}`] = 'x';
    }
    const s = new Scenario(files);
    s.local.edit('d7/f7', 'edited').move('d9', 'e9');
    const trees = s.pair.trees();
    let reads = 0;
    const counted = <T extends object>(side: T): T =>
      new Proxy(side, {
        get(target, field) {
          reads++;
          return Reflect.get(target, field) as unknown;
        },
      });
    s.pair.trees = () => ({
      ...trees,
      remote: counted(trees.remote),
      local: counted(trees.local),
      base: counted(trees.base),
    });
    assert.equal(s.plan().operations.length, 2);
    assert.ok(reads < 80, `${reads} reads`);
  });
});

test('planning what is in sync gives nothing, whatever is said to be dirty', () => {
  const s = new Scenario({ 'd/': '', 'd/f': '1', g: '->f' });
  const { remote, local } = s.pair.allDirty();
  for (const id of remote) s.pair.dirtyRemote.add(id);
  for (const id of local) s.pair.dirtyLocal.add(id);
  const waiting = { remote: [], local: [] };
  assert.deepEqual(s.plan(), { operations: [], holds: [], stalls: [], hashes: [], waiting });
});
