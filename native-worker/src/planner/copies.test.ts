/** Conflict copies that are not made: equal bytes, and nodes that have copies enough (engine §7). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contentOf } from './testing/pretend-pair.ts';
import { CONFLICT, Scenario } from './testing/scenario.ts';

const OTHER = 'f (conflict desk 2026-11-23 09-00-00)';

/** A node with this content that has `count` open copies. */
function crowded(count: number): Scenario {
  const s = new Scenario({ f: 'v1' });
  const node = s.remote.id('f');
  for (let n = 0; n < count; n++) s.remote.create(`copy ${n}`, `loser ${n}`, node);
  s.settle();
  return s;
}

describe('conflict copies', () => {
  test('A7 the second device that meets a conflict keeps the copy that the first one made', () => {
    const s = new Scenario({ f: 'v1' });
    const node = s.remote.id('f');
    s.local.edit('f', 'ours');
    s.remote.edit('f', 'theirs').create(OTHER, 'ours', node);
    const { tree, local } = s.settle();
    assert.deepEqual(tree, { f: 'theirs', [OTHER]: 'ours' });
    assert.deepEqual(local, tree);
    assert.equal(s.remote.id('f'), node);
    assert.ok(s.pair.recycled.has(contentOf('ours')));
  });

  test('A7 a new file whose bytes are a copy of the one at its slot makes no second copy', () => {
    const s = new Scenario({});
    s.local.create('f', 'ours');
    s.remote.create('f', 'theirs');
    s.remote.create(OTHER, 'ours', s.remote.id('f'));
    const { tree, local } = s.settle();
    assert.deepEqual(tree, { f: 'theirs', [OTHER]: 'ours' });
    assert.deepEqual(local, tree);
  });

  test('A7 a copy that was deleted here does not stand for the bytes of a new one', () => {
    const s = new Scenario({ f: 'v1' });
    s.remote.create(OTHER, 'ours', s.remote.id('f'));
    s.settle();
    s.local.remove(OTHER).edit('f', 'ours');
    s.remote.edit('f', 'theirs');
    assert.deepEqual(s.settle().tree, { f: 'theirs', [`f ${CONFLICT}`]: 'ours' });
  });

  test('the ninth open copy is followed by a tenth', () => {
    const s = crowded(9);
    s.local.edit('f', 'ours');
    s.remote.edit('f', 'theirs');
    const { tree } = s.settle();
    assert.deepEqual([tree['f'], tree[`f ${CONFLICT}`]], ['theirs', 'ours']);
  });

  test('with ten open copies the remote content becomes a version of the node', () => {
    const s = crowded(10);
    const node = s.remote.id('f');
    s.local.edit('f', 'ours');
    s.remote.edit('f', 'theirs');
    const { tree, local } = s.settle();
    assert.equal(Object.keys(tree).length, 11);
    assert.deepEqual([tree['f'], local['f'], s.remote.id('f')], ['ours', 'ours', node]);
    assert.ok(s.pair.versions.has(contentOf('theirs')));
  });

  test('with ten open copies a new file at the slot is joined to the node', () => {
    const s = new Scenario({});
    s.remote.create('f', 'v1');
    const node = s.remote.id('f');
    for (let n = 0; n < 10; n++) s.remote.create(`copy ${n}`, `loser ${n}`, node);
    s.local.create('f', 'ours');
    const { tree } = s.settle();
    assert.equal(Object.keys(tree).length, 11);
    assert.deepEqual([tree['f'], s.remote.id('f')], ['ours', node]);
    assert.ok(s.pair.versions.has(contentOf('v1')));
  });
});
