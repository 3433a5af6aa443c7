import type Database from 'better-sqlite3';
import type { BodyId } from '@coffer/protocol/api';
import type { Bytes, SpaceId } from '@coffer/protocol/core';
import type { ContentStore, NewBody, NewPack, PackOutcome } from '../metadata-store.ts';
import { PackRows } from './pack-rows.ts';
import type { ReferenceCounts } from './reference-counts.ts';
import { toBlob } from './rows.ts';
import { Undo, type WriteQueue } from './write-queue.ts';

/** A lease is renewed when it would end this much sooner than asked: asking often costs no write. */
const LEASE_SLACK_MS = 60 * 60 * 1000;

export function createContentStore(
  database: Database.Database,
  queue: WriteQueue,
  counts: ReferenceCounts,
): ContentStore {
  const s = prepareContent(database);
  const packs = new PackRows(database);
  const spaceNoOf = (space: string) => {
    const spaceNo = s.spaceNo.get(toBlob(space));
    if (spaceNo === undefined) throw new Error('content is kept in a space that is there');
    return spaceNo;
  };

  /** Puts a body into a pack: a new one, or one that was found damaged and is whole here. */
  function place(spaceNo: number, packNo: number, body: NewBody, pack: NewPack): number {
    const { now, leaseUntil } = pack;
    const id = toBlob(body.id);
    const counted = leaseUntil > now ? 1 : 0;
    const row = [spaceNo, id, packNo, body.offset, body.lengthBytes, leaseUntil, counted];
    if (s.insertBody.run(...row).changes === 1) {
      if (body.pageEntries) s.insertPage.run(spaceNo, id, body.pageEntries);
      return counted * body.lengthBytes;
    }
    const oldPackNo = s.packOfDamaged.get(spaceNo, id);
    if (oldPackNo === undefined) throw new Error('a body that is whole is leased, not placed');
    s.healBody.run(packNo, body.offset, spaceNo, id);
    packs.leave(oldPackNo, body.lengthBytes, now);
    return counts.lease(spaceNo, body.id, pack) ?? 0;
  }

  function register(pack: NewPack): PackOutcome {
    const spaceNo = spaceNoOf(pack.space);
    let packNo: number | undefined;
    let stored = 0;
    let storedBytes = 0;
    let usedDelta = 0;
    for (const id of pack.known) usedDelta += counts.lease(spaceNo, id, pack) ?? 0;
    for (const body of pack.bodies) {
      const leased = counts.lease(spaceNo, body.id, pack);
      if (leased !== undefined) {
        usedDelta += leased;
        continue;
      }
      packNo ??= packs.insert(spaceNo, pack.pack, pack.sizeBytes);
      usedDelta += place(spaceNo, packNo, body, pack);
      stored++;
      storedBytes += body.lengthBytes;
    }
    if (pack.isAllOrNone && stored > 0 && stored < pack.bodies.length) {
      throw new Undo<PackOutcome>({ kind: 'partly-known' });
    }
    if (packNo !== undefined) {
      packs.fill(packNo, storedBytes);
      if (pack.bytes) s.insertSmallPack.run(packNo, pack.bytes);
    }
    if (!counts.addUsage(spaceNo, usedDelta, pack.now)) {
      throw new Undo<PackOutcome>({ kind: 'quota-exceeded' });
    }
    return { kind: 'stored', stored, storedBytes };
  }

  // In one transaction: between two of them SQLite forgets what it has read, if others write.
  const findBodies = database.transaction((space: SpaceId, ids: readonly BodyId[]) => {
    const spaceNo = spaceNoOf(space);
    return ids.map((id) => s.place.get(spaceNo, toBlob(id)));
  });

  return {
    findBodies: async (space, ids) => findBodies(space, ids),

    leaseBodies: async (space, ids, lease) => {
      const spaceNo = spaceNoOf(space);
      const enough = lease.leaseUntil - LEASE_SLACK_MS;
      const leased = ids.map((id) => counts.isLeasedUntil(spaceNo, id, enough));
      if (!leased.includes(false)) return leased.map((is) => is === undefined);
      // What would not fit into the quota any more is as good as missing: sending it says so.
      return queue.run(() => ids.map((id) => !counts.leaseWithinQuota(spaceNo, id, lease)));
    },

    registerPack: (pack) => queue.run(() => register(pack)),
    readSmallPack: async (space, pack) => s.smallPack.get(toBlob(space), pack),

    usage: async (account, now) => {
      if (counts.hasEndedLeases(now)) await queue.run(() => counts.endLeases(now));
      const usage = s.usage.get(toBlob(account));
      return usage ?? { usedBytes: 0, totalBytes: null, transferUsedBytes: 0 };
    },

    addTransfer: (space, bytes) => queue.run(() => void s.addTransfer.run(bytes, toBlob(space))),
  };
}

function prepareContent(database: Database.Database) {
  return {
    spaceNo: database.prepare<[Bytes], number>('SELECT space_no FROM spaces WHERE id = ?').pluck(),
    place: database.prepare<[number, Bytes], { pack: string; offset: number; lengthBytes: number }>(
      `SELECT uid AS pack, offset, length AS lengthBytes FROM bodies JOIN packs USING (pack_no)
       WHERE bodies.space_no = ? AND id = ? AND damaged = 0`,
    ),
    packOfDamaged: database
      .prepare<[number, Bytes], number>(
        'SELECT pack_no FROM bodies WHERE space_no = ? AND id = ? AND damaged = 1',
      )
      .pluck(),
    healBody: database.prepare(
      'UPDATE bodies SET pack_no = ?, offset = ?, damaged = 0 WHERE space_no = ? AND id = ?',
    ),
    insertBody: database.prepare(
      `INSERT INTO bodies (space_no, id, pack_no, offset, length, refs, lease_until, counted)
       VALUES (?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT (space_no, id) DO NOTHING`,
    ),
    insertSmallPack: database.prepare('INSERT INTO small_packs (pack_no, bytes) VALUES (?, ?)'),
    smallPack: database
      .prepare<[Bytes, string], Bytes>(
        `SELECT bytes FROM small_packs JOIN packs USING (pack_no) JOIN spaces USING (space_no)
         WHERE spaces.id = ? AND uid = ?`,
      )
      .pluck(),
    insertPage: database.prepare(
      'INSERT INTO page_entries (space_no, id, entries) VALUES (?, ?, ?)',
    ),
    usage: database.prepare<
      [Bytes],
      { usedBytes: number; totalBytes: number | null; transferUsedBytes: number }
    >(
      `SELECT total_bytes AS totalBytes, coalesce(sum(used_bytes), 0) AS usedBytes,
         coalesce(sum(transfer_used_bytes), 0) AS transferUsedBytes
       FROM accounts LEFT JOIN spaces ON spaces.owner = accounts.id WHERE accounts.id = ?
       GROUP BY accounts.id`,
    ),
    addTransfer: database.prepare(
      'UPDATE spaces SET transfer_used_bytes = transfer_used_bytes + ? WHERE id = ?',
    ),
  };
}
