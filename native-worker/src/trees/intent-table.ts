import type { NodeId } from '@coffer/protocol/core';
import type { LocalId, OperationId } from '../planner/types.ts';
import type { EngineDatabase } from './engine-database.ts';

/**
 * An effect that a scan could not explain, written before it happens (engine §2):
 * `replace`: the entry at `to` goes to `from` in the recycle area, the staged file takes its place;
 * `set-aside`: the entry at `from` becomes another entry at `to`;
 * `stage-move`: the entry at `from` waits in staging until `to` is free;
 * `arrive`: entries get their names: `detail` lists them with their rows (executor/arrivals.ts).
 * What is on its way to the server is in the same table (sent-change-table.ts).
 */
export interface Intent {
  readonly id: OperationId;
  readonly kind: 'replace' | 'set-aside' | 'stage-move' | 'arrive';
  readonly node: NodeId | null;
  readonly local: LocalId | null;
  /** Paths are relative to the root. */
  readonly from: string;
  readonly to: string;
  readonly staged: string | null;
  /** Inode of the staged file or of the entry that moves, in decimal; a list for `arrive`. */
  readonly detail: string;
  readonly atMs: number;
}

interface IntentRow {
  op_id: string;
  kind: string;
  node_id: string | null;
  local_id: number | null;
  from_path: string;
  to_path: string;
  staged_path: string | null;
  detail: string;
  at_ms: number;
}

export class IntentTable {
  readonly #db: EngineDatabase;
  readonly #pair: string;

  constructor(db: EngineDatabase, pair: string) {
    this.#db = db;
    this.#pair = pair;
  }

  list(): readonly Intent[] {
    return this.#db
      .sql<IntentRow>("SELECT * FROM intent WHERE pair = ? AND kind <> 'commit' ORDER BY rowid")
      .all(this.#pair)
      .map((row) => ({
        id: row.op_id as OperationId,
        kind: row.kind as Intent['kind'],
        node: row.node_id as NodeId | null,
        local: row.local_id as LocalId | null,
        from: row.from_path,
        to: row.to_path,
        staged: row.staged_path,
        detail: row.detail,
        atMs: row.at_ms,
      }));
  }

  put(intent: Intent): void {
    this.#db
      .sql(
        `INSERT OR REPLACE INTO intent (op_id, pair, kind, node_id, local_id, from_path, to_path,
           staged_path, detail, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        intent.id,
        this.#pair,
        intent.kind,
        intent.node,
        intent.local,
        intent.from,
        intent.to,
        intent.staged,
        intent.detail,
        intent.atMs,
      );
  }

  remove(id: OperationId): void {
    this.#db.sql('DELETE FROM intent WHERE op_id = ?').run(id);
  }
}
