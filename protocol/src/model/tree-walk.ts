/**
 * The state tree as a walk sees it: nodes are read from rows, or recomputed from records, when their
 * turn comes. Until then only their hash is known.
 */
import { assert, type Bytes } from '../core/index.ts';
import type { VerifySuite } from '../crypto/index.ts';
import type { TreeKey } from './records.ts';
import type { StateView } from './state-view.ts';
import { firstDifference, prefixOf } from './tree-bits.ts';
import { firstWithBit, sideOf, WHOLE_RANGE, type KeyRange } from './tree-changes.ts';
import { createTreeHasher, type TreeHasher } from './tree-hash.ts';
import {
  decodeRootRow,
  decodeRow,
  positionOf,
  ROOT_POSITION,
  type Subtree,
  type TreeTop,
} from './tree-rows.ts';

/** A subtree by its edge: all keys below lie in `range`. */
export interface WalkEdge {
  readonly range: KeyRange;
  readonly hash: Bytes;
  readonly open: () => WalkNode;
}

export type WalkNode =
  | { readonly kind: 'leaf'; readonly key: TreeKey; readonly recordDigest: Bytes }
  | {
      readonly kind: 'inner';
      readonly top: TreeTop;
      readonly left: WalkEdge;
      readonly right: WalkEdge;
    };

/** The whole tree, or null when there is no record. */
export function walkTree(suite: VerifySuite, view: StateView): WalkEdge | null {
  const hasher = createTreeHasher(suite);
  const rootRow = view.getTreeNode(ROOT_POSITION);
  if (rootRow !== undefined) return storedEdge(hasher, view, WHOLE_RANGE, decodeRootRow(rootRow));
  const leaves = readLeaves(hasher, view, WHOLE_RANGE);
  return leaves.length === 0 ? null : builtEdge(hasher, WHOLE_RANGE, leaves);
}

function storedEdge(
  hasher: TreeHasher,
  view: StateView,
  range: KeyRange,
  subtree: Subtree,
): WalkEdge {
  const { hash, top } = subtree;
  return {
    range,
    hash,
    open: () => {
      if (top === null) return builtEdge(hasher, range, readLeaves(hasher, view, range)).open();
      const row = view.getTreeNode(positionOf(top));
      assert(row !== undefined, 'every row of the state tree is stored');
      const [left, right] = decodeRow(row);
      return {
        kind: 'inner',
        top,
        left: storedEdge(hasher, view, sideOf(top.prefix, top.d, 0), left),
        right: storedEdge(hasher, view, sideOf(top.prefix, top.d, 1), right),
      };
    },
  };
}

interface WalkLeaf {
  readonly key: TreeKey;
  readonly recordDigest: Bytes;
}

function readLeaves(hasher: TreeHasher, view: StateView, range: KeyRange): readonly WalkLeaf[] {
  const leaves: WalkLeaf[] = [];
  for (const [key, record] of view.listRecords(range.from, range.to)) {
    leaves.push({ key, recordDigest: hasher.recordDigest(record) });
  }
  return leaves;
}

/** A small subtree, all of whose hashes are computed at once. */
function builtEdge(hasher: TreeHasher, range: KeyRange, leaves: readonly WalkLeaf[]): WalkEdge {
  const first = leaves[0];
  const last = leaves[leaves.length - 1];
  assert(first !== undefined && last !== undefined, 'every subtree has a leaf');
  if (leaves.length === 1) {
    const node: WalkNode = { kind: 'leaf', ...first };
    return { range, hash: hasher.leaf(first.key, first.recordDigest), open: () => node };
  }
  const d = firstDifference(first.key, last.key, 255);
  const top = { d, prefix: prefixOf(first.key, d, 0) };
  const rows = leaves.map((leaf) => [leaf.key, leaf] as const);
  const middle = firstWithBit(rows, d);
  const left = builtEdge(hasher, sideOf(top.prefix, d, 0), leaves.slice(0, middle));
  const right = builtEdge(hasher, sideOf(top.prefix, d, 1), leaves.slice(middle));
  const node: WalkNode = { kind: 'inner', top, left, right };
  return { range, hash: hasher.node(d, top.prefix, left.hash, right.hash), open: () => node };
}
