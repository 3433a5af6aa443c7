import assert from 'node:assert/strict';
import test from 'node:test';
import type { LocalId } from '../planner/types.ts';
import { plainRow, testPair } from '../testing/index.ts';
import type { DirtySet } from './dirty-set.ts';
import { openEngineDatabase } from './engine-database.ts';
import { allocateLocalId } from './local-tree.ts';
import { openPairTrees } from './pair-trees.ts';

/** Marks rows that are new to it: those that are `seen` and those that are `gone`. */
function markedSet(): {
  readonly dirty: DirtySet;
  readonly mark: (count: number, state: 'seen' | 'gone') => readonly LocalId[];
} {
  const db = openEngineDatabase(':memory:', 0);
  const { dirty, local } = openPairTrees(
    db,
    testPair({ rootLocalId: allocateLocalId(db) }),
    () => 0,
  );
  const markOne = (state: 'seen' | 'gone'): LocalId => {
    const id = local.allocate();
    local.put({ ...plainRow, id, parent: local.root, name: `file ${id}`, state });
    dirty.markLocal(id, 'tested');
    return id;
  };
  return {
    dirty,
    mark: (count, state) => Array.from({ length: count }, () => markOne(state)),
  };
}

const sorted = (ids: readonly LocalId[]): readonly LocalId[] => ids.toSorted((a, b) => a - b);
const local = (dirty: DirtySet, max: number, goneMax: number): readonly LocalId[] =>
  sorted(dirty.read(max, goneMax).dirty.local);

test('a reading has what stood here longest, and all that is gone besides', () => {
  const { dirty, mark } = markedSet();
  const [first, second] = mark(5, 'seen');
  const gone = mark(3, 'gone');
  assert.deepEqual(
    local(dirty, 2, 10),
    sorted([first, second, ...gone].map((id) => id as LocalId)),
  );
});

test('what is gone is read again until that was cleared, whatever was read besides', () => {
  const { dirty, mark } = markedSet();
  mark(5, 'seen');
  const early = mark(2, 'gone');
  const reading = dirty.read(1, 10);
  const late = mark(1, 'gone');
  assert.ok([...early, ...late].every((id) => local(dirty, 1, 10).includes(id)));
  dirty.clear(reading);
  const left = local(dirty, 1, 10);
  assert.deepEqual(
    [early.some((id) => left.includes(id)), late.every((id) => left.includes(id))],
    [false, true],
  );
});

test('more that is gone than one reading takes comes with the next', () => {
  const { dirty, mark } = markedSet();
  mark(9, 'seen');
  const gone = mark(5, 'gone');
  const found = new Set<LocalId>();
  for (let part = 0; part < 3; part++) {
    const reading = dirty.read(1, 2);
    for (const id of reading.dirty.local) found.add(id);
    dirty.clear(reading);
  }
  assert.ok(gone.every((id) => found.has(id)));
  assert.equal(found.size, gone.length + 3);
});
