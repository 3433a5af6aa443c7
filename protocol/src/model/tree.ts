/**
 * The state tree (protocol §4): a path-compressed binary tree over the keys of a space, whose shape
 * depends on the set of keys alone. An update reads the rows on the paths to the changed keys and the
 * records of the small subtrees they end in, and nothing else.
 */
import { assert, digestFromBytes, type Bytes, type Digest } from '../core/index.ts';
import type { VerifySuite } from '../crypto/index.ts';
import type { RecordChange } from './commit.ts';
import type { TreeKey } from './records.ts';
import type { StateChange, StateView, TreePosition } from './state-view.ts';
import { bitAt, firstDifference, prefixOf } from './tree-bits.ts';
import {
  applyChanges,
  firstSplit,
  firstWithBit,
  halvesOf,
  sideOf,
  WHOLE_RANGE,
  type KeyRange,
} from './tree-changes.ts';
import { createTreeHasher, EMPTY_TREE_HASH, type TreeHasher } from './tree-hash.ts';
import {
  decodeRootRow,
  decodeRow,
  encodeRow,
  encodeSubtree,
  positionOf,
  ROOT_POSITION,
  SMALL_SUBTREE_LEAVES_MAX,
  type Subtree,
  type TreeTop,
} from './tree-rows.ts';

export interface TreeUpdate {
  /** Root of the end state. */
  readonly root: Digest;
  readonly treeNodes: StateChange['treeNodes'];
}

type Leaf = readonly [key: TreeKey, record: Bytes];
const LAST_BIT = 255;

/**
 * Root and row changes that follow from `changes`, which ascend by key. Reads `view` in the old
 * state. With ~10^6 records one change costs about 15 rows and one range of at most 32 records.
 */
export function planTreeUpdate(
  suite: VerifySuite,
  view: StateView,
  changes: readonly RecordChange[],
): TreeUpdate {
  const rootRow = view.getTreeNode(ROOT_POSITION);
  const update = new Update(createTreeHasher(suite), view);
  const root =
    rootRow === undefined
      ? update.mergeRecords(WHOLE_RANGE, changes)
      : update.merge(WHOLE_RANGE, decodeRootRow(rootRow), changes);
  update.putRoot(rootRow, root);
  return {
    root: digestFromBytes<Digest>(root?.hash ?? EMPTY_TREE_HASH),
    treeNodes: update.rowChanges(),
  };
}

class Update {
  readonly #hasher: TreeHasher;
  readonly #view: StateView;
  readonly #rows = new Map<TreePosition, Bytes | null>();

  constructor(hasher: TreeHasher, view: StateView) {
    this.#hasher = hasher;
    this.#view = view;
  }

  rowChanges(): StateChange['treeNodes'] {
    return [...this.#rows].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  putRoot(before: Bytes | undefined, root: Subtree | null): void {
    if (root !== null && root.top !== null) this.#rows.set(ROOT_POSITION, encodeSubtree(root));
    else if (before !== undefined) this.#rows.set(ROOT_POSITION, null);
  }

  /** What becomes of `subtree`, which holds all old keys of `range`, under `changes` of that range. */
  merge(range: KeyRange, subtree: Subtree, changes: readonly RecordChange[]): Subtree | null {
    if (changes.length === 0) return subtree;
    const { top } = subtree;
    if (top === null) return this.mergeRecords(range, changes);
    const split = firstSplit(top, changes);
    return split < top.d
      ? this.#mergeBeside(top, split, subtree, changes)
      : this.#mergeBelow(top, changes);
  }

  /** Recomputes a subtree without rows from the records in its range. */
  mergeRecords(range: KeyRange, changes: readonly RecordChange[]): Subtree | null {
    const old = this.#view.listRecords(range.from, range.to);
    return this.#build(applyChanges(old, changes));
  }

  /** Some changed keys leave the path of `top` at bit `split`: a new inner node stands there. */
  #mergeBeside(
    top: TreeTop,
    split: number,
    subtree: Subtree,
    changes: readonly RecordChange[],
  ): Subtree | null {
    const side = bitAt(top.prefix, split);
    const [left, right] = halvesOf(changes, split);
    const [inside, beside] = side === 0 ? [left, right] : [right, left];
    const kept = this.merge(sideOf(top.prefix, split, side), subtree, inside);
    const added = this.#build(applyChanges([], beside));
    const at = { d: split, prefix: prefixOf(top.prefix, split, 0) };
    return side === 0 ? this.#join(at, kept, added) : this.#join(at, added, kept);
  }

  #mergeBelow(top: TreeTop, changes: readonly RecordChange[]): Subtree | null {
    const position = positionOf(top);
    const row = this.#view.getTreeNode(position);
    assert(row !== undefined, 'every row of the state tree is stored');
    const [left, right] = decodeRow(row);
    const [leftChanges, rightChanges] = halvesOf(changes, top.d);
    this.#rows.set(position, null);
    const newLeft = this.merge(sideOf(top.prefix, top.d, 0), left, leftChanges);
    const newRight = this.merge(sideOf(top.prefix, top.d, 1), right, rightChanges);
    return this.#join(top, newLeft, newRight);
  }

  #join(top: TreeTop, left: Subtree | null, right: Subtree | null): Subtree | null {
    if (left === null || right === null) return left ?? right;
    const hash = this.#hasher.node(top.d, top.prefix, left.hash, right.hash);
    const leaves = left.leaves + right.leaves;
    if (leaves <= SMALL_SUBTREE_LEAVES_MAX) return { hash, leaves, top: null };
    this.#rows.set(positionOf(top), encodeRow(left, right));
    return { hash, leaves, top };
  }

  /** The subtree over `leaves` in ascending order. */
  #build(leaves: readonly Leaf[]): Subtree | null {
    const first = leaves[0];
    const last = leaves[leaves.length - 1];
    if (first === undefined || last === undefined) return null;
    if (leaves.length === 1) {
      const digest = this.#hasher.recordDigest(first[1]);
      return { hash: this.#hasher.leaf(first[0], digest), leaves: 1, top: null };
    }
    const d = firstDifference(first[0], last[0], LAST_BIT);
    const middle = firstWithBit(leaves, d);
    const left = this.#build(leaves.slice(0, middle));
    const right = this.#build(leaves.slice(middle));
    return this.#join({ d, prefix: prefixOf(first[0], d, 0) }, left, right);
  }
}
