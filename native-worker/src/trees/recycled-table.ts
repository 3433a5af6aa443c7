import type { Digest, NodeId } from '@coffer/protocol/core';
import type { EntryKind } from '../planner/types.ts';
import { numbered, type EngineDatabase } from './engine-database.ts';

/** Bytes that left the tree and are kept for a while in the root's recycle area. */
export interface Recycled {
  readonly id: number;
  readonly node: NodeId | null;
  /** Relative path that it had. */
  readonly path: string;
  /** Relative path where it lies. */
  readonly stored: string;
  readonly kind: EntryKind;
  readonly sha256: Digest | null;
  readonly size: number;
  readonly batch: string;
  readonly atMs: number;
  readonly reason: 'deleted' | 'replaced' | 'undone';
}

interface RecycledRow {
  id: number;
  node_id: string | null;
  path: string;
  stored: string;
  kind: string;
  sha256: string | null;
  size: number;
  batch: string;
  at_ms: number;
  reason: string;
}

export class RecycledTable {
  readonly #db: EngineDatabase;
  readonly #pair: string;

  constructor(db: EngineDatabase, pair: string) {
    this.#db = db;
    this.#pair = pair;
  }

  insert(entry: Omit<Recycled, 'id'>): void {
    this.#db
      .sql(
        `INSERT INTO recycled (pair, node_id, path, stored, kind, sha256, size, batch, at_ms, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        this.#pair,
        entry.node,
        entry.path,
        entry.stored,
        entry.kind,
        entry.sha256,
        entry.size,
        entry.batch,
        entry.atMs,
        entry.reason,
      );
  }

  removeStored(stored: string): void {
    this.#db.sql('DELETE FROM recycled WHERE pair = ? AND stored = ?').run(this.#pair, stored);
  }

  /** Oldest first. */
  list(): readonly Recycled[] {
    return this.#db
      .sql<RecycledRow>('SELECT * FROM recycled WHERE pair = ? ORDER BY at_ms, id')
      .all(this.#pair)
      .map(recycledOf);
  }

  /** What was deleted and still has a base row, newest first: its deletion may not be over. */
  unsettled(): readonly Recycled[] {
    return this.#db
      .sql<RecycledRow>(
        `SELECT r.* FROM recycled r CROSS JOIN base_node b ON b.pair = r.pair AND b.node_id = r.node_id
         WHERE r.pair = ? AND r.reason = 'deleted' ORDER BY r.at_ms DESC, r.id DESC`,
      )
      .all(this.#pair)
      .map(recycledOf);
  }

  ofBatch(batch: string): readonly Recycled[] {
    return this.#db
      .sql<RecycledRow>('SELECT * FROM recycled WHERE pair = ? AND batch = ? ORDER BY id')
      .all(this.#pair, batch)
      .map(recycledOf);
  }

  /**
   * True while the bytes are elsewhere too: in a live or trashed node of this pair, or as a version of
   * the node that they were replaced in.
   */
  isKeptRemotely(entry: Recycled): boolean {
    const row = this.#db
      .sql(
        `SELECT 1 FROM remote_node WHERE pair = ?1 AND (node_id = ?2 OR (sha256 = ?3 AND size = ?4))
         LIMIT 1`,
      )
      .get(numbered(this.#pair, entry.node, entry.sha256, entry.size));
    return row !== undefined;
  }

  /** Bytes that the recycle area holds. */
  totalBytes(): number {
    const row = this.#db
      .sql<{ bytes: number }>('SELECT coalesce(sum(size), 0) AS bytes FROM recycled WHERE pair = ?')
      .get(this.#pair);
    return row?.bytes ?? 0;
  }
}

function recycledOf(row: RecycledRow): Recycled {
  return {
    id: row.id,
    node: row.node_id as NodeId | null,
    path: row.path,
    stored: row.stored,
    kind: row.kind as EntryKind,
    sha256: row.sha256 as Digest | null,
    size: row.size,
    batch: row.batch,
    atMs: row.at_ms,
    reason: row.reason as Recycled['reason'],
  };
}
