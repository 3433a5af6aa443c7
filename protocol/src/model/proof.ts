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
  concatBytes,
  FormatError,
  hexToBytes,
  PROOF_SIZE_BYTES_MAX,
  u8,
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
  const targets: KeyRange[] = [
    ...request.keys.map((key) => ({ from: key, to: key })),
    ...request.listings.map((parent) => {
      const [from, to] = childrenRange(parent);
      return { from, to };
    }),
  ];
  const root = walkTree(suite, view);
  const parts: Bytes[] = root === null ? [u8(PROOF_EMPTY)] : [];
  if (root !== null) writeEdge(root, targets, parts);
  const proof = concatBytes(...parts);
  if (proof.length > PROOF_SIZE_BYTES_MAX) throw new FormatError('the proof is too large');
  return proof;
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

function writeEdge(edge: WalkEdge, targets: readonly KeyRange[], parts: Bytes[]): void {
  const inside = targets.filter(({ from, to }) => from <= edge.range.to && to >= edge.range.from);
  if (inside.length === 0) {
    parts.push(u8(PROOF_CUT_OFF), edge.hash);
    return;
  }
  const node = edge.open();
  if (node.kind === 'leaf') {
    parts.push(u8(PROOF_LEAF), hexToBytes(node.key), node.recordDigest);
    return;
  }
  const { d, prefix } = node.top;
  parts.push(u8(PROOF_INNER), u8(d), hexToBytes(prefix.slice(0, 2 * Math.ceil(d / 8))));
  writeEdge(node.left, inside, parts);
  writeEdge(node.right, inside, parts);
}
