import type { NodeId, SpaceId } from '@coffer/protocol/core';
import type { Caps, LocalId, PairMode } from '../planner/types.ts';
import type { EngineDatabase } from './engine-database.ts';

/** A folder pair as it is stored. */
export interface Pair {
  readonly id: string;
  readonly space: SpaceId;
  readonly remoteRoot: NodeId;
  readonly mode: PairMode;
  readonly localPath: string;
  readonly rootLocalId: LocalId;
  readonly rootIno: bigint;
  readonly rootBirthNs: bigint;
  readonly caps: Caps;
  /** Ignore patterns of this pair alone. */
  readonly ignores: readonly string[];
  readonly cursorSeq: number;
  readonly scanGen: number;
  /** `new` until the first full scan and load of the remote side are done. */
  readonly state: 'new' | 'ready' | 'stopped';
  /** 0: not paused; PAUSED_FOR_GOOD: until resumed; else Unix ms. */
  readonly pausedUntilMs: number;
  readonly lastSyncedAtMs: number | null;
  readonly createdAtMs: number;
}

/** `pausedUntilMs` of a pair that waits for `resume`. */
export const PAUSED_FOR_GOOD = Number.MAX_SAFE_INTEGER;

interface PairRow {
  id: string;
  space: string;
  remote_root: string;
  mode: string;
  local_path: string;
  root_local_id: bigint;
  root_ino: bigint;
  root_birth_ns: bigint;
  caps: string;
  ignores: string;
  cursor_seq: bigint;
  scan_gen: bigint;
  state: string;
  paused_until_ms: bigint | null;
  last_synced_at_ms: bigint | null;
  created_at_ms: bigint;
}

export class PairTable {
  readonly #db: EngineDatabase;
  constructor(db: EngineDatabase) {
    this.#db = db;
  }

  list(): readonly Pair[] {
    return this.#db
      .wideSql<PairRow>('SELECT * FROM pair ORDER BY created_at_ms, id')
      .all()
      .map(pairOf);
  }

  byId(id: string): Pair | undefined {
    const row = this.#db.wideSql<PairRow>('SELECT * FROM pair WHERE id = ?').get(id);
    return row === undefined ? undefined : pairOf(row);
  }

  insert(pair: Pair): void {
    this.#db
      .sql(
        `INSERT INTO pair (id, space, remote_root, mode, local_path, root_local_id, root_ino,
           root_birth_ns, caps, ignores, cursor_seq, scan_gen, state, paused_until_ms,
           last_synced_at_ms, created_at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        pair.id,
        pair.space,
        pair.remoteRoot,
        pair.mode,
        pair.localPath,
        pair.rootLocalId,
        BigInt.asIntN(64, pair.rootIno),
        BigInt.asIntN(64, pair.rootBirthNs),
        capsToText(pair.caps),
        JSON.stringify(pair.ignores),
        pair.cursorSeq,
        pair.scanGen,
        pair.state,
        pair.pausedUntilMs,
        pair.lastSyncedAtMs,
        pair.createdAtMs,
      );
  }

  setRoot(id: string, localId: LocalId, ino: bigint, birthNs: bigint): void {
    this.#db
      .sql('UPDATE pair SET root_local_id = ?, root_ino = ?, root_birth_ns = ? WHERE id = ?')
      .run(localId, BigInt.asIntN(64, ino), BigInt.asIntN(64, birthNs), id);
  }

  setState(id: string, state: Pair['state']): void {
    this.#db.sql('UPDATE pair SET state = ? WHERE id = ?').run(state, id);
  }

  setCursor(id: string, seq: number): void {
    this.#db.sql('UPDATE pair SET cursor_seq = ? WHERE id = ?').run(seq, id);
  }

  /** The number of a new scan generation. */
  nextScan(id: string): number {
    const row = this.#db
      .sql<{ scan_gen: number }>(
        'UPDATE pair SET scan_gen = scan_gen + 1 WHERE id = ? RETURNING scan_gen',
      )
      .get(id);
    return row?.scan_gen ?? 0;
  }

  setPaused(id: string, untilMs: number): void {
    this.#db.sql('UPDATE pair SET paused_until_ms = ? WHERE id = ?').run(untilMs, id);
  }

  setSynced(id: string, atMs: number): void {
    this.#db.sql('UPDATE pair SET last_synced_at_ms = ? WHERE id = ?').run(atMs, id);
  }

  /** Removes the pair and all rows that belong to it; no file is touched. */
  remove(id: string): void {
    this.#db.transaction(() => {
      this.#db
        .sql('DELETE FROM hold_item WHERE batch IN (SELECT batch FROM hold WHERE pair = ?)')
        .run(id);
      for (const table of TABLES_OF_PAIR) {
        this.#db.sql(`DELETE FROM ${table} WHERE pair = ?`).run(id);
      }
      this.#db.sql('DELETE FROM pair WHERE id = ?').run(id);
    });
    this.#db.forgetRows();
  }
}

const TABLES_OF_PAIR = [
  'remote_node',
  'local_node',
  'base_node',
  'intent',
  'transfer',
  'hold',
  'stall',
  'exclusion',
  'dirty_remote',
  'dirty_local',
  'recycled',
];

function pairOf(row: PairRow): Pair {
  return {
    id: row.id,
    space: row.space as SpaceId,
    remoteRoot: row.remote_root as NodeId,
    mode: row.mode as PairMode,
    localPath: row.local_path,
    rootLocalId: Number(row.root_local_id) as LocalId,
    rootIno: BigInt.asUintN(64, row.root_ino),
    rootBirthNs: row.root_birth_ns,
    caps: capsFromText(row.caps),
    ignores: JSON.parse(row.ignores) as string[],
    cursorSeq: Number(row.cursor_seq),
    scanGen: Number(row.scan_gen),
    state: row.state as Pair['state'],
    pausedUntilMs: Number(row.paused_until_ms ?? 0n),
    lastSyncedAtMs: row.last_synced_at_ms === null ? null : Number(row.last_synced_at_ms),
    createdAtMs: Number(row.created_at_ms),
  };
}

function capsToText(caps: Caps): string {
  return JSON.stringify({ ...caps, mtimeGranNs: caps.mtimeGranNs.toString() });
}

function capsFromText(text: string): Caps {
  const stored = JSON.parse(text) as Omit<Caps, 'mtimeGranNs'> & { mtimeGranNs: string };
  return { ...stored, mtimeGranNs: BigInt(stored.mtimeGranNs) };
}
