/** Without a base (engine §5.6), an entry under a name that the root gave a node is that node's. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LINUX, MACOS, WINDOWS } from './testing/pretend-pair.ts';
import { Scenario, type TreeOf } from './testing/scenario.ts';
import type { Caps } from './types.ts';

const LONG = `${'long '.repeat(12)}name.txt`;

/** Both sides hold the tree, and nothing is known of what belongs to what. */
function withoutBase(tree: TreeOf, caps: Caps): Scenario {
  const s = new Scenario(tree, { caps });
  for (const id of s.pair.base.rows.keys()) s.pair.removeBase(id);
  const { remote, local } = s.pair.allDirty();
  for (const id of remote) s.pair.dirtyRemote.add(id);
  for (const id of local) s.pair.dirtyLocal.add(id);
  return s;
}

describe('names that a root holds otherwise, without a base', () => {
  for (const [what, tree, caps] of [
    ['differ only in case', { a: '1', A: '2', 'b/': '', 'B/': '', 'B/f': '3' }, MACOS],
    ['Windows cannot hold', { 'a:b': '1', 'con/': '', 'con/f?': '2' }, WINDOWS],
    ['are too long', { [LONG]: '1' }, { ...LINUX, nameMax: 48 }],
  ] as const) {
    test(`names that ${what} meet their nodes again`, () => {
      const s = withoutBase(tree, caps);
      const before = s.local.tree();
      const { remote, local, kinds } = s.settle();
      assert.deepEqual([remote, local], [s.remote.tree(), before]);
      assert.equal(Object.keys(remote).length, Object.keys(tree).length);
      assert.ok(kinds.every((kind) => kind === 'bind'));
    });
  }

  test('an entry that enters a plan by itself brings its node in', () => {
    const s = withoutBase({ a: '1', A: '2' }, MACOS);
    s.pair.takeDirty();
    const numbered = s.pair.local
      .children(s.local.id(''))
      .find(({ name }) => name.endsWith(' (2)'));
    assert.ok(numbered !== undefined);
    s.pair.dirtyLocal.add(numbered.id);
    assert.equal(Object.keys(s.settle().remote).length, 2);
  });

  test('other bytes under such a name are a file of their own', () => {
    const s = withoutBase({ a: '1', A: '2' }, MACOS);
    const numbered = s.pair.local
      .children(s.local.id(''))
      .find(({ name }) => name.endsWith(' (2)'));
    assert.ok(numbered !== undefined);
    s.local.edit(numbered.name, 'other');
    assert.equal(Object.keys(s.settle().remote).length, 3);
  });

  test('an entry whose name another one had by its number meets its node again', () => {
    const s = new Scenario({ A: '1', a: '2' }, { caps: MACOS });
    const numbered = Object.keys(s.local.tree()).find((name) => name.endsWith(' (2)')) ?? '';
    s.remote.create(numbered, '3');
    const before = s.settle().local;
    assert.equal(before[`${numbered} (2)`], '3');
    const node = s.remote.id(numbered);
    s.pair.removeBase(node);
    s.pair.dirtyRemote.add(node);
    s.pair.dirtyLocal.add(s.local.id(`${numbered} (2)`));
    const { local, remote } = s.settle();
    assert.deepEqual(local, before);
    assert.equal(Object.keys(remote).length, 3);
  });

  test('a number takes no name that another node has', () => {
    const s = new Scenario({ 'x/': '' }, { caps: MACOS });
    s.remote.create('A', '1').create('a', '2').create('a (2)', '3');
    const { local } = s.settle();
    assert.equal(local['a (2)'], '3');
    assert.equal(Object.keys(local).length, 4);
  });
});
