/**
 * The state of one space as the rules and the state tree read it: synchronous and read-only. The
 * server and every full client implement it over their store; `memory-state.ts` is the plain one.
 */
import type { Bytes, NodeId } from '../core/index.ts';
import type { NameTag, TreeKey } from './records.ts';

/** Place of a stored inner node of the state tree: d as two hexadecimal digits, then the prefix. */
export type TreePosition = string;

export interface StateView {
  readonly getRecord: (key: TreeKey) => Bytes | undefined;
  /** Records with `from` ≤ key ≤ `to`, ascending by key. */
  readonly listRecords: (from: TreeKey, to: TreeKey) => Iterable<readonly [TreeKey, Bytes]>;
  /** The key under which the node with this id stands (not its versions). */
  readonly findNode: (id: NodeId) => TreeKey | undefined;
  /** The child of `parent` that has this name tag. */
  readonly findTag: (parent: NodeId, tag: NameTag) => NodeId | undefined;
  /** Stored row of an inner node of the state tree, as `StateChange.treeNodes` gave it. */
  readonly getTreeNode: (position: TreePosition) => Bytes | undefined;
}

/** What a commit writes. `null` removes. Applying it to the old state gives the end state. */
export interface StateChange {
  readonly records: readonly (readonly [TreeKey, Bytes | null])[];
  readonly treeNodes: readonly (readonly [TreePosition, Bytes | null])[];
}
