import type { Bytes } from '../../core/index.ts';
import type { RecordChange } from '../commit.ts';
import type { TreeKey } from '../records.ts';
import type { StateChange, StateView, TreePosition } from '../state-view.ts';

/** Rows and records without any meaning: what the tree needs of a state, and a count of reads. */
export class PlainView implements StateView {
  readonly records = new Map<TreeKey, Bytes>();
  readonly rows = new Map<TreePosition, Bytes>();
  rowReads = 0;
  recordReads = 0;
  #sorted: TreeKey[] | null = null;

  getRecord(key: TreeKey): Bytes | undefined {
    return this.records.get(key);
  }

  *listRecords(from: TreeKey, to: TreeKey): Iterable<readonly [TreeKey, Bytes]> {
    this.#sorted ??= [...this.records.keys()].sort();
    const keys = this.#sorted;
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] ?? from) < from) low = middle + 1;
      else high = middle;
    }
    for (let key = keys[low]; key !== undefined && key <= to; key = keys[++low]) {
      this.recordReads++;
      yield [key, this.records.get(key) ?? new Uint8Array()];
    }
  }

  findNode(): undefined {
    return undefined;
  }

  findTag(): undefined {
    return undefined;
  }

  getTreeNode(position: TreePosition): Bytes | undefined {
    this.rowReads++;
    return this.rows.get(position);
  }

  apply(changes: readonly RecordChange[], treeNodes: StateChange['treeNodes']): void {
    for (const [key, record] of changes) {
      if (record === null) this.records.delete(key);
      else this.records.set(key, record);
    }
    for (const [position, row] of treeNodes) {
      if (row === null) this.rows.delete(position);
      else this.rows.set(position, row);
    }
    this.#sorted = null;
  }

  entries(): readonly (readonly [TreeKey, Bytes])[] {
    return [...this.records].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  sortedRows(): readonly (readonly [TreePosition, Bytes])[] {
    return [...this.rows].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}
