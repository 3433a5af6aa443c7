import {
  bytesToHex,
  digestFromBytes,
  type Bytes,
  type Digest,
  type NodeId,
} from '../core/index.ts';
import type { VerifySuite } from '../crypto/index.ts';
import type { RecordChange } from './commit.ts';
import { invalid, parseProof, type PrunedNode } from './proof-parse.ts';
import type { TreeKey } from './records.ts';
import { bitAt, firstDifference, prefixOf } from './tree-bits.ts';
import {
  applyChanges,
  firstSplit,
  firstWithBit,
  halvesOf,
  sideOf,
  WHOLE_RANGE,
  type KeyedChange,
  type KeyRange,
} from './tree-changes.ts';
import { createTreeHasher, EMPTY_TREE_HASH, type TreeHasher } from './tree-hash.ts';
import { childrenRange } from './tree-keys.ts';
import type { TreeTop } from './tree-rows.ts';

/** Checks `proof` against a root that is trusted; IntegrityError `proof-invalid`. */
export function verifyProof(suite: VerifySuite, root: Digest, proof: Bytes): VerifiedProof {
  const hasher = createTreeHasher(suite);
  const parsed = parseProof(hasher, proof);
  if (bytesToHex(parsed.root) !== root) throw invalid('it belongs to another state');
  return new VerifiedProof(hasher, parsed.tree);
}

/** What a proof shows. Every question that it does not answer throws `proof-invalid`. */
export class VerifiedProof {
  readonly #hasher: TreeHasher;
  readonly #tree: PrunedNode | null;

  constructor(hasher: TreeHasher, tree: PrunedNode | null) {
    this.#hasher = hasher;
    this.#tree = tree;
  }

  /** SHA-256 of the record under `key`, or null where it is shown that there is none. */
  recordDigest(key: TreeKey): Digest | null {
    let node = this.#tree;
    while (node !== null && node.kind === 'inner') {
      const { d, prefix } = node.top;
      if (firstDifference(prefix, key, d) < d) return null;
      node = bitAt(key, d) === 0 ? node.left : node.right;
    }
    if (node === null) return null;
    if (node.kind === 'cut-off') throw invalid('it does not reach a record');
    return node.key === key ? digestFromBytes<Digest>(node.recordDigest) : null;
  }

  /** Throws unless `record` is the one that stands under `key`. */
  checkRecord(key: TreeKey, record: Bytes): void {
    const digest = this.recordDigest(key);
    if (digest !== bytesToHex(this.#hasher.recordDigest(record))) {
      throw invalid('a record is not the one in the state');
    }
  }

  /** Keys and record digests of everything below `parent`, ascending and complete. */
  listing(parent: NodeId): readonly (readonly [key: TreeKey, recordDigest: Digest])[] {
    const [from, to] = childrenRange(parent);
    const found: (readonly [TreeKey, Digest])[] = [];
    if (this.#tree !== null) collect(this.#tree, WHOLE_RANGE, { from, to }, found);
    return found;
  }

  /** The root after `changes`, which ascend by key; the proof shows each of their keys. */
  rootAfter(changes: readonly RecordChange[]): Digest {
    const digests = changes.map(([key, record]): KeyedChange<Bytes> => {
      return [key, record === null ? null : this.#hasher.recordDigest(record)];
    });
    const tree = this.#merge(this.#tree, digests);
    return digestFromBytes<Digest>(tree?.hash ?? EMPTY_TREE_HASH);
  }

  #merge(node: PrunedNode | null, changes: readonly KeyedChange<Bytes>[]): PrunedNode | null {
    if (changes.length === 0) return node;
    if (node === null) return this.#build(applyChanges([], changes));
    if (node.kind === 'cut-off') throw invalid('it does not reach a changed record');
    if (node.kind === 'leaf') {
      return this.#build(applyChanges([[node.key, node.recordDigest]], changes));
    }
    const split = firstSplit(node.top, changes);
    const [left, right] = halvesOf(changes, split);
    if (split === node.top.d) {
      return this.#join(node.top, this.#merge(node.left, left), this.#merge(node.right, right));
    }
    const top = { d: split, prefix: prefixOf(node.top.prefix, split, 0) };
    return bitAt(node.top.prefix, split) === 0
      ? this.#join(top, this.#merge(node, left), this.#build(applyChanges([], right)))
      : this.#join(top, this.#build(applyChanges([], left)), this.#merge(node, right));
  }

  #build(leaves: readonly (readonly [TreeKey, Bytes])[]): PrunedNode | null {
    const first = leaves[0];
    const last = leaves[leaves.length - 1];
    if (first === undefined || last === undefined) return null;
    if (leaves.length === 1) {
      const [key, recordDigest] = first;
      return { kind: 'leaf', hash: this.#hasher.leaf(key, recordDigest), key, recordDigest };
    }
    const d = firstDifference(first[0], last[0], 255);
    const middle = firstWithBit(leaves, d);
    const left = this.#build(leaves.slice(0, middle));
    const right = this.#build(leaves.slice(middle));
    return this.#join({ d, prefix: prefixOf(first[0], d, 0) }, left, right);
  }

  #join(top: TreeTop, left: PrunedNode | null, right: PrunedNode | null): PrunedNode | null {
    if (left === null || right === null) return left ?? right;
    const hash = this.#hasher.node(top.d, top.prefix, left.hash, right.hash);
    return { kind: 'inner', hash, top, left, right };
  }
}

function collect(
  node: PrunedNode,
  edge: KeyRange,
  wanted: KeyRange,
  found: (readonly [TreeKey, Digest])[],
): void {
  if (wanted.from > edge.to || wanted.to < edge.from) return;
  if (node.kind === 'cut-off') throw invalid('a listing is not complete');
  if (node.kind === 'leaf') {
    const isWanted = node.key >= wanted.from && node.key <= wanted.to;
    if (isWanted) found.push([node.key, digestFromBytes<Digest>(node.recordDigest)]);
    return;
  }
  const { d, prefix } = node.top;
  collect(node.left, sideOf(prefix, d, 0), wanted, found);
  collect(node.right, sideOf(prefix, d, 1), wanted, found);
}
