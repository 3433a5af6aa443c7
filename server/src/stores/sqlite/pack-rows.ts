/** Rows of packs and how their bodies leave them. Everything here runs inside a transaction. */
import type Database from 'better-sqlite3';
import type { Bytes, SpaceId } from '@coffer/protocol/core';
import type { StoredPack } from '../collection-store.ts';
import { toHex } from './rows.ts';

export interface PackRow {
  readonly no: number;
  readonly space: Bytes;
  readonly pack: string;
  readonly sizeBytes: number;
  readonly liveBytes: number;
}

export const PACK_COLUMNS =
  'pack_no AS no, spaces.id AS space, uid AS pack, size_bytes AS sizeBytes, live_bytes AS liveBytes';

export function packOfRow(row: PackRow): StoredPack {
  return { ...row, space: toHex(row.space) as SpaceId };
}

export class PackRows {
  readonly #leave: Database.Statement;
  readonly #insert: Database.Statement;
  readonly #fill: Database.Statement;

  constructor(database: Database.Database) {
    this.#leave = database.prepare(
      `UPDATE packs SET live_bytes = live_bytes - @bytes,
         dead_since = CASE WHEN live_bytes > @bytes THEN dead_since ELSE @now END
       WHERE pack_no = @packNo`,
    );
    this.#insert = database.prepare(
      'INSERT INTO packs (space_no, uid, size_bytes) VALUES (?, ?, ?)',
    );
    this.#fill = database.prepare('UPDATE packs SET live_bytes = ? WHERE pack_no = ?');
  }

  /** A pack that is named for the first time; `fill` says what lives in it. */
  insert(spaceNo: number, pack: string, sizeBytes: number): number {
    return Number(this.#insert.run(spaceNo, pack, sizeBytes).lastInsertRowid);
  }

  fill(packNo: number, liveBytes: number): void {
    this.#fill.run(liveBytes, packNo);
  }

  /** So many bytes are not looked up in the pack any more; at the last of them it is dead. */
  leave(packNo: number, bytes: number, now: number): void {
    this.#leave.run({ bytes, packNo, now });
  }
}
