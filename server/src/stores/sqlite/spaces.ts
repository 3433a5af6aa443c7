import type Database from 'better-sqlite3';
import type { AccountId, Bytes, CommitId, SpaceId } from '@coffer/protocol/core';
import type { HeadState, Role, SpaceKind, StateView } from '@coffer/protocol/model';
import type { SpaceStore, StoredCommit } from '../metadata-store.ts';
import { toBlob, toHex } from './rows.ts';
import { HEAD_COLUMNS, headOfRow, type HeadRow, type SpaceWrites } from './space-writes.ts';
import { createViews } from './sqlite-view.ts';
import type { WriteQueue } from './write-queue.ts';

/** Commits of one answer, however small they are. */
const COMMITS_PER_PAGE_MAX = 4096;

export function createSpaceStore(
  database: Database.Database,
  queue: WriteQueue,
  writes: SpaceWrites,
): SpaceStore {
  const s = prepareSpaces(database);
  const viewOf = createViews(database);
  // One snapshot, and one lock for what is read of it.
  const inTransaction = database.transaction((read: () => void) => read());
  const era = () => s.era.get() ?? 0;

  return {
    listSpaces: async (account) =>
      s.spacesOf
        .all(toBlob(account))
        .map(({ id, kind }) => ({ space: toHex(id) as SpaceId, kind: kind as SpaceKind })),
    getRole: async (space, account) =>
      s.role.get(toBlob(space), toBlob(account)) as Role | undefined,
    listMembers: async (space) =>
      s.members.all(toBlob(space)).map((account) => toHex(account) as AccountId),

    getHead: async (space) => {
      const row = s.head.get(toBlob(space));
      const signed = row && s.commit.get(row.space_no, row.head_seq);
      if (row === undefined || signed === undefined) return undefined;
      const { header, signature } = signed;
      return { era: era(), state: headOfRow(row), header, signature };
    },

    readCommits: async (space, from, sizeBytesMax) => {
      const head = s.head.get(toBlob(space));
      if (head === undefined) return undefined;
      const commits: StoredCommit[] = [];
      let sizeBytes = 0;
      for (let seq = Math.max(from, 1); seq <= head.head_seq; seq++) {
        if (commits.length >= COMMITS_PER_PAGE_MAX) break;
        const size = s.commitSize.get(head.space_no, seq) ?? 0;
        if (commits.length > 0 && sizeBytes + size > sizeBytesMax) break;
        if (commits.length > 0) sizeBytes += size;
        const commit = s.commit.get(head.space_no, seq);
        if (commit) commits.push(commit);
      }
      return { era: era(), headSeq: head.head_seq, commits };
    },

    getCommitId: async (space, seq) => {
      const id = s.commitId.get(toBlob(space), seq);
      return id && (toHex(id) as CommitId);
    },

    listCommitIds: async (space, from, count) =>
      s.commitIds.all(toBlob(space), from, count).map((id) => toHex(id) as CommitId),
    getCommitHeader: async (space, seq) => s.commitHeader.get(toBlob(space), seq),

    readState: async <T>(space: SpaceId, read: (head: HeadState, view: StateView) => T) => {
      let answer: T | undefined;
      inTransaction(() => {
        const row = s.head.get(toBlob(space));
        if (row) answer = read(headOfRow(row), viewOf(row.space_no));
      });
      return answer;
    },

    commit: (proposal) => queue.run(() => writes.commit(proposal)),

    movedSince: async (account, cursor) =>
      s.moved
        .all(toBlob(account), cursor)
        .map(({ id, cursor, seq }) => ({ cursor, seq, space: toHex(id) as SpaceId, era: era() })),
    newestCursor: async () => s.cursor.get() ?? 0,
  };
}

function prepareSpaces(database: Database.Database) {
  return {
    era: database.prepare<[], number>("SELECT value FROM counters WHERE name = 'era'").pluck(),
    cursor: database
      .prepare<[], number>("SELECT value FROM counters WHERE name = 'cursor'")
      .pluck(),
    spacesOf: database.prepare<[Bytes], { id: Bytes; kind: string }>(
      `SELECT id, kind FROM members JOIN spaces USING (space_no) WHERE account = ?
       ORDER BY space_no`,
    ),
    role: database
      .prepare<[Bytes, Bytes], string>(
        `SELECT role FROM members
         WHERE space_no = (SELECT space_no FROM spaces WHERE id = ?) AND account = ?`,
      )
      .pluck(),
    members: database
      .prepare<[Bytes], Bytes>(
        `SELECT account FROM members WHERE space_no = (SELECT space_no FROM spaces WHERE id = ?)
         ORDER BY account`,
      )
      .pluck(),
    head: database.prepare<[Bytes], HeadRow>(`SELECT ${HEAD_COLUMNS} FROM spaces WHERE id = ?`),
    commit: database.prepare<[number, number], StoredCommit>(
      'SELECT header, signature, body FROM commits WHERE space_no = ? AND seq = ?',
    ),
    commitSize: database
      .prepare<[number, number], number>(
        `SELECT length(header) + length(signature) + coalesce(length(body), 0)
         FROM commits WHERE space_no = ? AND seq = ?`,
      )
      .pluck(),
    commitId: database
      .prepare<[Bytes, number], Bytes>(
        `SELECT id FROM commits
         WHERE space_no = (SELECT space_no FROM spaces WHERE id = ?) AND seq = ?`,
      )
      .pluck(),
    commitIds: database
      .prepare<[Bytes, number, number], Bytes>(
        `SELECT id FROM commits
         WHERE space_no = (SELECT space_no FROM spaces WHERE id = ?) AND seq >= ?
         ORDER BY seq LIMIT ?`,
      )
      .pluck(),
    commitHeader: database
      .prepare<[Bytes, number], Bytes>(
        `SELECT header FROM commits
         WHERE space_no = (SELECT space_no FROM spaces WHERE id = ?) AND seq = ?`,
      )
      .pluck(),
    moved: database.prepare<[Bytes, number], { id: Bytes; cursor: number; seq: number }>(
      `SELECT id, moved_cursor AS cursor, head_seq AS seq FROM members JOIN spaces USING (space_no)
       WHERE account = ? AND moved_cursor > ? ORDER BY moved_cursor`,
    ),
  };
}
