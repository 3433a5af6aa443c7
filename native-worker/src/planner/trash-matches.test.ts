/** What was deleted and comes back is restored with its ids (engine §4, rule 3; catalogue S10). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Scenario, type TreeOf } from './testing/scenario.ts';

const D: TreeOf = { 'd/': '', 'd/1': 'one', 'd/2': 'two', 'd/e/': '', 'd/e/3': 'three' };
const PATHS = ['d', 'd/1', 'd/2', 'd/e', 'd/e/3'];

function deleted(tree: TreeOf, path = 'd', side: 'local' | 'remote' = 'local'): Scenario {
  const s = new Scenario(tree);
  s.actor(side).remove(path);
  s.settle();
  return s;
}

function create(s: Scenario, tree: TreeOf): void {
  for (const [path, content] of Object.entries(tree)) s.local.create(path, content);
}

describe('what comes back from the trash', () => {
  for (const side of ['local', 'remote'] as const) {
    test(`S10 a folder deleted on the ${side} side and copied back keeps all ids and sends nothing`, () => {
      const before = new Scenario({ ...D, x: 'x' });
      const ids = PATHS.map((path) => before.remote.id(path));
      const s = deleted({ ...D, x: 'x' }, 'd', side);
      create(s, D);
      const { tree, kinds, plans, cells } = s.settle();
      assert.deepEqual(tree, { ...D, x: 'x' });
      assert.deepEqual(kinds, ['remote-restore']);
      assert.deepEqual(
        PATHS.map((path) => s.remote.id(path)),
        ids,
      );
      const all = plans.flatMap(({ operations }) => operations.map(({ kind }) => kind));
      assert.ok(!all.includes('remote-upload') && !all.includes('local-download'), all.join(' '));
      assert.ok(cells.has('new.restored'));
    });
  }

  test('a part of a folder that comes back restores the folder, and the rest stays in the trash', () => {
    const s = deleted({ ...D, 'd/4': 'four' });
    const [d, four] = [s.pair.remote.rows, 'four'];
    const id = [...d.values()].find(({ name }) => name === 'd')?.id;
    create(s, { 'd/': '', 'd/1': 'one', 'd/2': 'two' });
    const { tree } = s.settle();
    assert.deepEqual(tree, { 'd/': '', 'd/1': 'one', 'd/2': 'two' });
    assert.equal(s.remote.id('d'), id);
    assert.equal([...d.values()].find(({ sha256 }) => sha256 === four)?.state, 'trashed');
  });

  test('a folder that comes back under another name, with an edited file, is the same one', () => {
    const s = deleted(D);
    const ids = [...s.pair.remote.rows.values()].filter(({ state }) => state === 'trashed');
    create(s, { 'new/': '', 'new/1': 'one', 'new/2': 'edited', 'new/e/': '', 'new/e/3': 'three' });
    assert.deepEqual(s.settle().tree, {
      'new/': '',
      'new/1': 'one',
      'new/2': 'edited',
      'new/e/': '',
      'new/e/3': 'three',
    });
    for (const [path, name] of [
      ['new', 'd'],
      ['new/1', '1'],
      ['new/2', '2'],
      ['new/e', 'e'],
    ] as const) {
      assert.equal(s.remote.id(path), ids.find((row) => row.name === name)?.id, path);
    }
  });

  test('a file with the bytes of one trashed file is that one, at its new place', () => {
    const s = deleted({ f: 'text', 'd/': '' }, 'f');
    const id = [...s.pair.remote.rows.values()].find(({ name }) => name === 'f')?.id;
    create(s, { 'd/g': 'text' });
    assert.deepEqual(s.settle().tree, { 'd/': '', 'd/g': 'text' });
    assert.equal(s.remote.id('d/g'), id);
  });

  test('two files with the bytes of a trashed one are new, and so is one where two were trashed', () => {
    const twice = deleted({ f: 'text' }, 'f');
    create(twice, { a: 'text', b: 'text' });
    const one = deleted({ 'd/': '', 'd/f': 'text', 'd/g': 'text' });
    create(one, { a: 'text' });
    for (const s of [twice, one]) {
      const { kinds } = s.settle();
      assert.ok(
        kinds.every((kind) => kind === 'remote-upload'),
        kinds.join(' '),
      );
    }
  });

  test('nothing is restored over a live node of the same name, and nothing in download mode', () => {
    const s = deleted({ f: 'text' }, 'f');
    create(s, { f: 'text' });
    s.remote.create('f', 'other');
    assert.ok(!s.plan().operations.some(({ kind }) => kind === 'remote-restore'));
    const down = deleted({ f: 'text' }, 'f');
    create(down, { f: 'text' });
    assert.deepEqual(down.settle({ mode: 'download' }).kinds, []);
  });
});
