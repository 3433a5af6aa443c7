/** A SpaceStore that forgets with the process. Transactions really roll back, as a database's do. */
import type { AccountId, Bytes, NodeId, SpaceId } from '@coffer/protocol/core';
import {
  indexRecord,
  type NameTag,
  type StateChange,
  type StateView,
  type TreeKey,
} from '@coffer/protocol/model';
import type { SpaceStore, StoredHead } from '../ports/index.ts';

/** A SpaceStore that forgets with the process; its transactions really roll back. */
export function createMemorySpaceStore(): SpaceStore {
  return new MemorySpaceStore();
}

class MemorySpaceStore implements SpaceStore {
  readonly #undo: (() => void)[] = [];
  #depth = 0;
  readonly #spaces = new Map<SpaceId, SpaceRows>();
  readonly #heads = new Map<string, StoredHead>();
  readonly #chains = new Map<string, readonly Bytes[]>();
  readonly #nodeKeys = new Map<string, Bytes>();

  readonly transaction = <T>(action: () => T): T => {
    const start = this.#undo.length;
    this.#depth++;
    try {
      return action();
    } catch (error) {
      while (this.#undo.length > start) this.#undo.pop()?.();
      for (const rows of this.#spaces.values()) rows.forgetOrder();
      throw error;
    } finally {
      if (--this.#depth === 0) this.#undo.length = 0;
    }
  };

  readonly view = (space: SpaceId): StateView => this.#rows(space);
  readonly head = (space: SpaceId): StoredHead | undefined => this.#heads.get(space);
  readonly apply = (space: SpaceId, head: StoredHead, change: StateChange): void => {
    this.transaction(() => {
      this.#rows(space).apply(change);
      this.#set(this.#heads, space, head);
    });
  };

  readonly chain = (account: AccountId): readonly Bytes[] => this.#chains.get(account) ?? [];
  readonly saveChain = (account: AccountId, entries: readonly Bytes[]): void => {
    this.#set(this.#chains, account, [...entries]);
  };

  readonly nodeKey = (space: SpaceId, node: NodeId, kr: number): Bytes | undefined =>
    this.#nodeKeys.get(`${space}/${node}/${kr}`);
  readonly saveNodeKey = (space: SpaceId, node: NodeId, kr: number, sealed: Bytes): void => {
    this.#set(this.#nodeKeys, `${space}/${node}/${kr}`, sealed);
  };

  readonly forget = (space: SpaceId): void => {
    this.transaction(() => {
      this.#set(this.#heads, space, undefined);
      this.#set(this.#spaces, space, undefined);
      for (const slot of this.#nodeKeys.keys()) {
        if (slot.startsWith(`${space}/`)) this.#set(this.#nodeKeys, slot, undefined);
      }
    });
  };

  #rows(space: SpaceId): SpaceRows {
    let rows = this.#spaces.get(space);
    if (rows === undefined) {
      rows = new SpaceRows((map, key, value) => {
        this.#set(map, key, value);
      });
      this.#spaces.set(space, rows);
    }
    return rows;
  }

  #set<V>(map: Map<string, V>, key: string, value: V | undefined): void {
    const before = map.get(key);
    if (value === undefined) map.delete(key);
    else map.set(key, value);
    if (this.#depth === 0) return;
    this.#undo.push(() => {
      if (before === undefined) map.delete(key);
      else map.set(key, before);
    });
  }
}

type SetRow = <V>(map: Map<string, V>, key: string, value: V | undefined) => void;

class SpaceRows implements StateView {
  readonly #records = new Map<string, Bytes>();
  readonly #nodes = new Map<string, TreeKey>();
  readonly #tags = new Map<string, NodeId>();
  readonly #treeNodes = new Map<string, Bytes>();
  readonly #set: SetRow;
  /** The keys in order; made anew when they changed since. */
  #sorted: readonly string[] | undefined;

  constructor(set: SetRow) {
    this.#set = set;
  }

  forgetOrder(): void {
    this.#sorted = undefined;
  }

  apply(change: StateChange): void {
    this.forgetOrder();
    for (const [key] of change.records) this.#forget(key);
    for (const [key, bytes] of change.records) if (bytes !== null) this.#remember(key, bytes);
    for (const [position, bytes] of change.treeNodes) {
      this.#set(this.#treeNodes, position, bytes ?? undefined);
    }
  }

  readonly getRecord = (key: TreeKey): Bytes | undefined => this.#records.get(key);
  readonly findNode = (id: NodeId): TreeKey | undefined => this.#nodes.get(id);
  readonly findTag = (parent: NodeId, tag: NameTag): NodeId | undefined =>
    this.#tags.get(`${parent}/${tag}`);
  readonly getTreeNode = (position: string): Bytes | undefined => this.#treeNodes.get(position);

  *listRecords(from: TreeKey, to: TreeKey): Generator<readonly [TreeKey, Bytes]> {
    const keys = this.#keysInOrder();
    for (let i = firstAtLeast(keys, from); i < keys.length; i++) {
      const key = keys[i];
      if (key === undefined || key > to) return;
      const bytes = this.#records.get(key);
      if (bytes !== undefined) yield [key as TreeKey, bytes];
    }
  }

  #keysInOrder(): readonly string[] {
    this.#sorted ??= [...this.#records.keys()].sort();
    return this.#sorted;
  }

  #forget(key: TreeKey): void {
    const bytes = this.#records.get(key);
    if (bytes === undefined) return;
    const { node, tag } = indexRecord(key, bytes);
    if (node !== null && this.#nodes.get(node) === key) this.#set(this.#nodes, node, undefined);
    if (tag !== null) this.#set(this.#tags, `${key.slice(0, 32)}/${tag}`, undefined);
    this.#set(this.#records, key, undefined);
  }

  #remember(key: TreeKey, bytes: Bytes): void {
    const { node, tag } = indexRecord(key, bytes);
    this.#set(this.#records, key, bytes);
    if (node !== null) this.#set(this.#nodes, node, key);
    if (node !== null && tag !== null) this.#set(this.#tags, `${key.slice(0, 32)}/${tag}`, node);
  }
}

/** Index of the first of the ascending `keys` that is not below `key`. */
function firstAtLeast(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
