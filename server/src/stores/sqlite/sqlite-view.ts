import type Database from 'better-sqlite3';
import type { Bytes, NodeId } from '@coffer/protocol/core';
import type { StateView, TreeKey } from '@coffer/protocol/model';
import { toBlob, toHex } from './rows.ts';

const FIRST_PAGE_ROWS = 48;
const PAGE_ROWS_MAX = 1024;

export type ViewOfSpace = (spaceNo: number) => StateView;

/** Views of the spaces in `database`, each for one caller that does not give up control meanwhile. */
export function createViews(database: Database.Database): ViewOfSpace {
  const record = database
    .prepare<[number, Bytes], Bytes>('SELECT record FROM records WHERE space_no = ? AND key = ?')
    .pluck();
  // A text costs less than a blob, whose memory lies outside the heap.
  const range = database
    .prepare<[number, Bytes, Bytes, number], [string, Bytes]>(
      `SELECT lower(hex(key)), record FROM records
       WHERE space_no = ? AND key >= ? AND key <= ? ORDER BY key LIMIT ?`,
    )
    .raw();
  const after = database
    .prepare<[number, Bytes, Bytes, number], [string, Bytes]>(
      `SELECT lower(hex(key)), record FROM records
       WHERE space_no = ? AND key > ? AND key <= ? ORDER BY key LIMIT ?`,
    )
    .raw();
  const node = database
    .prepare<[number, Bytes], Bytes>('SELECT key FROM records WHERE space_no = ? AND node = ?')
    .pluck();
  const tagged = database
    .prepare<[number, Bytes, Bytes], Bytes>(
      'SELECT node FROM records WHERE space_no = ? AND parent = ? AND tag = ?',
    )
    .pluck();
  const treeNode = database
    .prepare<[number, string], Bytes>(
      'SELECT node FROM tree_nodes WHERE space_no = ? AND position = ?',
    )
    .pluck();

  // Page by page: an open cursor would forbid the caller every other statement.
  function* list(spaceNo: number, from: TreeKey, to: TreeKey): Generator<[TreeKey, Bytes]> {
    const last = toBlob(to);
    let limit = FIRST_PAGE_ROWS;
    let rows = range.all(spaceNo, toBlob(from), last, limit);
    for (;;) {
      for (const [key, bytes] of rows) yield [key as TreeKey, bytes];
      const end = rows.at(-1);
      if (end === undefined || rows.length < limit) return;
      limit = PAGE_ROWS_MAX;
      rows = after.all(spaceNo, toBlob(end[0]), last, limit);
    }
  }

  return (spaceNo) => ({
    // Rules walk the same ancestors for every change of a commit.
    getRecord: remember((key) => record.get(spaceNo, toBlob(key))),
    listRecords: (from, to) => list(spaceNo, from, to),
    findNode: remember((id) => {
      const key = node.get(spaceNo, toBlob(id));
      return key && (toHex(key) as TreeKey);
    }),
    findTag: (parent, tag) => {
      const id = tagged.get(spaceNo, toBlob(parent), toBlob(tag));
      return id && (toHex(id) as NodeId);
    },
    getTreeNode: (position) => treeNode.get(spaceNo, position),
  });
}

/** `look`, which is asked once for each key: for a state that does not change meanwhile. */
function remember<K, V>(look: (key: K) => V | undefined): (key: K) => V | undefined {
  const known = new Map<K, V | undefined>();
  return (key) => {
    const found = known.get(key);
    if (found !== undefined || known.has(key)) return found;
    const fresh = look(key);
    known.set(key, fresh);
    return fresh;
  };
}
