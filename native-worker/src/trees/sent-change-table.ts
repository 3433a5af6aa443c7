import type { Digest, NodeId } from '@coffer/protocol/core';
import type { LocalId, OperationId } from '../planner/types.ts';
import { numbered, type EngineDatabase } from './engine-database.ts';

/** A change that went out in a commit, as it would be recognised in the log (executor/own-commits.ts). */
export type SentChange =
  | {
      readonly kind: 'content';
      readonly node: NodeId;
      readonly local: LocalId;
      /** Name and time of the entry that was read; nanoseconds in decimal. */
      readonly localName: string;
      readonly localMtimeNs: string;
      /** The revision that was replaced; null for a new node. */
      readonly baseRev: number | null;
      readonly sha256: Digest | null;
      readonly target: string | null;
    }
  | {
      readonly kind: 'place';
      readonly node: NodeId;
      readonly localName: string;
      readonly parent: NodeId;
      readonly name: string;
    };

/** Commits without an answer that are remembered for a pair while no other one comes. */
const UNANSWERED_MAX = 16;
const KIND = 'commit';

interface Row {
  op_id: string;
  detail: string;
}

/**
 * Changes on their way to the server, written down before they are sent, as intents of the kind
 * `commit`. What has no answer stays, over the end of the process too.
 */
export class SentChangeTable {
  readonly #db: EngineDatabase;
  readonly #pair: string;
  readonly #underWay = new Set<OperationId>();
  #unanswered: Map<NodeId, SentChange> | undefined;

  constructor(db: EngineDatabase, pair: string) {
    this.#db = db;
    this.#pair = pair;
  }

  /** `id`: unique for the commit. */
  put(id: OperationId, changes: readonly SentChange[], atMs: number): void {
    this.#underWay.add(id);
    this.#db
      .sql(
        `INSERT OR REPLACE INTO intent (op_id, pair, kind, node_id, local_id, from_path, to_path,
           staged_path, detail, at_ms) VALUES (?, ?, '${KIND}', NULL, NULL, '', '', NULL, ?, ?)`,
      )
      .run(id, this.#pair, JSON.stringify(changes), atMs);
  }

  /** The answer came. Call inside the transaction that writes what follows from it. */
  remove(id: OperationId): void {
    this.#underWay.delete(id);
    this.#db.sql('DELETE FROM intent WHERE op_id = ?').run(id);
  }

  /** No answer came: whether the changes were made shows in the log. */
  leaveUnanswered(id: OperationId): void {
    this.#underWay.delete(id);
    this.#unanswered = undefined;
    this.#db
      .sql(
        `DELETE FROM intent WHERE pair = ?1 AND kind = '${KIND}' AND rowid NOT IN (
           SELECT rowid FROM intent WHERE pair = ?1 AND kind = '${KIND}'
           ORDER BY rowid DESC LIMIT ${UNANSWERED_MAX})`,
      )
      .run(numbered(this.#pair));
  }

  /**
   * Another commit is in the log: of those before it, what is not in the log now never will be, and what
   * is was looked at. Kept any longer, a change of somebody else that says the same would look like it.
   */
  forgetUnanswered(): void {
    if (this.unanswered().size === 0) return;
    this.#unanswered = undefined;
    this.#db
      .sql(
        `DELETE FROM intent WHERE pair = ? AND kind = '${KIND}'
         AND op_id NOT IN (SELECT value FROM json_each(?))`,
      )
      .run(this.#pair, JSON.stringify([...this.#underWay]));
  }

  clear(): void {
    this.#unanswered = undefined;
    this.#db.sql(`DELETE FROM intent WHERE pair = ? AND kind = '${KIND}'`).run(this.#pair);
  }

  /** Newest of each node. Empty nearly always: what is under way is not in it. */
  unanswered(): ReadonlyMap<NodeId, SentChange> {
    this.#unanswered ??= this.#load();
    return this.#unanswered;
  }

  #load(): Map<NodeId, SentChange> {
    const found = new Map<NodeId, SentChange>();
    const rows = this.#db
      .sql<Row>(
        `SELECT op_id, detail FROM intent WHERE pair = ? AND kind = '${KIND}' ORDER BY rowid`,
      )
      .all(this.#pair);
    for (const { op_id, detail } of rows) {
      if (this.#underWay.has(op_id as OperationId)) continue;
      for (const change of JSON.parse(detail) as SentChange[]) found.set(change.node, change);
    }
    return found;
  }
}
