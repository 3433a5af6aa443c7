import type { NodeId } from '@coffer/protocol/core';
import type { HeldBatch } from '../planner/types.ts';
import type { EngineDatabase } from './engine-database.ts';

export interface Hold extends HeldBatch {
  readonly of: number;
  readonly createdMs: number;
}

interface HoldRow {
  batch: string;
  side: string;
  of: number;
  created_ms: number;
  decision: string;
}

/** Deletions of one pair that wait for a person (engine §7). */
export class HoldTable {
  readonly #db: EngineDatabase;
  readonly #pair: string;

  constructor(db: EngineDatabase, pair: string) {
    this.#db = db;
    this.#pair = pair;
  }

  list(): readonly Hold[] {
    const rows = this.#db
      .sql<HoldRow>(
        'SELECT batch, side, of, created_ms, decision FROM hold WHERE pair = ? ORDER BY created_ms, batch',
      )
      .all(this.#pair);
    return rows.map((row) => ({
      batch: row.batch,
      side: row.side as Hold['side'],
      of: row.of,
      createdMs: row.created_ms,
      decision: row.decision as Hold['decision'],
      nodes: this.#nodesOf(row.batch),
    }));
  }

  /** Nodes that wait for a decision. */
  waiting(): number {
    const row = this.#db
      .sql<{ count: number }>(
        `SELECT count(*) AS count FROM hold_item JOIN hold USING (batch)
         WHERE pair = ? AND decision = 'none'`,
      )
      .get(this.#pair);
    return row?.count ?? 0;
  }

  insert(hold: Omit<Hold, 'decision'>): void {
    this.#db
      .sql(
        'INSERT INTO hold (batch, pair, side, count, of, created_ms, decision) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(hold.batch, this.#pair, hold.side, hold.nodes.size, hold.of, hold.createdMs, 'none');
    this.#add(hold.batch, hold.nodes);
  }

  /** More deletions of the run that a batch came from. */
  join(batch: string, nodes: readonly NodeId[]): void {
    this.#add(batch, nodes);
    this.#db.sql('UPDATE hold SET count = count + ? WHERE batch = ?').run(nodes.length, batch);
  }

  decide(batch: string, decision: 'approved' | 'undone'): void {
    this.#db.sql('UPDATE hold SET decision = ? WHERE batch = ?').run(decision, batch);
  }

  /** The node's fate is settled: it leaves every batch; batches that are empty go. */
  settle(node: NodeId): void {
    this.#db
      .sql(
        `DELETE FROM hold_item WHERE node_id = ?
         AND batch IN (SELECT batch FROM hold WHERE pair = ?)`,
      )
      .run(node, this.#pair);
  }

  clear(): void {
    this.#db
      .sql('DELETE FROM hold_item WHERE batch IN (SELECT batch FROM hold WHERE pair = ?)')
      .run(this.#pair);
    this.#db.sql('DELETE FROM hold WHERE pair = ?').run(this.#pair);
  }

  sweep(): void {
    this.#db
      .sql(
        `DELETE FROM hold WHERE pair = ?
         AND NOT EXISTS (SELECT 1 FROM hold_item WHERE hold_item.batch = hold.batch)`,
      )
      .run(this.#pair);
  }

  #add(batch: string, nodes: Iterable<NodeId>): void {
    const insert = this.#db.sql('INSERT OR IGNORE INTO hold_item (batch, node_id) VALUES (?, ?)');
    for (const node of nodes) insert.run(batch, node);
  }

  #nodesOf(batch: string): ReadonlySet<NodeId> {
    return new Set(
      this.#db
        .sql<{ node_id: NodeId }>('SELECT node_id FROM hold_item WHERE batch = ?')
        .all(batch)
        .map((row) => row.node_id),
    );
  }
}
