import type Database from 'better-sqlite3';
import type { Bytes, SpaceId } from '@coffer/protocol/core';
import type { BodyId } from '@coffer/protocol/api';
import type {
  BodyMove,
  CollectedBodies,
  CollectionOutlook,
  CollectionStore,
  JobRun,
  PackName,
} from '../collection-store.ts';
import { PACK_COLUMNS, packOfRow, PackRows, type PackRow } from './pack-rows.ts';
import type { ReferenceCounts } from './reference-counts.ts';
import { toBlob, toHex } from './rows.ts';
import type { WriteQueue } from './write-queue.ts';

interface UnneededRow {
  readonly space_no: number;
  readonly id: Bytes;
  readonly pack_no: number;
  readonly length: number;
}

interface PackedBodyRow {
  readonly id: Bytes;
  readonly offset: number;
  readonly length: number;
  readonly damaged: number;
  readonly is_page: number;
}

export function createCollectionStore(
  database: Database.Database,
  queue: WriteQueue,
  counts: ReferenceCounts,
): CollectionStore {
  const s = prepareCollection(database);
  const packs = new PackRows(database);

  function collect(unneededSince: number, now: number, limit: number): CollectedBodies {
    counts.endLeases(now);
    const rows = s.unneeded.all(unneededSince, limit);
    let bytes = 0;
    for (const { space_no, id, pack_no, length } of rows) {
      s.deleteBody.run(space_no, id);
      s.deletePage.run(space_no, id);
      packs.leave(pack_no, length, now);
      bytes += length;
    }
    return { bodies: rows.length, bytes };
  }

  function move({ from, to, sizeBytes, bodies, now }: BodyMove): number {
    const old = s.packByName.get(from);
    if (old === undefined) return 0;
    const there = bodies.flatMap(({ id, offset }) => {
      const length = s.lengthIn.get(old.space_no, toBlob(id), old.pack_no);
      return length === undefined ? [] : [{ id: toBlob(id), offset, length }];
    });
    if (there.length === 0) return 0;
    const packNo = packs.insert(old.space_no, to, sizeBytes);
    let bytes = 0;
    for (const { id, offset, length } of there) {
      s.placeBody.run(packNo, offset, old.space_no, id);
      bytes += length;
    }
    packs.fill(packNo, bytes);
    packs.leave(old.pack_no, bytes, now);
    return there.length;
  }

  const isStray = ({ pack }: PackName) => s.packByName.get(pack) === undefined;

  return {
    collectionOutlook: async (unneededSince, now) => {
      const outlook = s.outlook.get({ unneededSince, now });
      if (outlook === undefined) throw new Error('there is always a row of sums');
      return outlook;
    },
    collectBodies: ({ unneededSince, now, limit }) =>
      queue.run(() => collect(unneededSince, now, limit)),
    listSparsePacks: async (after, limit) => s.sparse.all(after, limit).map(packOfRow),
    listBodiesIn: async (pack) =>
      s.bodiesIn.all(pack).map((row) => ({
        id: toHex(row.id) as BodyId,
        isPage: row.is_page === 1,
        offset: row.offset,
        lengthBytes: row.length,
        isDamaged: row.damaged === 1,
      })),
    moveBodies: (given) => queue.run(() => move(given)),
    listDeadPacks: async (deadSince, limit) => s.dead.all(deadSince, limit).map(packOfRow),
    forgetPack: (pack) =>
      queue.run(() => {
        const found = s.packByName.get(pack);
        if (found === undefined || s.deletePack.run(pack).changes === 0) return;
        s.deleteEnded.run({ spaceNo: found.space_no });
      }),

    findStrays: async (given) => given.filter(isStray),
    noteStrays: (given, now) =>
      queue.run(() => {
        for (const { space, pack } of given) s.noteStray.run(pack, space, now);
      }),
    listStrays: (seenAt) =>
      queue.run(() => {
        s.forgetNamed.run();
        return s.strays.all(seenAt).map(({ space, pack }) => ({ space: space as SpaceId, pack }));
      }),
    forgetStray: (pack) => queue.run(() => void s.forgetStray.run(pack)),

    startHold: (name, until) => queue.run(() => void s.putHold.run(name, until)),
    renewHold: (name, until, now) =>
      queue.run(() => s.renewHold.run(until, name, now).changes === 1),
    endHold: (name) => queue.run(() => void s.endHold.run(name)),
    isHeld: async (now) => s.held.get(now) !== undefined,

    listUnscrubbed: async (scrubbedBefore, limit) =>
      s.unscrubbed.all(scrubbedBefore, limit).map(packOfRow),
    noteScrub: (pack, { damaged, at }) =>
      queue.run(() => {
        const found = s.packByName.get(pack);
        if (found === undefined) return;
        s.heal.run(found.pack_no);
        for (const id of damaged) s.markDamaged.run(found.space_no, toBlob(id), found.pack_no);
        s.noteScrub.run(at, found.pack_no);
      }),

    getJobRun: async (name) => s.jobRun.get(name),
    putJobRun: (name, { nextAt, finishedAt }) =>
      queue.run(() => void s.putJobRun.run(name, nextAt, finishedAt)),
  };
}

function prepareCollection(database: Database.Database) {
  return { ...prepareBodies(database), ...preparePacks(database), ...prepareRuns(database) };
}

function prepareBodies(database: Database.Database) {
  return {
    outlook: database.prepare<{ unneededSince: number; now: number }, CollectionOutlook>(
      `SELECT count(*) AS bodies, coalesce(sum(length), 0) AS bytes,
         (SELECT count(*) FROM packs WHERE dead_since IS NULL AND live_bytes * 2 < size_bytes)
           AS sparsePacks,
         (SELECT count(*) FROM packs WHERE dead_since IS NOT NULL) AS deadPacks,
         (SELECT coalesce(sum(size_bytes), 0) FROM packs WHERE dead_since IS NOT NULL) AS deadBytes
       FROM bodies WHERE refs = 0 AND lease_until <= @now AND lease_until <= @unneededSince`,
    ),
    unneeded: database.prepare<[number, number], UnneededRow>(
      `SELECT space_no, id, pack_no, length FROM bodies
       WHERE refs = 0 AND counted = 0 AND lease_until <= ? ORDER BY lease_until LIMIT ?`,
    ),
    deleteBody: database.prepare('DELETE FROM bodies WHERE space_no = ? AND id = ?'),
    deletePage: database.prepare('DELETE FROM page_entries WHERE space_no = ? AND id = ?'),
    bodiesIn: database.prepare<[string], PackedBodyRow>(
      `SELECT id, offset, length, damaged,
         EXISTS (SELECT 1 FROM page_entries AS p WHERE p.space_no = b.space_no AND p.id = b.id)
           AS is_page
       FROM bodies AS b WHERE pack_no = (SELECT pack_no FROM packs WHERE uid = ?) ORDER BY offset`,
    ),
    lengthIn: database
      .prepare<[number, Bytes, number], number>(
        'SELECT length FROM bodies WHERE space_no = ? AND id = ? AND pack_no = ?',
      )
      .pluck(),
    placeBody: database.prepare(
      'UPDATE bodies SET pack_no = ?, offset = ?, damaged = 0 WHERE space_no = ? AND id = ?',
    ),
    heal: database.prepare('UPDATE bodies SET damaged = 0 WHERE pack_no = ? AND damaged = 1'),
    markDamaged: database.prepare(
      'UPDATE bodies SET damaged = 1 WHERE space_no = ? AND id = ? AND pack_no = ?',
    ),
  };
}

function preparePacks(database: Database.Database) {
  const select = `SELECT ${PACK_COLUMNS} FROM packs JOIN spaces USING (space_no)`;
  return {
    packByName: database.prepare<[string], { pack_no: number; space_no: number }>(
      'SELECT pack_no, space_no FROM packs WHERE uid = ?',
    ),
    sparse: database.prepare<[number, number], PackRow>(
      `${select} WHERE dead_since IS NULL AND live_bytes * 2 < size_bytes AND pack_no > ?
       ORDER BY pack_no LIMIT ?`,
    ),
    dead: database.prepare<[number, number], PackRow>(
      `${select} WHERE dead_since IS NOT NULL AND dead_since <= ? ORDER BY dead_since LIMIT ?`,
    ),
    deletePack: database.prepare('DELETE FROM packs WHERE uid = ? AND dead_since IS NOT NULL'),
    // The space of an account that has ended goes with its last pack.
    deleteEnded: database.prepare(
      `DELETE FROM spaces WHERE space_no = @spaceNo
         AND NOT EXISTS (SELECT 1 FROM packs WHERE space_no = @spaceNo)
         AND NOT EXISTS (SELECT 1 FROM commits WHERE space_no = @spaceNo)`,
    ),
    unscrubbed: database.prepare<[number, number], PackRow>(
      `${select} WHERE dead_since IS NULL AND scrubbed_at < ? ORDER BY scrubbed_at, pack_no LIMIT ?`,
    ),
    noteScrub: database.prepare('UPDATE packs SET scrubbed_at = ? WHERE pack_no = ?'),
  };
}

function prepareRuns(database: Database.Database) {
  return {
    noteStray: database.prepare(
      'INSERT OR IGNORE INTO stray_packs (uid, space, seen_at) VALUES (?, ?, ?)',
    ),
    forgetNamed: database.prepare('DELETE FROM stray_packs WHERE uid IN (SELECT uid FROM packs)'),
    strays: database.prepare<[number], { space: string; pack: string }>(
      'SELECT space, uid AS pack FROM stray_packs WHERE seen_at <= ?',
    ),
    forgetStray: database.prepare('DELETE FROM stray_packs WHERE uid = ?'),
    putHold: database.prepare('INSERT OR REPLACE INTO holds (name, until) VALUES (?, ?)'),
    renewHold: database.prepare('UPDATE holds SET until = ? WHERE name = ? AND until > ?'),
    endHold: database.prepare('DELETE FROM holds WHERE name = ?'),
    held: database.prepare<[number]>('SELECT 1 FROM holds WHERE until > ? LIMIT 1'),
    jobRun: database.prepare<[string], JobRun>(
      'SELECT next_at AS nextAt, finished_at AS finishedAt FROM job_runs WHERE name = ?',
    ),
    putJobRun: database.prepare(
      'INSERT OR REPLACE INTO job_runs (name, next_at, finished_at) VALUES (?, ?, ?)',
    ),
  };
}
