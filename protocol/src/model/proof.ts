/**
 * Proofs about the state (protocol §4): the pre-order bytes of a pruned state tree.
 *
 *   00 ‖ hash[32]                                  cut off
 *   01 ‖ key[32] ‖ SHA-256(record)[32]             leaf
 *   02 ‖ d ‖ ⌈d/8⌉ prefix bytes ‖ left ‖ right     inner node
 *   03                                             empty tree
 *
 * Record: its leaf is there. Absence: the walk ends at an opened leaf or node whose key or prefix
 * differs. Listing: no cut-off edge is compatible with the parent. Witness: all of a commit's keys.
 */
import {
  FormatError,
  hexToBytes,
  PROOF_SIZE_BYTES_MAX,
  type Bytes,
  type NodeId,
} from '../core/index.ts';
import type { VerifySuite } from '../crypto/index.ts';
import type { TreeKey } from './records.ts';
import type { StateView } from './state-view.ts';
import type { KeyRange } from './tree-changes.ts';
import { childrenRange } from './tree-keys.ts';
import { walkTree, type WalkEdge } from './tree-walk.ts';

export const PROOF_CUT_OFF = 0;
export const PROOF_LEAF = 1;
export const PROOF_INNER = 2;
export const PROOF_EMPTY = 3;

/** What a proof has to show: single records or their absence, and whole listings. */
export interface ProofRequest {
  readonly keys: readonly TreeKey[];
  /** Folders whose children, or files whose versions, are listed completely. */
  readonly listings: readonly NodeId[];
}

/** Throws FormatError when the proof would exceed 16 MiB: ask for less at once. */
export function proveState(
  suite: VerifySuite,
  view: StateView,
  request: ProofRequest,
): Uint8Array<ArrayBuffer> {
  const proof = new ProofWriter(suite, view, request);
  proof.write(Infinity);
  return proof.bytes();
}

/** Record or absence of each of `keys`: also the witness of a commit that changes them. */
export function proveRecords(
  suite: VerifySuite,
  view: StateView,
  keys: readonly TreeKey[],
): Uint8Array<ArrayBuffer> {
  return proveState(suite, view, { keys, listings: [] });
}

/** All records below `parent`, and that there are no others. */
export function proveListing(
  suite: VerifySuite,
  view: StateView,
  parent: NodeId,
): Uint8Array<ArrayBuffer> {
  return proveState(suite, view, { keys: [], listings: [parent] });
}

/** A subtree that is still to be written, and what of the request may lie in it. */
interface Pending {
  readonly edge: WalkEdge;
  readonly targets: readonly KeyRange[];
}

/** Writes a proof in steps, all of them on the same state: a large one takes a while. */
export class ProofWriter {
  /** The next one last. */
  readonly #pending: Pending[] = [];
  #bytes = new Uint8Array(4096);
  #length = 0;

  constructor(suite: VerifySuite, view: StateView, request: ProofRequest) {
    const listings = [...new Set(request.listings)];
    const targets: KeyRange[] = [
      ...request.keys.map((key) => ({ from: key, to: key })),
      ...listings.map((parent) => {
        const [from, to] = childrenRange(parent);
        return { from, to };
      }),
    ];
    const edge = walkTree(suite, view);
    if (edge === null) this.#add(PROOF_EMPTY);
    else this.#pending.push({ edge, targets });
  }

  /**
   * Goes on for `nodesMax` nodes at most; true when nothing is left. Throws FormatError as soon as the
   * proof exceeds 16 MiB.
   */
  write(nodesMax: number): boolean {
    for (let written = 0; written < nodesMax; written++) {
      const next = this.#pending.pop();
      if (next === undefined) break;
      this.#writeEdge(next);
    }
    return this.#pending.length === 0;
  }

  /** What was written; a proof once nothing is left. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #writeEdge({ edge, targets }: Pending): void {
    const inside = targets.filter(({ from, to }) => from <= edge.range.to && to >= edge.range.from);
    if (inside.length === 0) return this.#add(PROOF_CUT_OFF, edge.hash);
    const node = edge.open();
    if (node.kind === 'leaf') {
      return this.#add(PROOF_LEAF, hexToBytes(node.key), node.recordDigest);
    }
    const { d, prefix } = node.top;
    this.#add(PROOF_INNER, Uint8Array.of(d), hexToBytes(prefix.slice(0, 2 * Math.ceil(d / 8))));
    this.#pending.push({ edge: node.right, targets: inside }, { edge: node.left, targets: inside });
  }

  #add(tag: number, ...parts: readonly Bytes[]): void {
    const length = parts.reduce((sum, part) => sum + part.length, this.#length + 1);
    if (length > PROOF_SIZE_BYTES_MAX) throw new FormatError('the proof is too large');
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(2 * Math.max(length, this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes[this.#length++] = tag;
    for (const part of parts) {
      this.#bytes.set(part, this.#length);
      this.#length += part.length;
    }
  }
}
