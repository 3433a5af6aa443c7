import type { NodeId } from '@coffer/protocol/core';
import { ACTIVITY_ROWS_MAX } from '../limits.ts';
import type { EngineDatabase } from './engine-database.ts';

/** One thing that happened, for the list of recent activity. */
export interface Activity {
  readonly atMs: number;
  readonly pair: string;
  readonly op: string;
  readonly node: NodeId | null;
  /** Relative to the pair's root. */
  readonly before: string | null;
  readonly after: string | null;
  readonly bytes: number | null;
}

interface ActivityRow {
  at_ms: number;
  pair: string;
  op: string;
  node_id: string | null;
  before_path: string | null;
  after_path: string | null;
  bytes: number | null;
}

export class ActivityTable {
  readonly #db: EngineDatabase;

  constructor(db: EngineDatabase) {
    this.#db = db;
  }

  insert(activity: Activity): void {
    const { lastInsertRowid } = this.#db
      .sql(
        `INSERT INTO activity (at_ms, pair, op, node_id, before_path, after_path, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        activity.atMs,
        activity.pair,
        activity.op,
        activity.node,
        activity.before,
        activity.after,
        activity.bytes,
      );
    const seq = Number(lastInsertRowid);
    if (seq % 1000 === 0) {
      this.#db.sql('DELETE FROM activity WHERE seq <= ?').run(seq - ACTIVITY_ROWS_MAX);
    }
  }

  /** Newest first. */
  list(limit: number): readonly Activity[] {
    return this.#db
      .sql<ActivityRow>('SELECT * FROM activity ORDER BY seq DESC LIMIT ?')
      .all(limit)
      .map((row) => ({
        atMs: row.at_ms,
        pair: row.pair,
        op: row.op,
        node: row.node_id as NodeId | null,
        before: row.before_path,
        after: row.after_path,
        bytes: row.bytes,
      }));
  }
}
