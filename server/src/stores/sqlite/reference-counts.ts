/**
 * Who needs a body (protocol §6): records reference chunks and pages, a page that has a reference
 * references its chunks once. A body counts in the usage of its space while it has a reference or a
 * lease. Everything here runs inside a transaction of the caller.
 */
import type Database from 'better-sqlite3';
import { IDS_PER_REQUEST_MAX, readU32be, type Bytes, type ChunkId } from '@coffer/protocol/core';
import type { BodyId } from '@coffer/protocol/api';
import type { CommitOutcome, ContentReference, Proposal } from '../proposal.ts';
import { toBlob, toHex } from './rows.ts';

const ENTRY_SIZE_BYTES = 36;
const LEASES_PER_SWEEP = 10_000;

interface BodyRow {
  readonly length: number;
  readonly refs: number;
  readonly lease_until: number;
  readonly counted: number;
  readonly damaged: number;
}

type Refusal = Exclude<CommitOutcome, { kind: 'accepted' | 'known' | 'head-moved' }>;

/** Changes of reference counts, and the lengths that the gained references give. */
class Deltas {
  readonly pages = new Map<BodyId, number>();
  readonly chunks = new Map<BodyId, number>();
  readonly lengths = new Map<BodyId, number>();

  add({ chunks, pages }: ContentReference, by: 1 | -1): void {
    for (const id of pages) this.pages.set(id, (this.pages.get(id) ?? 0) + by);
    for (const { id, storedLength } of chunks) this.addChunk(id, storedLength, by);
  }

  addChunk(id: BodyId, storedLength: number, by: 1 | -1): void {
    this.chunks.set(id, (this.chunks.get(id) ?? 0) + by);
    if (by === 1) this.lengths.set(id, storedLength);
  }

  addEntries(entries: Bytes, by: 1 | -1): void {
    for (let at = 0; at < entries.length; at += ENTRY_SIZE_BYTES) {
      const id = toHex(entries.subarray(at, at + 32)) as ChunkId;
      this.addChunk(id, readU32be(entries, at + 32), by);
    }
  }
}

export class ReferenceCounts {
  readonly #statements: ReturnType<typeof prepareCounts>;

  constructor(database: Database.Database) {
    this.#statements = prepareCounts(database);
  }

  /** Moves the references of a commit. An answer says why it cannot be; the caller then undoes. */
  apply(spaceNo: number, proposal: Proposal): Refusal | undefined {
    const { gained, lost, now } = proposal;
    if (gained.length === 0 && lost.length === 0) return undefined;
    const deltas = new Deltas();
    for (const reference of gained) deltas.add(reference, 1);
    for (const reference of lost) deltas.add(reference, -1);

    const missing: BodyId[] = [];
    let usedDelta = 0;
    const move = (id: BodyId, row: BodyRow, delta: number) => {
      usedDelta += this.#setBody(spaceNo, id, row, { refs: row.refs + delta, now });
    };
    for (const [id, delta] of deltas.pages) {
      if (delta === 0) continue;
      const row = this.#statements.body.get(spaceNo, toBlob(id));
      const entries = this.#statements.pageEntries.get(spaceNo, toBlob(id));
      if (row === undefined || entries === undefined || (delta > 0 && row.damaged === 1)) {
        missing.push(id);
        continue;
      }
      if (row.refs === 0) deltas.addEntries(entries, 1);
      else if (row.refs + delta === 0) deltas.addEntries(entries, -1);
      move(id, row, delta);
    }
    for (const [id, delta] of deltas.chunks) {
      if (delta === 0) continue;
      const row = this.#statements.body.get(spaceNo, toBlob(id));
      if (row === undefined || (delta > 0 && row.damaged === 1)) {
        missing.push(id);
        continue;
      }
      const length = deltas.lengths.get(id);
      if (delta > 0 && length !== row.length) return { kind: 'length-wrong', id };
      move(id, row, delta);
    }
    if (missing.length > 0) {
      return { kind: 'content-missing', ids: missing.slice(0, IDS_PER_REQUEST_MAX) };
    }
    return this.addUsage(spaceNo, usedDelta, now) ? undefined : { kind: 'quota-exceeded' };
  }

  /**
   * Leases a body that is there and whole; answers the bytes that it adds to the usage of its space.
   */
  lease(
    spaceNo: number,
    id: BodyId,
    { leaseUntil, now }: { readonly leaseUntil: number; readonly now: number },
  ): number | undefined {
    const row = this.#statements.body.get(spaceNo, toBlob(id));
    if (row === undefined || row.damaged === 1) return undefined;
    const leased = { ...row, lease_until: Math.max(row.lease_until, leaseUntil) };
    return this.#setBody(spaceNo, id, leased, { refs: row.refs, now });
  }

  /** Leases a body if it is there and the owner's quota has room for it; answers whether it did. */
  leaseWithinQuota(
    spaceNo: number,
    id: BodyId,
    { leaseUntil, now }: { readonly leaseUntil: number; readonly now: number },
  ): boolean {
    const row = this.#statements.body.get(spaceNo, toBlob(id));
    if (row === undefined || row.damaged === 1) return false;
    const uncountedBytes = row.counted === 1 ? 0 : row.length;
    if (!this.addUsage(spaceNo, uncountedBytes, now)) {
      this.addUsage(spaceNo, -uncountedBytes, now);
      return false;
    }
    this.#statements.setBody.run(
      row.refs,
      Math.max(row.lease_until, leaseUntil),
      1,
      spaceNo,
      toBlob(id),
    );
    return true;
  }

  isLeasedUntil(spaceNo: number, id: BodyId, time: number): boolean | undefined {
    const row = this.#statements.body.get(spaceNo, toBlob(id));
    return row?.damaged === 0 ? row.lease_until >= time : undefined;
  }

  /** False when the owner of the space may not use that much; the caller then undoes. */
  addUsage(spaceNo: number, bytes: number, now: number): boolean {
    if (bytes === 0) return true;
    this.#statements.addUsed.run(bytes, spaceNo);
    if (bytes < 0) return true;
    const limit = this.#statements.limitOf.get(spaceNo);
    if (limit === undefined || limit === null) return true;
    this.endLeases(now);
    return (this.#statements.usedByOwnerOf.get(spaceNo) ?? 0) <= limit;
  }

  /** Takes out of the usage what has no reference and whose lease has ended. */
  endLeases(now: number): void {
    for (;;) {
      const ended = this.#statements.endedLeases.all(now, LEASES_PER_SWEEP);
      for (const { space_no, id, length } of ended) {
        this.#statements.uncount.run(space_no, id);
        this.#statements.addUsed.run(-length, space_no);
      }
      if (ended.length < LEASES_PER_SWEEP) return;
    }
  }

  /** Whether a lease has ended that `endLeases` would find. */
  hasEndedLeases(now: number): boolean {
    return this.#statements.endedLeases.all(now, 1).length > 0;
  }

  #setBody(
    spaceNo: number,
    id: BodyId,
    row: BodyRow,
    { refs, now }: { readonly refs: number; readonly now: number },
  ): number {
    // From its last reference on, collection counts its grace.
    const isLast = refs === 0 && row.refs > 0;
    const leaseUntil = isLast ? Math.max(row.lease_until, now) : row.lease_until;
    const counted = refs > 0 || leaseUntil > now ? 1 : 0;
    this.#statements.setBody.run(refs, leaseUntil, counted, spaceNo, toBlob(id));
    return (counted - row.counted) * row.length;
  }
}

function prepareCounts(database: Database.Database) {
  return {
    body: database.prepare<[number, Bytes], BodyRow>(
      `SELECT length, refs, lease_until, counted, damaged FROM bodies
       WHERE space_no = ? AND id = ?`,
    ),
    pageEntries: database
      .prepare<[number, Bytes], Bytes>(
        'SELECT entries FROM page_entries WHERE space_no = ? AND id = ?',
      )
      .pluck(),
    setBody: database.prepare(
      'UPDATE bodies SET refs = ?, lease_until = ?, counted = ? WHERE space_no = ? AND id = ?',
    ),
    addUsed: database.prepare('UPDATE spaces SET used_bytes = used_bytes + ? WHERE space_no = ?'),
    limitOf: database
      .prepare<[number], number | null>(
        `SELECT total_bytes FROM accounts
         WHERE id = (SELECT owner FROM spaces WHERE space_no = ?)`,
      )
      .pluck(),
    usedByOwnerOf: database
      .prepare<[number], number>(
        `SELECT sum(used_bytes) FROM spaces
         WHERE owner = (SELECT owner FROM spaces WHERE space_no = ?)`,
      )
      .pluck(),
    endedLeases: database.prepare<
      [number, number],
      { space_no: number; id: Bytes; length: number }
    >(
      `SELECT space_no, id, length FROM bodies
       WHERE refs = 0 AND counted = 1 AND lease_until <= ? LIMIT ?`,
    ),
    uncount: database.prepare('UPDATE bodies SET counted = 0 WHERE space_no = ? AND id = ?'),
  };
}
