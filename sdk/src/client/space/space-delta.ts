import type { NodeId } from '@coffer/protocol/core';
import { recordTypeAt, type StateChange } from '@coffer/protocol/model';
import type { SpaceDelta } from '../space-changes.ts';

/** Nodes that applied commits touched, gathered over any number of them. */
export class DeltaCollector {
  readonly #changed = new Set<NodeId>();
  readonly #removed = new Set<NodeId>();
  readonly #approved = new Set<NodeId>();

  add(delta: SpaceDelta): void {
    for (const id of delta.approved) this.#approved.add(id);
    for (const id of delta.changed) {
      this.#removed.delete(id);
      this.#changed.add(id);
    }
    for (const id of delta.removed) {
      this.#changed.delete(id);
      this.#removed.add(id);
    }
  }

  delta(seq: number): SpaceDelta {
    return {
      changed: [...this.#changed],
      removed: [...this.#removed],
      approved: [...this.#approved],
      seq,
    };
  }
}

/**
 * What one commit touched: a node that moved is removed under one key and there under another.
 * `approvedIn`: the trash, when the commit says that its deletions were approved.
 */
export function deltaOf(change: StateChange, seq: number, approvedIn?: NodeId): SpaceDelta {
  const changed = new Set<NodeId>();
  const gone = new Set<NodeId>();
  const approved: NodeId[] = [];
  for (const [key, record] of change.records) {
    if (recordTypeAt(key) !== 'node') continue;
    const id = key.slice(32) as NodeId;
    if (record === null) gone.add(id);
    else changed.add(id);
    if (record !== null && key.slice(0, 32) === approvedIn) approved.push(id);
  }
  const removed = [...gone].filter((id) => !changed.has(id));
  return { changed: [...changed], removed, approved, seq };
}
