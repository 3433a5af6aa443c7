/**
 * The end state that a commit in the making would have: the stored state with some records replaced.
 * Changes are made one after the other, each all or nothing through `mark` and `rollback`.
 */
import { equalBytes, type Bytes, type NodeId } from '@coffer/protocol/core';
import {
  childrenRange,
  decodeRecord,
  encodeRecord,
  recordKey,
  type NameTag,
  type NodeRecord,
  type RecordChange,
  type SpaceStateRecord,
  type StateView,
  type TreeKey,
  type VersionRecord,
} from '@coffer/protocol/model';

/** What a row of a commit body takes beside the record: key and CBOR heads. */
const ROW_OVERHEAD_BYTES = 48;

interface Row {
  readonly record: SpaceStateRecord;
  readonly bytes: Bytes;
}

export class Draft {
  readonly #base: StateView;
  /** Null where the draft removes a record. */
  readonly #rows = new Map<TreeKey, Row | null>();
  readonly #keyByNode = new Map<NodeId, TreeKey | null>();
  readonly #keysByParent = new Map<string, Set<TreeKey>>();
  readonly #claims = new Map<string, { parent: NodeId; tag: NameTag; nodes: Set<NodeId> }>();
  readonly #undo: (() => void)[] = [];
  /** Where nodes stand in the stored state, as far as it was asked: one path leads to many nodes. */
  readonly #storedKeys = new Map<NodeId, TreeKey | undefined>();
  /** Stored records that were decoded already. */
  readonly #stored = new Map<TreeKey, SpaceStateRecord>();
  #sizeBytes = 0;

  constructor(base: StateView) {
    this.#base = base;
  }

  get changeCount(): number {
    return this.#rows.size;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  record(key: TreeKey): SpaceStateRecord | undefined {
    const row = this.#rows.get(key);
    return row === undefined ? this.#storedRecord(key) : row?.record;
  }

  node(id: NodeId): NodeRecord | undefined {
    const changed = this.#keyByNode.get(id);
    const key = changed === undefined ? this.#storedKey(id) : changed;
    const record = key === undefined || key === null ? undefined : this.record(key);
    return record?.type === 'node' ? record : undefined;
  }

  /** The node as it stands before this commit. */
  nodeBefore(id: NodeId): NodeRecord | undefined {
    const key = this.#storedKey(id);
    const record = key === undefined ? undefined : this.#storedRecord(key);
    return record?.type === 'node' ? record : undefined;
  }

  children(folder: NodeId): readonly NodeRecord[] {
    return this.#below(folder).filter((record) => record.type === 'node');
  }

  versions(file: NodeId): readonly VersionRecord[] {
    return this.#below(file).filter((record) => record.type === 'version');
  }

  put(record: SpaceStateRecord): void {
    const key = recordKey(record);
    const before = record.type === 'node' ? this.node(record.id) : undefined;
    if (before !== undefined && before.parent !== nodeParent(record))
      this.remove(recordKey(before));
    this.#setRow(key, { record, bytes: encodeRecord(record) });
    if (record.type !== 'node') return;
    this.#setNode(record.id, key);
    if (record.tag !== null) this.#claim(record.parent, record.tag, record.id);
  }

  remove(key: TreeKey): void {
    const before = this.record(key);
    this.#setRow(key, null);
    if (before?.type === 'node') this.#setNode(before.id, null);
  }

  mark(): number {
    return this.#undo.length;
  }

  rollback(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.();
  }

  /** Nodes of this draft whose name stands twice in their folder: all but one that had it before. */
  clashes(): readonly NodeId[] {
    return [...this.#claims.values()].flatMap(({ parent, tag, nodes }) => {
      const holds = (id: NodeId): boolean => {
        const node = this.node(id);
        return node?.parent === parent && node.tag === tag;
      };
      const holder = this.#base.findTag(parent, tag);
      const claimants = [...nodes].filter((id) => id !== holder && holds(id));
      return holder !== undefined && holds(holder) ? claimants : claimants.slice(1);
    });
  }

  /** The rows that differ from the stored state, ascending by key. */
  changes(): readonly RecordChange[] {
    const changes: RecordChange[] = [];
    for (const [key, row] of this.#rows) {
      const before = this.#isNew(row) ? undefined : this.#base.getRecord(key);
      const isSame =
        row === null ? before === undefined : before !== undefined && equalBytes(before, row.bytes);
      if (!isSame) changes.push([key, row?.bytes ?? null]);
    }
    return changes.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** A node that was looked for and stands nowhere has no record under any key. */
  #isNew(row: Row | null): boolean {
    if (row?.record.type !== 'node') return false;
    const { id } = row.record;
    return this.#storedKeys.has(id) && this.#storedKeys.get(id) === undefined;
  }

  #storedKey(id: NodeId): TreeKey | undefined {
    const known = this.#storedKeys.get(id);
    if (known !== undefined || this.#storedKeys.has(id)) return known;
    const key = this.#base.findNode(id);
    this.#storedKeys.set(id, key);
    return key;
  }

  #storedRecord(key: TreeKey): SpaceStateRecord | undefined {
    const known = this.#stored.get(key);
    if (known !== undefined) return known;
    const bytes = this.#base.getRecord(key);
    if (bytes === undefined) return undefined;
    const record = decodeRecord(key, bytes);
    this.#stored.set(key, record);
    return record;
  }

  #below(parent: NodeId): readonly SpaceStateRecord[] {
    const [from, to] = childrenRange(parent);
    const changed = this.#keysByParent.get(parent);
    const records: SpaceStateRecord[] = [];
    for (const [key, bytes] of this.#base.listRecords(from, to)) {
      if (!changed?.has(key)) records.push(decodeRecord(key, bytes));
    }
    for (const key of changed ?? []) {
      const row = this.#rows.get(key);
      if (row !== undefined && row !== null) records.push(row.record);
    }
    return records;
  }

  #setRow(key: TreeKey, row: Row | null): void {
    const before = this.#rows.get(key);
    const parent = key.slice(0, 32);
    const keys = this.#keysByParent.get(parent) ?? new Set();
    this.#keysByParent.set(parent, keys.add(key));
    this.#rows.set(key, row);
    const grown = rowSize(row) - (before === undefined ? 0 : rowSize(before));
    this.#sizeBytes += grown;
    this.#undo.push(() => {
      this.#sizeBytes -= grown;
      if (before !== undefined) {
        this.#rows.set(key, before);
      } else {
        this.#rows.delete(key);
        keys.delete(key);
      }
    });
  }

  #setNode(id: NodeId, key: TreeKey | null): void {
    const before = this.#keyByNode.get(id);
    this.#keyByNode.set(id, key);
    this.#undo.push(() => {
      if (before === undefined) this.#keyByNode.delete(id);
      else this.#keyByNode.set(id, before);
    });
  }

  #claim(parent: NodeId, tag: NameTag, id: NodeId): void {
    const slot = `${parent}/${tag}`;
    const claim = this.#claims.get(slot) ?? { parent, tag, nodes: new Set<NodeId>() };
    if (claim.nodes.has(id)) return;
    claim.nodes.add(id);
    this.#claims.set(slot, claim);
    this.#undo.push(() => {
      claim.nodes.delete(id);
    });
  }
}

function nodeParent(record: SpaceStateRecord): NodeId | undefined {
  return record.type === 'node' ? record.parent : undefined;
}

function rowSize(row: Row | null): number {
  return ROW_OVERHEAD_BYTES + (row?.bytes.length ?? 0);
}
