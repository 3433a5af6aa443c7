/**
 * Which entries of a pair a power cut, or pulling out the disk, may have changed behind everybody's back:
 * what programs did last may be on the disk in part, under the size and times that it was to have, or not
 * at all.
 */
import type { LocalId } from '../planner/types.ts';
import { numbered, type EngineDatabase } from './engine-database.ts';

/** Systems write back what programs wrote within half of this. */
const UNSYNCED_MS_MAX = 60_000;
const NS_PER_MS = 1_000_000n;
/** What could not be read when it was last looked at is as it was seen before. */
const SEEN = `FROM local_node WHERE pair = ?1 AND state IN ('seen', 'unknown') AND local_id <> parent`;

export class ProofTable {
  readonly #db: EngineDatabase;
  readonly #pair: string;

  constructor(db: EngineDatabase, pair: string) {
    this.#db = db;
    this.#pair = pair;
  }

  /** True when everything was proved in this boot of the system: no power cut came since. */
  isProved(boot: string): boolean {
    const row = this.#db
      .sql<{ boot: string | null }>('SELECT boot FROM pair WHERE id = ?')
      .get(this.#pair);
    return row?.boot === boot;
  }

  /** Null: in none. */
  setProved(boot: string | null): void {
    this.#db.sql('UPDATE pair SET boot = ? WHERE id = ?').run(boot, this.#pair);
  }

  /**
   * Rows whose names a power cut took, and which were not all judged since, with the inode that had the
   * name instead, right after.
   */
  nameless(): ReadonlyMap<LocalId, bigint | null> {
    const row = this.#db
      .sql<{ nameless: string }>('SELECT nameless FROM pair WHERE id = ?')
      .get(this.#pair);
    const rows = JSON.parse(row?.nameless ?? '{}') as Readonly<Record<string, string | null>>;
    return new Map(
      Object.entries(rows).map(([id, ino]) => [
        Number(id) as LocalId,
        ino === null ? null : BigInt(ino),
      ]),
    );
  }

  setNameless(rows: ReadonlyMap<LocalId, bigint | null>): void {
    const text = Object.fromEntries([...rows].map(([id, ino]) => [id, ino?.toString() ?? null]));
    this.#db.sql('UPDATE pair SET nameless = ? WHERE id = ?').run(JSON.stringify(text), this.#pair);
  }

  /**
   * Entries that changed in the last minute of what was observed: a power cut since then can have taken
   * no others. Those of the future, seen from `nowMs`, are among them.
   */
  unproved(nowMs: number): readonly LocalId[] {
    return this.#db
      .sql<{ local_id: LocalId }>(
        `SELECT local_id ${SEEN} AND ctime_ns >= coalesce(
           (SELECT max(ctime_ns) ${SEEN} AND ctime_ns <= ?2), ?2) - ?3`,
      )
      .all(numbered(this.#pair, nsOf(nowMs), nsOf(UNSYNCED_MS_MAX)))
      .map(({ local_id: id }) => id);
  }
}

function nsOf(ms: number): bigint {
  return BigInt(Math.trunc(ms)) * NS_PER_MS;
}
