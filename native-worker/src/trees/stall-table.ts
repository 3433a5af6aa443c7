import type { NodeId } from '@coffer/protocol/core';
import type { StallReason } from '../planner/operations.ts';
import type { LocalId } from '../planner/types.ts';
import type { ScanStall } from '../scanner/local-tree-writer.ts';
import { numbered, type EngineDatabase } from './engine-database.ts';
import type { RowCache } from './row-cache.ts';

/** Who keeps a stall and takes it away: a scan of a folder, a plan, an operation, the pair itself. */
export type StallSource = 'scan' | 'plan' | 'execute' | 'pair';

export interface Stall {
  readonly reason: StallReason;
  readonly node: NodeId | null;
  readonly local: LocalId | null;
  /** For a person: relative path when it was written. */
  readonly path: string;
  readonly source: StallSource;
  readonly sinceMs: number;
  readonly tries: number;
  /** Null: only tried again when something changes. */
  readonly nextAtMs: number | null;
  readonly detail: string;
}

interface StallRow {
  reason: string;
  node_id: string | null;
  local_id: number | null;
  path: string;
  source: string;
  since_ms: number;
  tries: number;
  next_at_ms: number | null;
  detail: string;
}

/** What keeps nodes of one pair from syncing (engine §10). */
export class StallTable {
  readonly #db: EngineDatabase;
  readonly #pair: string;
  readonly #now: () => number;
  /** Sources that may have stalls. Most have none, and every node and operation asks. */
  readonly #sources: RowCache<StallSource, true>;

  constructor(db: EngineDatabase, pair: string, now: () => number) {
    this.#db = db;
    this.#pair = pair;
    this.#now = now;
    this.#sources = db.cacheOf(`stall ${pair}`);
  }

  list(): readonly Stall[] {
    return this.#db
      .sql<StallRow>('SELECT * FROM stall WHERE pair = ? ORDER BY since_ms, path')
      .all(this.#pair)
      .map(stallOf);
  }

  bySource(source: StallSource): readonly Stall[] {
    return this.list().filter((stall) => stall.source === source);
  }

  /** The stall of an operation's node or entry that has not been cleared. */
  ofOperation(node: NodeId | null, local: LocalId | null): Stall | undefined {
    if (!this.#mayHave('execute')) return undefined;
    const rows = this.#db
      .sql<StallRow>(
        `SELECT * FROM stall WHERE pair = ? AND source = 'execute' AND (node_id = ? OR local_id = ?)`,
      )
      .all(this.#pair, node, local);
    // Few or none: a sorter of SQLite's would cost more than the search.
    const [last] = rows.sort((a, b) => (b.next_at_ms ?? -1) - (a.next_at_ms ?? -1));
    return last === undefined ? undefined : stallOf(last);
  }

  /** Unix ms at which the next stalled operation is due. */
  nextAtMs(): number | undefined {
    const row = this.#db
      .sql<{ at: number | null }>(
        `SELECT min(next_at_ms) AS at FROM stall
         WHERE pair = ? AND source = 'execute' AND next_at_ms IS NOT NULL`,
      )
      .get(this.#pair);
    return row?.at ?? undefined;
  }

  /** Writes the stall in place of an earlier one of the same source and subject; keeps `since`. */
  put(stall: Omit<Stall, 'sinceMs'>): void {
    this.#db.transaction(() => {
      const before = this.#db
        .sql<{ since_ms: number }>(
          `DELETE FROM stall WHERE pair = ?1 AND source = ?2 AND node_id IS ?3 AND local_id IS ?4
           AND (?2 <> 'pair' OR reason = ?5) RETURNING since_ms`,
        )
        .all(numbered(this.#pair, stall.source, stall.node, stall.local, stall.reason));
      const sinceMs = before[0]?.since_ms ?? this.#now();
      this.#insert({ ...stall, sinceMs });
    });
  }

  /** Takes away what operations on this node or entry left. */
  clearOperation(node: NodeId | null, local: LocalId | null): void {
    if (!this.#mayHave('execute')) return;
    this.#db
      .sql(
        `DELETE FROM stall WHERE pair = ?1 AND source = 'execute'
         AND ((?2 IS NOT NULL AND node_id = ?2) OR (?3 IS NOT NULL AND local_id = ?3))`,
      )
      .run(numbered(this.#pair, node, local));
  }

  /** The stalls that a plan of these nodes and entries gave, in place of their earlier ones. */
  replacePlanned(
    subjects: { readonly nodes: readonly NodeId[]; readonly locals: readonly LocalId[] },
    stalls: readonly Omit<Stall, 'sinceMs' | 'source'>[],
  ): void {
    const since = new Map<string, number>();
    const forget = this.#db.sql<StallRow>(
      `DELETE FROM stall WHERE pair = ?1 AND source = 'plan'
       AND ((?2 IS NOT NULL AND node_id = ?2) OR (?3 IS NOT NULL AND local_id = ?3)) RETURNING *`,
    );
    const drop = (node: NodeId | null, local: LocalId | null): void => {
      if (!this.#mayHave('plan')) return;
      for (const row of forget.all(numbered(this.#pair, node, local)))
        since.set(keyOf(stallOf(row)), row.since_ms);
    };
    for (const node of subjects.nodes) drop(node, null);
    for (const local of subjects.locals) drop(null, local);
    for (const stall of stalls) {
      drop(stall.node, stall.local);
      this.#insert({
        ...stall,
        source: 'plan',
        sinceMs: since.get(keyOf({ ...stall, source: 'plan', sinceMs: 0 })) ?? this.#now(),
      });
    }
  }

  /** The stalls of one folder's scan, in place of the earlier ones. */
  replaceScanned(folder: LocalId, stalls: readonly ScanStall[]): void {
    const key = `${folder}:`;
    const before = this.#db
      .sql<StallRow>(
        `DELETE FROM stall WHERE pair = ? AND source = 'scan' AND substr(detail, 1, ?) = ?
         RETURNING *`,
      )
      .all(this.#pair, key.length, key);
    for (const stall of stalls) {
      const same = before.find((row) => row.reason === stall.reason && row.path === stall.name);
      this.#insert({
        reason: stall.reason,
        node: null,
        local: stall.local,
        path: stall.name,
        source: 'scan',
        sinceMs: same?.since_ms ?? this.#now(),
        tries: 0,
        nextAtMs: null,
        detail: `${key}${stall.detail}`,
      });
    }
  }

  /** Takes away what scans of these folders found. */
  forgetScanned(folders: ReadonlySet<LocalId>): void {
    const found = this.#db
      .sql<{ folder: LocalId }>(
        `SELECT DISTINCT CAST(substr(detail, 1, instr(detail, ':') - 1) AS INTEGER) AS folder
         FROM stall WHERE pair = ? AND source = 'scan'`,
      )
      .all(this.#pair);
    for (const { folder } of found) if (folders.has(folder)) this.replaceScanned(folder, []);
  }

  /** Takes away one that the pair keeps about a node. */
  clearPairNode(reason: StallReason, node: NodeId): void {
    this.#db
      .sql(`DELETE FROM stall WHERE pair = ? AND source = 'pair' AND reason = ? AND node_id = ?`)
      .run(this.#pair, reason, node);
  }

  clearPair(reason: StallReason): boolean {
    return (
      this.#db
        .sql(`DELETE FROM stall WHERE pair = ? AND source = 'pair' AND reason = ?`)
        .run(this.#pair, reason).changes > 0
    );
  }

  /** Makes operations on stalled nodes due at once; all, or those whose path is at or below. */
  makeDue(path?: string): readonly Stall[] {
    const due = this.bySource('execute').filter(
      (stall) => path === undefined || stall.path === path || stall.path.startsWith(`${path}/`),
    );
    for (const stall of due) {
      this.#db
        .sql(
          `UPDATE stall SET next_at_ms = 0 WHERE pair = ? AND source = 'execute'
           AND node_id IS ? AND local_id IS ?`,
        )
        .run(this.#pair, stall.node, stall.local);
    }
    return due;
  }

  #mayHave(source: StallSource): boolean {
    const read = (): true | undefined =>
      this.#db
        .sql('SELECT 1 FROM stall WHERE pair = ? AND source = ? LIMIT 1')
        .get(this.#pair, source) === undefined
        ? undefined
        : true;
    return this.#sources.get(source, read) === true;
  }

  #insert(stall: Stall): void {
    this.#db
      .sql(
        `INSERT INTO stall (pair, reason, node_id, local_id, path, source, since_ms, tries,
           next_at_ms, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        this.#pair,
        stall.reason,
        stall.node,
        stall.local,
        stall.path,
        stall.source,
        stall.sinceMs,
        stall.tries,
        stall.nextAtMs,
        stall.detail,
      );
    this.#sources.set(stall.source, true);
  }
}

function keyOf(stall: Stall): string {
  return `${stall.reason} ${stall.node ?? ''} ${stall.local ?? ''}`;
}

function stallOf(row: StallRow): Stall {
  return {
    reason: row.reason as StallReason,
    node: row.node_id as NodeId | null,
    local: row.local_id as LocalId | null,
    path: row.path,
    source: row.source as StallSource,
    sinceMs: row.since_ms,
    tries: row.tries,
    nextAtMs: row.next_at_ms,
    detail: row.detail,
  };
}
