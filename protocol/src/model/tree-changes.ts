/** Sorted changes against sorted keys: what the state tree and its proofs have in common. */
import type { TreeKey } from './records.ts';
import { bitAt, firstDifference, prefixOf, withBit } from './tree-bits.ts';
import { ALL_KEYS } from './tree-keys.ts';
import type { TreeTop } from './tree-rows.ts';

/** A value under a key, or null where it is removed. Lists of these ascend by key. */
export type KeyedChange<T> = readonly [key: TreeKey, value: T | null];

/** First bit in which a changed key leaves the prefix of `top`; `top.d` when none does. */
export function firstSplit(top: TreeTop, changes: readonly KeyedChange<unknown>[]): number {
  const first = changes[0];
  const last = changes[changes.length - 1];
  if (first === undefined || last === undefined) return top.d;
  return Math.min(
    firstDifference(top.prefix, first[0], top.d),
    firstDifference(top.prefix, last[0], top.d),
  );
}

/** Keys that can stand in a subtree: all that begin as its edge does. */
export interface KeyRange {
  readonly from: TreeKey;
  readonly to: TreeKey;
}

/** Every key. */
export const WHOLE_RANGE: KeyRange = { from: ALL_KEYS[0], to: ALL_KEYS[1] };

/** Keys on one side of bit `bit` among those that share the bits of `prefix` before it. */
export function sideOf(prefix: string, bit: number, side: 0 | 1): KeyRange {
  const edge = withBit(prefix, bit, side);
  return {
    from: prefixOf(edge, bit + 1, 0) as TreeKey,
    to: prefixOf(edge, bit + 1, 1) as TreeKey,
  };
}

export function halvesOf<R extends readonly [TreeKey, unknown]>(
  changes: readonly R[],
  bit: number,
): readonly [readonly R[], readonly R[]] {
  const middle = firstWithBit(changes, bit);
  return [changes.slice(0, middle), changes.slice(middle)];
}

/** Index of the first row whose key has bit `bit` set; rows ascend and agree in the bits before. */
export function firstWithBit(rows: readonly (readonly [TreeKey, unknown])[], bit: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row !== undefined && bitAt(row[0], bit) === 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The ascending rows of `old` after `changes`. */
export function applyChanges<T>(
  old: Iterable<readonly [TreeKey, T]>,
  changes: readonly KeyedChange<T>[],
): readonly (readonly [TreeKey, T])[] {
  const rows: (readonly [TreeKey, T])[] = [];
  let next = 0;
  const addBefore = (key: TreeKey | null): boolean => {
    for (let change = changes[next]; change !== undefined; change = changes[next]) {
      const [changedKey, value] = change;
      if (key !== null && changedKey > key) return false;
      next++;
      if (value !== null) rows.push([changedKey, value]);
      if (changedKey === key) return true;
    }
    return false;
  };
  for (const row of old) {
    if (!addBefore(row[0])) rows.push(row);
  }
  addBefore(null);
  return rows;
}
