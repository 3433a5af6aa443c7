/** What a bind says that the two sides agree on: all, or less in one-way pairs (engine §5, Modes). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Agreement, Plan } from './operations.ts';
import { contentOf } from './testing/pretend-pair.ts';
import { Scenario } from './testing/scenario.ts';

function agreements(plans: readonly Plan[]): Agreement[] {
  return plans
    .flatMap(({ operations }) => operations)
    .flatMap((operation) => (operation.kind === 'bind' ? [operation.agreement] : []));
}

describe('what a bind agrees on', () => {
  test('equal files that meet agree in all', () => {
    const s = new Scenario({});
    s.local.create('f', 'v1');
    s.remote.create('f', 'v1');
    assert.deepEqual(agreements(s.settle().plans), ['equal']);
  });

  test('M-10 a new file at the slot of a node of an upload pair is an edit of that node', () => {
    const s = new Scenario({});
    const node = s.remote.create('f', 'theirs').id('f');
    s.local.create('f', 'ours');
    const { plans, remote } = s.settle({ mode: 'upload' });
    assert.deepEqual([agreements(plans), remote], [['edited'], { f: 'ours' }]);
    assert.equal(s.remote.id('f'), node);
    assert.ok(s.pair.versions.has(contentOf('theirs')));
  });

  test('a new file at the slot of a node with ten open copies is an edit of that node', () => {
    const s = new Scenario({ f: 'v1' });
    const node = s.remote.id('f');
    for (let n = 0; n < 10; n++) s.remote.create(`copy ${n}`, `loser ${n}`, node);
    s.settle();
    s.local.remove('f').create('f', 'ours');
    s.remote.edit('f', 'theirs');
    const { plans, tree } = s.settle();
    assert.deepEqual([agreements(plans), tree['f']], [['edited'], 'ours']);
    assert.equal(s.remote.id('f'), node);
  });

  for (const [mode, ends] of [
    ['upload', { remote: { g: 'theirs' }, local: { g: 'v1' } }],
    ['download', { remote: { g: 'v1' }, local: { g: 'ours' } }],
  ] as const) {
    test(`a move that both sides made leaves the contents of ${mode} pairs apart`, () => {
      const s = new Scenario({ f: 'v1' });
      s.local.move('f', 'g');
      s.remote.move('f', 'g');
      if (mode === 'upload') s.remote.edit('g', 'theirs');
      else s.local.edit('g', 'ours');
      const { plans, remote, local } = s.settle({ mode });
      assert.deepEqual([agreements(plans), remote, local], [['apart'], ends.remote, ends.local]);
    });
  }

  test('an edit that comes after such a move still goes up', () => {
    const s = new Scenario({ f: 'v1' });
    s.local.move('f', 'g');
    s.remote.move('f', 'g').edit('g', 'theirs');
    s.settle({ mode: 'upload' });
    s.local.edit('g', 'ours');
    assert.deepEqual(s.settle({ mode: 'upload' }).remote, { g: 'ours' });
  });
});
