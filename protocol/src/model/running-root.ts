/** Root and rows of the state tree (protocol §4) from all records of a space, one after the other. */
import { assert, digestFromBytes, type Bytes, type Digest } from '../core/index.ts';
import type { VerifySuite } from '../crypto/index.ts';
import type { TreeKey } from './records.ts';
import type { TreePosition } from './state-view.ts';
import { firstDifference, prefixOf } from './tree-bits.ts';
import { createTreeHasher, EMPTY_TREE_HASH, type TreeHasher } from './tree-hash.ts';
import {
  encodeRow,
  encodeSubtree,
  positionOf,
  ROOT_POSITION,
  SMALL_SUBTREE_LEAVES_MAX,
  type Subtree,
} from './tree-rows.ts';

const LAST_BIT = 255;

/** A subtree that is whole, and the bit in which its keys part from those that come after it. */
interface Left {
  readonly subtree: Subtree;
  readonly d: number;
}

/** Holds one subtree for each level of the tree, however many records come. */
export class RunningRoot {
  readonly #hasher: TreeHasher;
  readonly #onRow: (position: TreePosition, row: Bytes) => void;
  /** Their bits ascend: each is the left half of an inner node whose right half is still being read. */
  readonly #left: Left[] = [];
  #last: { readonly key: TreeKey; readonly leaf: Subtree } | undefined;

  /** `onRow` hears of each row that a store of this state has, the root's last, at `finish`. */
  constructor(suite: VerifySuite, onRow: (position: TreePosition, row: Bytes) => void) {
    this.#hasher = createTreeHasher(suite);
    this.#onRow = onRow;
  }

  /** Keys ascend. */
  take(key: TreeKey, record: Bytes): void {
    const last = this.#last;
    if (last !== undefined) {
      assert(last.key < key, 'records of a state are listed by key');
      const d = firstDifference(last.key, key, LAST_BIT);
      this.#left.push({ subtree: this.#closed(last, d), d });
    }
    const hash = this.#hasher.leaf(key, this.#hasher.recordDigest(record));
    this.#last = { key, leaf: { hash, leaves: 1, top: null } };
  }

  /** The root of what was taken; nothing is taken after it. */
  finish(): Digest {
    const root = this.#last === undefined ? undefined : this.#closed(this.#last, -1);
    if (root !== undefined && root.top !== null) this.#onRow(ROOT_POSITION, encodeSubtree(root));
    return digestFromBytes<Digest>(root?.hash ?? EMPTY_TREE_HASH);
  }

  /** The subtree that ends with the last record, and whose keys agree up to bit `above`. */
  #closed(
    { key, leaf }: { readonly key: TreeKey; readonly leaf: Subtree },
    above: number,
  ): Subtree {
    let right = leaf;
    for (let left = this.#left.at(-1); left !== undefined; left = this.#left.at(-1)) {
      if (left.d < above) break;
      this.#left.pop();
      right = this.#joined(left, right, key);
    }
    return right;
  }

  #joined({ subtree: left, d }: Left, right: Subtree, key: TreeKey): Subtree {
    const top = { d, prefix: prefixOf(key, d, 0) };
    const hash = this.#hasher.node(d, top.prefix, left.hash, right.hash);
    const leaves = left.leaves + right.leaves;
    if (leaves <= SMALL_SUBTREE_LEAVES_MAX) return { hash, leaves, top: null };
    this.#onRow(positionOf(top), encodeRow(left, right));
    return { hash, leaves, top };
  }
}
