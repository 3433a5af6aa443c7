/** The rows of a commit. Everything here runs inside a transaction of the caller. */
import type Database from 'better-sqlite3';
import type { Bytes, CommitId, Digest } from '@coffer/protocol/core';
import type { HeadState } from '@coffer/protocol/model';
import type { CommitOutcome, NewSpace, Proposal } from '../proposal.ts';
import type { ReferenceCounts } from './reference-counts.ts';
import { joinDigests, splitDigests, toBlob, toHex } from './rows.ts';
import { Undo } from './write-queue.ts';

export interface HeadRow {
  readonly space_no: number;
  readonly head_seq: number;
  readonly head_id: Bytes;
  readonly head_auth: Bytes;
  readonly head_root: Bytes;
  readonly head_edge: Bytes;
}

export const HEAD_COLUMNS = 'space_no, head_seq, head_id, head_auth, head_root, head_edge';

export function headOfRow(row: HeadRow): HeadState {
  return {
    seq: row.head_seq,
    id: toHex(row.head_id) as CommitId,
    auth: toHex(row.head_auth) as CommitId,
    root: toHex(row.head_root) as Digest,
    edge: splitDigests(row.head_edge),
  };
}

function headColumns({ head }: Proposal): [number, Buffer, Buffer, Buffer, Buffer] {
  const { seq, id, auth, root, edge } = head;
  return [seq, toBlob(id), toBlob(auth), toBlob(root), joinDigests(edge)];
}

export class SpaceWrites {
  readonly #counts: ReferenceCounts;
  readonly #statements: ReturnType<typeof prepareWrites>;

  constructor(database: Database.Database, counts: ReferenceCounts) {
    this.#counts = counts;
    this.#statements = prepareWrites(database);
  }

  /** A space that is not there yet, with its genesis. */
  create({ kind, proposal }: NewSpace): void {
    const s = this.#statements;
    const owner = proposal.members.find(([, role]) => role === 'owner');
    if (owner === undefined) throw new Error('a space has an owner');
    const { lastInsertRowid } = s.insertSpace.run(
      toBlob(proposal.space),
      kind,
      toBlob(owner[0]),
      s.nextCursor.get() ?? 0,
      ...headColumns(proposal),
    );
    this.#write(Number(lastInsertRowid), proposal);
  }

  /** Throws an Undo with the outcome when the content is not there. */
  commit(proposal: Proposal): CommitOutcome {
    const s = this.#statements;
    const row = s.headOf.get(toBlob(proposal.space));
    if (row === undefined) throw new Error('a commit is for a space that is there');
    if (toHex(row.head_id) !== proposal.previous) {
      const there = s.commitId.get(row.space_no, proposal.head.seq);
      if (there && toHex(there) === proposal.head.id) return { kind: 'known' };
      return { kind: 'head-moved', seq: row.head_seq };
    }
    const refused = this.#counts.apply(row.space_no, proposal);
    if (refused) throw new Undo<CommitOutcome>(refused);
    s.moveHead.run(s.nextCursor.get() ?? 0, ...headColumns(proposal), row.space_no);
    this.#write(row.space_no, proposal);
    return { kind: 'accepted' };
  }

  #write(spaceNo: number, proposal: Proposal): void {
    const s = this.#statements;
    const { commit, change, head } = proposal;
    s.insertCommit.run(
      spaceNo,
      head.seq,
      toBlob(head.id),
      commit.header,
      commit.signature,
      commit.body,
    );
    // All removals first: ids and tags may change places within one commit.
    for (const [key] of change.records) s.deleteRecord.run(spaceNo, toBlob(key));
    for (const [key, record] of change.records) {
      if (record === null) continue;
      const { node, tag } = proposal.indexes.get(key) ?? { node: null, tag: null };
      const keyBlob = toBlob(key);
      s.insertRecord.run(
        spaceNo,
        keyBlob,
        record,
        node && toBlob(node),
        tag && keyBlob.subarray(0, 16),
        tag && toBlob(tag),
      );
    }
    for (const [position, node] of change.treeNodes) {
      if (node === null) s.deleteTreeNode.run(spaceNo, position);
      else s.putTreeNode.run(spaceNo, position, node);
    }
    for (const [account, role] of proposal.members) {
      if (role === null) s.deleteMember.run(toBlob(account), spaceNo);
      else s.putMember.run(toBlob(account), spaceNo, role);
      if (role === 'owner') s.setOwner.run(toBlob(account), spaceNo);
    }
  }
}

function prepareWrites(database: Database.Database) {
  return {
    headOf: database.prepare<[Bytes], HeadRow>(`SELECT ${HEAD_COLUMNS} FROM spaces WHERE id = ?`),
    commitId: database
      .prepare<[number, number], Bytes>('SELECT id FROM commits WHERE space_no = ? AND seq = ?')
      .pluck(),
    nextCursor: database
      .prepare<[], number>(
        "UPDATE counters SET value = value + 1 WHERE name = 'cursor' RETURNING value",
      )
      .pluck(),
    insertSpace: database.prepare(
      `INSERT INTO spaces (id, kind, owner, moved_cursor, head_seq, head_id, head_auth, head_root, head_edge)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    moveHead: database.prepare(
      `UPDATE spaces SET moved_cursor = ?, head_seq = ?, head_id = ?, head_auth = ?, head_root = ?,
       head_edge = ? WHERE space_no = ?`,
    ),
    insertCommit: database.prepare(
      'INSERT INTO commits (space_no, seq, id, header, signature, body) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    deleteRecord: database.prepare('DELETE FROM records WHERE space_no = ? AND key = ?'),
    insertRecord: database.prepare(
      'INSERT INTO records (space_no, key, record, node, parent, tag) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    deleteTreeNode: database.prepare('DELETE FROM tree_nodes WHERE space_no = ? AND position = ?'),
    putTreeNode: database.prepare(
      'INSERT OR REPLACE INTO tree_nodes (space_no, position, node) VALUES (?, ?, ?)',
    ),
    deleteMember: database.prepare('DELETE FROM members WHERE account = ? AND space_no = ?'),
    putMember: database.prepare(
      'INSERT OR REPLACE INTO members (account, space_no, role) VALUES (?, ?, ?)',
    ),
    setOwner: database.prepare('UPDATE spaces SET owner = ? WHERE space_no = ?'),
  };
}
