import type { NodeId } from '@coffer/protocol/core';
import type { Dirty, LocalId } from '../planner/types.ts';
import { numbered, type EngineDatabase } from './engine-database.ts';

/** What one plan starts from. */
export interface DirtyReading {
  readonly dirty: Dirty;
  /** What is marked later is not in it. */
  readonly mark: number;
  /** Once this is cleared, what is gone and waits was marked from here on. */
  readonly goneFrom: number;
}

export interface NewFiles {
  readonly count: number;
  readonly bytes: number;
}

/** Which nodes of a pair enter planning. A mark tells what was marked after a plan was made. */
export class DirtySet {
  readonly #db: EngineDatabase;
  readonly #pair: string;
  #mark: number;
  /** Nothing that is gone was marked before this and still waits. */
  #goneFrom = 0;

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

  /**
   * What is dirty, of either side: the `max` nodes that stood here longest, so that a part that cannot be
   * settled does not keep out the rest, and besides what is gone, `goneMax` at most, so that a mass
   * deletion is judged whole.
   */
  read(max: number, goneMax: number): DirtyReading {
    const remote = this.#db
      .sql<{ id: NodeId }>(
        `SELECT node_id AS id FROM (SELECT node_id FROM dirty_remote
           WHERE pair = ?1 ORDER BY mark, node_id LIMIT ?2)
         UNION SELECT node_id FROM (SELECT d.node_id FROM dirty_remote d
           LEFT JOIN remote_node r ON r.pair = d.pair AND r.node_id = d.node_id
           WHERE d.pair = ?1 AND d.mark >= ?3 AND r.state IS NOT 'live'
           ORDER BY d.mark, d.node_id LIMIT ?4)`,
      )
      .all(numbered(this.#pair, max, this.#goneFrom, goneMax))
      .map(({ id }) => id);
    const local = this.#db
      .sql<{ id: LocalId }>(
        `SELECT local_id AS id FROM (SELECT local_id FROM dirty_local
           WHERE pair = ?1 ORDER BY mark, local_id LIMIT ?2)
         UNION SELECT local_id FROM (SELECT d.local_id FROM dirty_local d
           JOIN local_node l ON l.local_id = d.local_id
           WHERE d.pair = ?1 AND d.mark >= ?3 AND l.state = 'gone'
           ORDER BY d.mark, d.local_id LIMIT ?4)`,
      )
      .all(numbered(this.#pair, max, this.#goneFrom, goneMax))
      .map(({ id }) => id);
    const mark = this.#mark++;
    const isWhole = remote.length < goneMax && local.length < goneMax;
    return { dirty: { remote, local }, mark, goneFrom: isWhole ? mark + 1 : this.#goneFrom };
  }

  /** Files that are here, dirty and agreed on with nobody, and their bytes. */
  newFiles(): NewFiles {
    const row = this.#db
      .sql<NewFiles>(
        `SELECT count(*) AS count, coalesce(sum(l.size), 0) AS bytes
         FROM dirty_local d JOIN local_node l ON l.local_id = d.local_id
         WHERE d.pair = ?1 AND l.kind = 'file' AND l.state = 'seen' AND NOT EXISTS
           (SELECT 1 FROM base_node b WHERE b.pair = ?1 AND b.local_id = d.local_id)`,
      )
      .get(numbered(this.#pair));
    return row ?? { count: 0, bytes: 0 };
  }

  /** True while nodes stand here that no reading up to `mark` gave. */
  hasOlder(mark: number): boolean {
    const row = this.#db
      .sql(
        `SELECT 1 FROM dirty_remote WHERE pair = ?1 AND mark <= ?2
         UNION ALL SELECT 1 FROM dirty_local WHERE pair = ?1 AND mark <= ?2 LIMIT 1`,
      )
      .get(numbered(this.#pair, mark));
    return row !== undefined;
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

  /** What of the drive is not here: rules that kept it out may have changed. */
  markRemoteWithoutBase(): void {
    this.#db
      .sql(
        `INSERT INTO dirty_remote (pair, node_id, mark)
         SELECT r.pair, r.node_id, ?2 FROM remote_node r
         WHERE r.pair = ?1 AND r.state = 'live' AND NOT EXISTS
           (SELECT 1 FROM base_node b WHERE b.pair = r.pair AND b.node_id = r.node_id)
         ON CONFLICT DO UPDATE SET mark = excluded.mark`,
      )
      .run(numbered(this.#pair, this.#mark));
  }

  /** Both sides and the base are known to be one: there is nothing to plan, whenever it was marked. */
  forget(node: NodeId, local: LocalId): void {
    this.#db.sql('DELETE FROM dirty_remote WHERE pair = ? AND node_id = ?').run(this.#pair, node);
    this.#db.sql('DELETE FROM dirty_local WHERE pair = ? AND local_id = ?').run(this.#pair, local);
  }

  /** What waits for something in its way enters the next plan too. */
  markWaiting({ remote, local }: Dirty): void {
    for (const id of remote) this.markRemote(id);
    for (const id of local) this.markLocal(id, 'waiting');
  }

  /** An entry that could not be looked at is back: nothing was planned at and below it meanwhile. */
  markBelow(local: LocalId): void {
    this.#db
      .sql(
        `WITH RECURSIVE below(id) AS (
           SELECT ?2 UNION
           SELECT l.local_id FROM below CROSS JOIN local_node l INDEXED BY local_slot
             WHERE l.pair = ?1 AND l.parent = below.id)
         INSERT INTO dirty_local (pair, local_id, mark, reason)
         SELECT ?1, id, ?3, 'below' FROM below WHERE true
         ON CONFLICT DO UPDATE SET mark = excluded.mark`,
      )
      .run(numbered(this.#pair, local, this.#mark));
    this.#db
      .sql(
        `WITH RECURSIVE below(id) AS (
           SELECT node_id FROM base_node WHERE pair = ?1 AND local_id = ?2 UNION
           SELECT r.node_id FROM below CROSS JOIN remote_node r INDEXED BY remote_slot
             WHERE r.pair = ?1 AND r.parent = below.id)
         INSERT INTO dirty_remote (pair, node_id, mark)
         SELECT ?1, id, ?3 FROM below WHERE true
         ON CONFLICT DO UPDATE SET mark = excluded.mark`,
      )
      .run(numbered(this.#pair, local, this.#mark));
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

  /** Forgets what was read and not marked again since. */
  clear({ dirty: { remote, local }, mark, goneFrom }: DirtyReading): void {
    const forgetRemote = this.#db.sql(
      'DELETE FROM dirty_remote WHERE pair = ? AND node_id = ? AND mark <= ?',
    );
    const forgetLocal = this.#db.sql(
      'DELETE FROM dirty_local WHERE pair = ? AND local_id = ? AND mark <= ?',
    );
    this.#db.transaction(() => {
      for (const id of remote) forgetRemote.run(this.#pair, id, mark);
      for (const id of local) forgetLocal.run(this.#pair, id, mark);
    });
    this.#goneFrom = Math.max(this.#goneFrom, goneFrom);
  }
}
