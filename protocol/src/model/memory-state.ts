import type { Bytes, NodeId } from '../core/index.ts';
import { indexRecord } from './record-index.ts';
import type { NameTag, TreeKey } from './records.ts';
import type { StateChange, StateView, TreePosition } from './state-view.ts';

/** The state of one space in memory: for tests, lazy clients and as the plain reference of stores. */
export class MemoryState implements StateView {
  readonly #records = new Map<TreeKey, Bytes>();
  readonly #keyByNode = new Map<NodeId, TreeKey>();
  readonly #nodeByTag = new Map<string, NodeId>();
  readonly #treeNodes = new Map<TreePosition, Bytes>();
  #sortedKeys: TreeKey[] = [];

  getRecord(key: TreeKey): Bytes | undefined {
    return this.#records.get(key);
  }

  *listRecords(from: TreeKey, to: TreeKey): Iterable<readonly [TreeKey, Bytes]> {
    const keys = this.#sortedKeys;
    for (let i = placeOf(keys, from); i < keys.length; i++) {
      const key = keys[i];
      if (key === undefined || key > to) return;
      const record = this.#records.get(key);
      if (record !== undefined) yield [key, record];
    }
  }

  findNode(id: NodeId): TreeKey | undefined {
    return this.#keyByNode.get(id);
  }

  findTag(parent: NodeId, tag: NameTag): NodeId | undefined {
    return this.#nodeByTag.get(parent + tag);
  }

  getTreeNode(position: TreePosition): Bytes | undefined {
    return this.#treeNodes.get(position);
  }

  /** All rows of the state tree, ascending by position. */
  treeNodes(): readonly (readonly [TreePosition, Bytes])[] {
    return [...this.#treeNodes].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  get recordCount(): number {
    return this.#records.size;
  }

  /** Takes `change` over: all deletions before all insertions, so that swaps collide nowhere. */
  apply(change: StateChange): void {
    for (const [key] of change.records) this.#drop(key);
    for (const [key, record] of change.records) {
      if (record !== null) this.#add(key, record);
    }
    for (const [position, row] of change.treeNodes) {
      if (row === null) this.#treeNodes.delete(position);
      else this.#treeNodes.set(position, row);
    }
    this.#mergeKeys(change);
  }

  #drop(key: TreeKey): void {
    const record = this.#records.get(key);
    if (record === undefined) return;
    const { node, tag } = indexRecord(key, record);
    if (node !== null) this.#keyByNode.delete(node);
    if (tag !== null) this.#nodeByTag.delete(key.slice(0, 32) + tag);
    this.#records.delete(key);
  }

  #add(key: TreeKey, record: Bytes): void {
    const { node, tag } = indexRecord(key, record);
    if (node !== null) this.#keyByNode.set(node, key);
    if (node !== null && tag !== null) this.#nodeByTag.set(key.slice(0, 32) + tag, node);
    this.#records.set(key, record);
  }

  /** One pass over the sorted keys for many changes, binary search for a few. */
  #mergeKeys(change: StateChange): void {
    if (change.records.length < 32) {
      for (const [key, record] of change.records) this.#placeKey(key, record !== null);
      return;
    }
    const touched = new Set(change.records.map(([key]) => key));
    const kept = this.#sortedKeys.filter((key) => !touched.has(key));
    const added = change.records.flatMap(([key, record]) => (record === null ? [] : [key]));
    this.#sortedKeys = mergeSorted(kept, added.sort());
  }

  #placeKey(key: TreeKey, isPresent: boolean): void {
    const keys = this.#sortedKeys;
    const at = placeOf(keys, key);
    const wasPresent = keys[at] === key;
    if (isPresent && !wasPresent) keys.splice(at, 0, key);
    if (!isPresent && wasPresent) keys.splice(at, 1);
  }
}

/** Index of the first key that is not below `key`. */
function placeOf(keys: readonly TreeKey[], key: TreeKey): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? key) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function mergeSorted(a: readonly TreeKey[], b: readonly TreeKey[]): TreeKey[] {
  const merged: TreeKey[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const left = a[i];
    const right = b[j];
    if (left === undefined && right === undefined) return merged;
    if (right === undefined || (left !== undefined && left < right)) {
      merged.push(left as TreeKey);
      i++;
    } else {
      merged.push(right);
      j++;
    }
  }
}
