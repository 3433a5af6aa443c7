import type { NodeId } from '@coffer/protocol/core';
import type { EngineDatabase } from './engine-database.ts';

/** Nodes that selective sync leaves on the server only. */
export class ExclusionTable {
  readonly #db: EngineDatabase;
  readonly #pair: string;

  constructor(db: EngineDatabase, pair: string) {
    this.#db = db;
    this.#pair = pair;
  }

  list(): ReadonlySet<NodeId> {
    return new Set(
      this.#db
        .sql<{ node_id: NodeId }>('SELECT node_id FROM exclusion WHERE pair = ?')
        .all(this.#pair)
        .map((row) => row.node_id),
    );
  }

  add(id: NodeId): void {
    this.#db
      .sql('INSERT OR IGNORE INTO exclusion (pair, node_id) VALUES (?, ?)')
      .run(this.#pair, id);
  }

  remove(id: NodeId): void {
    this.#db.sql('DELETE FROM exclusion WHERE pair = ? AND node_id = ?').run(this.#pair, id);
  }
}
