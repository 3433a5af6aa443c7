import type { NodeId } from '@coffer/protocol/core';
import type { Dirty, LocalId } from '../planner/types.ts';
import { numbered, type EngineDatabase } from './engine-database.ts';

/** Which nodes of a pair enter planning. A mark tells what was marked after a plan was made. */
export class DirtySet {
  readonly #db: EngineDatabase;
  readonly #pair: string;
  #mark: number;

  constructor(db: EngineDatabase, pair: string) {
    this.#db = db;
    this.#pair = pair;
    const row = db
      .sql<{ mark: number | null }>(
        `SELECT max(mark) AS mark FROM (SELECT mark FROM dirty_remote WHERE pair = ?1
           UNION ALL SELECT mark FROM dirty_local WHERE pair = ?1)`,
      )
      .get(numbered(pair));
    this.#mark = (row?.mark ?? 0) + 1;
  }

  /** Everything that is dirty, and the mark up to which `clear` forgets it. */
  read(): { readonly dirty: Dirty; readonly mark: number } {
    const remote = this.#db
      .sql<{ node_id: NodeId }>('SELECT node_id FROM dirty_remote WHERE pair = ?')
      .all(this.#pair)
      .map((row) => row.node_id);
    const local = this.#db
      .sql<{ local_id: LocalId }>('SELECT local_id FROM dirty_local WHERE pair = ?')
      .all(this.#pair)
      .map((row) => row.local_id);
    return { dirty: { remote, local }, mark: this.#mark++ };
  }

  isEmpty(): boolean {
    const row = this.#db
      .sql<{ found: number }>(
        `SELECT (SELECT count(*) FROM (SELECT 1 FROM dirty_remote WHERE pair = ?1 LIMIT 1))
           + (SELECT count(*) FROM (SELECT 1 FROM dirty_local WHERE pair = ?1 LIMIT 1)) AS found`,
      )
      .get(numbered(this.#pair));
    return row?.found === 0;
  }

  /** True when the node or its entry waits for planning. */
  has(node: NodeId, local: LocalId): boolean {
    const row = this.#db
      .sql(
        `SELECT 1 FROM dirty_remote WHERE pair = ?1 AND node_id = ?2
         UNION ALL SELECT 1 FROM dirty_local WHERE pair = ?1 AND local_id = ?3`,
      )
      .get(numbered(this.#pair, node, local));
    return row !== undefined;
  }

  /** True when the node was marked after the reading that gave `mark`. */
  isRemoteMarkedSince(id: NodeId, mark: number): boolean {
    return (
      this.#db
        .sql('SELECT 1 FROM dirty_remote WHERE pair = ? AND node_id = ? AND mark > ?')
        .get(this.#pair, id, mark) !== undefined
    );
  }

  markRemote(id: NodeId): void {
    this.#db
      .sql(
        `INSERT INTO dirty_remote (pair, node_id, mark) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET mark = excluded.mark`,
      )
      .run(this.#pair, id, this.#mark);
  }

  markLocal(id: LocalId, reason: string): void {
    this.#db
      .sql(
        `INSERT INTO dirty_local (pair, local_id, mark, reason) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET mark = excluded.mark, reason = excluded.reason`,
      )
      .run(this.#pair, id, this.#mark, reason);
  }

  /** Every node of the pair, for a pair whose base is not known or was dropped. */
  markAll(): void {
    this.#db
      .sql(
        `INSERT INTO dirty_remote (pair, node_id, mark)
         SELECT pair, node_id, ?2 FROM remote_node WHERE pair = ?1
         ON CONFLICT DO UPDATE SET mark = excluded.mark`,
      )
      .run(numbered(this.#pair, this.#mark));
    this.#db
      .sql(
        `INSERT INTO dirty_local (pair, local_id, mark, reason)
         SELECT pair, local_id, ?2, 'all' FROM local_node WHERE pair = ?1
         ON CONFLICT DO UPDATE SET mark = excluded.mark`,
      )
      .run(numbered(this.#pair, this.#mark));
  }

  /** Forgets what was marked up to `mark` and not again since. */
  clear(mark: number): void {
    this.#db.sql('DELETE FROM dirty_remote WHERE pair = ? AND mark <= ?').run(this.#pair, mark);
    this.#db.sql('DELETE FROM dirty_local WHERE pair = ? AND mark <= ?').run(this.#pair, mark);
  }
}
