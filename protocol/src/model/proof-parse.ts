/** Reads the bytes of a proof into a pruned tree, strictly: see `proof.ts` for the layout. */
import {
  bytesToHex,
  DIGEST_SIZE_BYTES,
  IntegrityError,
  PROOF_SIZE_BYTES_MAX,
  type Bytes,
} from '../core/index.ts';
import { PROOF_CUT_OFF, PROOF_EMPTY, PROOF_INNER, PROOF_LEAF } from './proof.ts';
import type { TreeKey } from './records.ts';
import { firstDifference, prefixOf, withBit } from './tree-bits.ts';
import { EMPTY_TREE_HASH, type TreeHasher } from './tree-hash.ts';
import type { TreeTop } from './tree-rows.ts';

export type PrunedNode =
  | { readonly kind: 'cut-off'; readonly hash: Bytes }
  | {
      readonly kind: 'leaf';
      readonly hash: Bytes;
      readonly key: TreeKey;
      readonly recordDigest: Bytes;
    }
  | {
      readonly kind: 'inner';
      readonly hash: Bytes;
      readonly top: TreeTop;
      readonly left: PrunedNode;
      readonly right: PrunedNode;
    };

/** The tree that `proof` holds, null for the empty one. IntegrityError `proof-invalid`. */
export function parseProof(
  hasher: TreeHasher,
  proof: Bytes,
): { readonly tree: PrunedNode | null; readonly root: Bytes } {
  if (proof.length > PROOF_SIZE_BYTES_MAX) throw invalid('it is too large');
  if (proof.length === 1 && proof[0] === PROOF_EMPTY) return { tree: null, root: EMPTY_TREE_HASH };
  const reader = new ProofReader(hasher, proof);
  const tree = reader.node({ d: 0, prefix: '0'.repeat(64) });
  reader.end();
  return { tree, root: tree.hash };
}

export function invalid(reason: string): IntegrityError {
  return new IntegrityError('proof-invalid', `a proof about the state does not hold: ${reason}`);
}

class ProofReader {
  readonly #hasher: TreeHasher;
  readonly #proof: Bytes;
  #at = 0;

  constructor(hasher: TreeHasher, proof: Bytes) {
    this.#hasher = hasher;
    this.#proof = proof;
  }

  /** The node behind an edge: it agrees with the first `edge.d` bits of `edge.prefix`. */
  node(edge: TreeTop): PrunedNode {
    const [tag] = this.#take(1);
    if (tag === PROOF_CUT_OFF) return { kind: 'cut-off', hash: this.#take(DIGEST_SIZE_BYTES) };
    if (tag === PROOF_LEAF) return this.#leaf(edge);
    if (tag === PROOF_INNER) return this.#inner(edge);
    throw invalid('it holds an unknown node');
  }

  end(): void {
    if (this.#at !== this.#proof.length) throw invalid('it has trailing bytes');
  }

  #leaf(edge: TreeTop): PrunedNode {
    const key = bytesToHex(this.#take(DIGEST_SIZE_BYTES)) as TreeKey;
    checkEdge(edge, key);
    const recordDigest = this.#take(DIGEST_SIZE_BYTES);
    return { kind: 'leaf', hash: this.#hasher.leaf(key, recordDigest), key, recordDigest };
  }

  #inner(edge: TreeTop): PrunedNode {
    const [d = 0] = this.#take(1);
    if (d < edge.d) throw invalid('a node does not lie below its parent');
    const prefix = bytesToHex(this.#take(Math.ceil(d / 8))).padEnd(64, '0');
    if (prefix !== prefixOf(prefix, d, 0)) throw invalid('a prefix has bits after its end');
    checkEdge(edge, prefix);
    const left = this.node({ d: d + 1, prefix });
    const right = this.node({ d: d + 1, prefix: withBit(prefix, d, 1) });
    const hash = this.#hasher.node(d, prefix, left.hash, right.hash);
    return { kind: 'inner', hash, top: { d, prefix }, left, right };
  }

  #take(length: number): Bytes {
    const end = this.#at + length;
    if (end > this.#proof.length) throw invalid('it is cut short');
    const taken = this.#proof.slice(this.#at, end);
    this.#at = end;
    return taken;
  }
}

function checkEdge(edge: TreeTop, key: string): void {
  if (firstDifference(edge.prefix, key, edge.d) < edge.d) {
    throw invalid('a node hangs in the wrong place');
  }
}
