import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { bytesToHex, type Bytes } from '../core/index.ts';
import { createNodeVerifySuite } from '../suites/node-verify.ts';
import type { RecordChange } from './commit.ts';
import type { TreeKey } from './records.ts';
import { PlainView } from './testing/plain-view.ts';
import { referenceRoot } from './testing/reference-tree.ts';
import { RunningRoot } from './running-root.ts';
import { planTreeUpdate } from './tree.ts';

const suite = createNodeVerifySuite();

/** Keys that share long prefixes as well as keys that share none. */
const keys = fc
  .tuple(fc.constantFrom('00', '01', '8000', 'ff'), fc.integer({ min: 0, max: 255 }))
  .map(([prefix, n]) => {
    const digit = n.toString(16).padStart(2, '0');
    return (n % 3 === 0 ? digit + prefix : prefix + digit).padEnd(62, '0') + digit;
  });

const steps = fc.array(
  fc.array(fc.tuple(keys, fc.option(fc.uint8Array({ minLength: 1, maxLength: 3 }), { freq: 3 })), {
    minLength: 1,
    maxLength: 60,
  }),
  { minLength: 1, maxLength: 8 },
);

function asChanges(step: readonly (readonly [string, Bytes | null])[]): readonly RecordChange[] {
  return [...new Map(step)]
    .map(([key, record]): RecordChange => [key as TreeKey, record])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

test('after any history the root is that of the reference and the rows are those of a fresh build', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const view = new PlainView();
      for (const step of history) {
        const changes = asChanges(step);
        const { root, treeNodes } = planTreeUpdate(suite, view, changes);
        view.apply(changes, treeNodes);
        assert.equal(root, referenceRoot(suite, view.entries()));
      }
      const fresh = new PlainView();
      const all = view.entries();
      fresh.apply(all, planTreeUpdate(suite, fresh, all).treeNodes);
      assert.deepEqual(view.sortedRows(), fresh.sortedRows());
    }),
    { numRuns: 300 },
  );
});

function randomKey(seed: number): TreeKey {
  return bytesToHex(suite.sha256(Uint8Array.of(seed, seed >> 8, seed >> 16))) as TreeKey;
}

test('one change among many records reads a path of rows and one small subtree', () => {
  const view = new PlainView();
  const all = Array.from({ length: 20_000 }, (_, i): RecordChange => [
    randomKey(i),
    Uint8Array.of(1),
  ]);
  all.sort(([a], [b]) => (a < b ? -1 : 1));
  view.apply(all, planTreeUpdate(suite, view, all).treeNodes);
  assert.ok(view.rows.size < 20_000 * 0.08, `${view.rows.size} rows`);
  view.rowReads = 0;
  view.recordReads = 0;
  planTreeUpdate(suite, view, [[randomKey(7), Uint8Array.of(2)]]);
  assert.ok(view.rowReads <= 20, `${view.rowReads} rows read`);
  assert.ok(view.recordReads <= 32, `${view.recordReads} records read`);
});

test('the empty state has the zero root and needs no rows', () => {
  assert.deepEqual(planTreeUpdate(suite, new PlainView(), []), {
    root: '0'.repeat(64),
    treeNodes: [],
  });
});

test('records that come one by one give the root of the tree and the rows of its store', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const view = new PlainView();
      for (const step of history) {
        const changes = asChanges(step);
        view.apply(changes, planTreeUpdate(suite, view, changes).treeNodes);
      }
      const told = new PlainView();
      const running = new RunningRoot(suite, (position, row) => told.rows.set(position, row));
      for (const [key, record] of view.entries()) running.take(key, record);
      assert.equal(running.finish(), referenceRoot(suite, view.entries()));
      assert.deepEqual(told.sortedRows(), view.sortedRows());
    }),
    { numRuns: 300 },
  );
});

test('one key that comes twice is no state', () => {
  const running = new RunningRoot(suite, () => undefined);
  running.take(randomKey(1), Uint8Array.of(1));
  assert.throws(() => running.take(randomKey(1), Uint8Array.of(1)), /listed by key/);
});
