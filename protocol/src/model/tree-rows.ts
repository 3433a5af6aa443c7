/**
 * Stored rows of the state tree. Inner nodes with more than 32 leaves below have a row; smaller
 * subtrees are recomputed from the records themselves. A row does not say where its node hangs, so
 * that a split above it leaves it alone:
 *
 *   subtree  hash[32] ‖ u32be leaves ‖ (u8 d ‖ ⌈d/8⌉ prefix bytes, where leaves > 32)
 *   row      left subtree ‖ right subtree, at the node's position
 *   root     subtree, at ROOT_POSITION, where the whole tree has more than 32 leaves
 */
import {
  bytesToHex,
  concatBytes,
  DIGEST_SIZE_BYTES,
  FormatError,
  hexToBytes,
  readU32be,
  u32be,
  u8,
  type Bytes,
} from '../core/index.ts';
import type { TreePosition } from './state-view.ts';

/** Subtrees of up to this many leaves have no rows. */
export const SMALL_SUBTREE_LEAVES_MAX = 32;
export const ROOT_POSITION: TreePosition = 'root';

/** A non-empty subtree: its hash, its size and, when it has a row, where that is. */
export interface Subtree {
  readonly hash: Bytes;
  readonly leaves: number;
  /** Null for subtrees without a row. */
  readonly top: TreeTop | null;
}

/** First bit in which the keys below differ, and the bits before it: 64 digits, rest zero. */
export interface TreeTop {
  readonly d: number;
  readonly prefix: string;
}

export function positionOf(top: TreeTop): TreePosition {
  return top.d.toString(16).padStart(2, '0') + top.prefix.slice(0, 2 * Math.ceil(top.d / 8));
}

export function encodeSubtree(subtree: Subtree): Bytes {
  if (subtree.top === null) return concatBytes(subtree.hash, u32be(subtree.leaves));
  const { d, prefix } = subtree.top;
  const prefixBytes = hexToBytes(prefix.slice(0, 2 * Math.ceil(d / 8)));
  return concatBytes(subtree.hash, u32be(subtree.leaves), u8(d), prefixBytes);
}

export function encodeRow(left: Subtree, right: Subtree): Bytes {
  return concatBytes(encodeSubtree(left), encodeSubtree(right));
}

export function decodeRow(row: Bytes): readonly [Subtree, Subtree] {
  const left = readSubtree(row, 0);
  const right = readSubtree(row, left.end);
  if (right.end !== row.length) throw new FormatError('a tree row has trailing bytes');
  return [left.subtree, right.subtree];
}

export function decodeRootRow(row: Bytes): Subtree {
  const { subtree, end } = readSubtree(row, 0);
  if (end !== row.length) throw new FormatError('the root row has trailing bytes');
  return subtree;
}

function readSubtree(row: Bytes, at: number): { subtree: Subtree; end: number } {
  const afterCount = at + DIGEST_SIZE_BYTES + 4;
  if (row.length < afterCount) throw new FormatError('a tree row is cut short');
  const hash = row.slice(at, at + DIGEST_SIZE_BYTES);
  const leaves = readU32be(row, at + DIGEST_SIZE_BYTES);
  if (leaves <= SMALL_SUBTREE_LEAVES_MAX) {
    return { subtree: { hash, leaves, top: null }, end: afterCount };
  }
  const d = row[afterCount] ?? 0;
  const end = afterCount + 1 + Math.ceil(d / 8);
  if (row.length < end) throw new FormatError('a tree row is cut short');
  const prefix = bytesToHex(row.subarray(afterCount + 1, end)).padEnd(64, '0');
  return { subtree: { hash, leaves, top: { d, prefix } }, end };
}
