import type Database from 'better-sqlite3';
import type { BodyId } from '@coffer/protocol/api';
import type { AccountId, Bytes, SpaceId } from '@coffer/protocol/core';
import type { AccountSummary, AuditStore, StoreStats } from '../audit-store.ts';
import { PACK_COLUMNS, packOfRow, type PackRow } from './pack-rows.ts';
import { toBlob, toHex } from './rows.ts';
import type { WriteQueue } from './write-queue.ts';

const NO_BLOB = Buffer.alloc(0);
/** More than a server makes between a backup and its restore. */
const CURSORS_SKIPPED = 2 ** 40;

interface BodyRow {
  readonly id: Bytes;
  readonly pack: string;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly refs: number;
  readonly leaseUntil: number;
  readonly counted: number;
  readonly damaged: number;
  readonly pageEntries: Bytes | null;
}

export function createAuditStore(database: Database.Database, queue: WriteQueue): AuditStore {
  const s = { ...prepareReads(database), ...prepareRecount(database), ...prepareEra(database) };

  function recount(space: SpaceId, refs: ReadonlyMap<BodyId, number>, now: number): void {
    const spaceNo = s.spaceNo.get(toBlob(space));
    if (spaceNo === undefined) return;
    for (const { id, refs: stored } of s.refsOf.all(spaceNo)) {
      const counted = refs.get(toHex(id) as BodyId) ?? 0;
      if (counted !== stored) s.setRefs.run({ refs: counted, now, spaceNo, id });
    }
    s.recountBodies.run(now, spaceNo);
    s.recountUsage.run({ spaceNo });
    s.recountPacks.run({ spaceNo });
    s.buryPacks.run(now, spaceNo);
  }

  return {
    listAccounts: async (after, limit) =>
      s.accounts
        .all(after === undefined ? NO_BLOB : toBlob(after), limit)
        .map((row) => ({ ...row, id: toHex(row.id) as AccountId })),
    stats: async () => {
      const row = s.stats.get();
      if (row === undefined) throw new Error('there is always a row of counts');
      return row;
    },
    checkFiles: async () => {
      const lines = s.integrity.all().filter((line) => line !== 'ok');
      const foreign = s.foreignKeys.all().map(({ table }) => `a row of ${table} points nowhere`);
      return [...lines, ...foreign];
    },
    listAllSpaces: async () =>
      s.spaces.all().map(({ space, owner, usedBytes }) => ({
        space: toHex(space) as SpaceId,
        owner: toHex(owner) as AccountId,
        usedBytes,
      })),
    listBodies: async (space, after, limit) =>
      s.bodies
        .all(toBlob(space), after === undefined ? NO_BLOB : toBlob(after), limit)
        .map(({ counted, damaged, id, ...row }) => ({
          ...row,
          id: toHex(id) as BodyId,
          isCounted: counted === 1,
          isDamaged: damaged === 1,
        })),
    listPacks: async (after, limit) =>
      s.packs.all(after, limit).map(({ deadSince, ...row }) => ({
        ...packOfRow(row),
        isDead: deadSince !== null,
      })),
    recount: (space, refs, now) => queue.run(() => recount(space, refs, now)),
    beginEra: (now) =>
      queue.run(() => {
        for (const statement of s.forgetMoment) statement.run();
        s.moveCursor.run(CURSORS_SKIPPED);
        s.moveHeads.run();
        const seconds = Math.floor(now / 1000);
        const era = s.raiseEra.get(seconds);
        if (era === undefined) throw new Error('there is always an era');
        return era;
      }),
  };
}

function prepareReads(database: Database.Database) {
  return {
    integrity: database.prepare<[], string>('PRAGMA integrity_check(20)').pluck(),
    foreignKeys: database.prepare<[], { table: string }>('PRAGMA foreign_key_check'),
    accounts: database.prepare<[Bytes, number], Omit<AccountSummary, 'id'> & { id: Bytes }>(
      `SELECT id, name, created_at AS createdAt, total_bytes AS totalBytes,
         (SELECT max(last_seen_at) FROM devices AS d WHERE d.account_no = a.account_no) AS lastSeenAt,
         (SELECT count(*) FROM devices AS d WHERE d.account_no = a.account_no) AS devices,
         (SELECT coalesce(sum(used_bytes), 0) FROM spaces WHERE owner = a.id) AS usedBytes
       FROM accounts AS a WHERE id > ? ORDER BY id LIMIT ?`,
    ),
    stats: database.prepare<[], StoreStats>(
      `SELECT (SELECT count(*) FROM accounts) AS accounts,
         (SELECT count(*) FROM devices) AS devices,
         (SELECT count(*) FROM sessions) AS sessions,
         (SELECT count(*) FROM spaces) AS spaces,
         (SELECT count(*) FROM commits) AS commits,
         (SELECT count(*) FROM records) AS records,
         (SELECT count(*) FROM packs) AS packs,
         (SELECT coalesce(sum(size_bytes), 0) FROM packs) AS packBytes,
         (SELECT count(*) FROM bodies) AS bodies,
         (SELECT coalesce(sum(live_bytes), 0) FROM packs) AS liveBytes,
         (SELECT coalesce(sum(used_bytes), 0) FROM spaces) AS usedBytes,
         (SELECT count(*) FROM packs WHERE dead_since IS NOT NULL) AS deadPacks,
         (SELECT count(*) FROM bodies WHERE damaged = 1) AS damagedBodies,
         (SELECT value FROM counters WHERE name = 'era') AS era`,
    ),
    spaces: database.prepare<[], { space: Bytes; owner: Bytes; usedBytes: number }>(
      // Spaces of an account that has ended have nothing but packs, till they are collected.
      `SELECT id AS space, owner, used_bytes AS usedBytes FROM spaces AS s
       WHERE EXISTS (SELECT 1 FROM commits WHERE commits.space_no = s.space_no)
         OR EXISTS (SELECT 1 FROM members WHERE members.space_no = s.space_no)
         OR EXISTS (SELECT 1 FROM records WHERE records.space_no = s.space_no)
       ORDER BY space_no`,
    ),
    bodies: database.prepare<[Bytes, Bytes, number], BodyRow>(
      `SELECT b.id AS id, uid AS pack, offset, length AS lengthBytes, refs,
         lease_until AS leaseUntil, counted, damaged, entries AS pageEntries
       FROM bodies AS b JOIN packs USING (pack_no)
         LEFT JOIN page_entries AS p ON p.space_no = b.space_no AND p.id = b.id
       WHERE b.space_no = (SELECT space_no FROM spaces WHERE id = ?) AND b.id > ?
       ORDER BY b.id LIMIT ?`,
    ),
    packs: database.prepare<[number, number], PackRow & { deadSince: number | null }>(
      `SELECT ${PACK_COLUMNS}, dead_since AS deadSince FROM packs JOIN spaces USING (space_no)
       WHERE pack_no > ? ORDER BY pack_no LIMIT ?`,
    ),
  };
}

function prepareEra(database: Database.Database) {
  return {
    forgetMoment: ['sessions', 'holds', 'stray_packs', 'job_runs'].map((table) =>
      database.prepare<[]>(`DELETE FROM ${table}`),
    ),
    // Devices ask for what moved after the newest cursor that they saw, which may be of the lost time.
    moveCursor: database.prepare("UPDATE counters SET value = value + ? WHERE name = 'cursor'"),
    moveHeads: database.prepare(
      `UPDATE spaces SET moved_cursor =
         (SELECT value FROM counters WHERE name = 'cursor') - (SELECT max(space_no) FROM spaces)
           + space_no`,
    ),
    raiseEra: database
      .prepare<[number], number>(
        "UPDATE counters SET value = max(value + 1, ?) WHERE name = 'era' RETURNING value",
      )
      .pluck(),
  };
}

function prepareRecount(database: Database.Database) {
  return {
    spaceNo: database.prepare<[Bytes], number>('SELECT space_no FROM spaces WHERE id = ?').pluck(),
    refsOf: database.prepare<[number], { id: Bytes; refs: number }>(
      'SELECT id, refs FROM bodies WHERE space_no = ?',
    ),
    setRefs: database.prepare(
      `UPDATE bodies SET refs = @refs,
         lease_until = CASE WHEN @refs = 0 THEN max(lease_until, @now) ELSE lease_until END
       WHERE space_no = @spaceNo AND id = @id`,
    ),
    recountBodies: database.prepare(
      'UPDATE bodies SET counted = (refs > 0 OR lease_until > ?) WHERE space_no = ?',
    ),
    recountUsage: database.prepare(
      `UPDATE spaces SET used_bytes = (SELECT coalesce(sum(length), 0) FROM bodies
         WHERE space_no = @spaceNo AND counted = 1) WHERE space_no = @spaceNo`,
    ),
    recountPacks: database.prepare(
      `UPDATE packs SET live_bytes = (SELECT coalesce(sum(length), 0) FROM bodies
         WHERE bodies.pack_no = packs.pack_no) WHERE space_no = @spaceNo`,
    ),
    buryPacks: database.prepare(
      `UPDATE packs SET dead_since = CASE WHEN live_bytes > 0 THEN NULL
         ELSE coalesce(dead_since, ?) END WHERE space_no = ?`,
    ),
  };
}
