/**
 * The SDK's SpaceStore over the engine's database: verified records, rows of the state tree, heads,
 * key chains and sealed node keys. Its transactions are the database's, so that a pair's remote tree
 * changes together with the head that it was read at.
 */
import type { AccountId, Bytes, CommitId, Digest, NodeId, SpaceId } from '@coffer/protocol/core';
import {
  indexRecord,
  type NameTag,
  type StateChange,
  type StateView,
  type TreeKey,
} from '@coffer/protocol/model';
import type { SpaceStore, StoredHead } from '@coffer/sdk';
import type { EngineDatabase } from './engine-database.ts';

/** Rows read at once by a range: a statement that is still open would keep writers out. */
const RANGE_ROWS_MAX = 256;

interface HeadRow {
  era: number;
  seq: number;
  head: string;
  auth: string;
  root: string;
  edge: string;
  header: Uint8Array;
  signature: Uint8Array;
}

export class SqliteSpaceStore implements SpaceStore {
  readonly #db: EngineDatabase;

  constructor(db: EngineDatabase) {
    this.#db = db;
  }

  readonly transaction = <T>(action: () => T): T => this.#db.transaction(action);

  readonly view = (space: SpaceId): StateView => new StoredState(this.#db, space);

  readonly head = (space: SpaceId): StoredHead | undefined => {
    const row = this.#db.sql<HeadRow>('SELECT * FROM space WHERE id = ?').get(space);
    if (row === undefined) return undefined;
    return {
      seq: row.seq,
      id: row.head as CommitId,
      auth: row.auth as CommitId,
      root: row.root as Digest,
      edge: JSON.parse(row.edge) as Digest[],
      era: row.era,
      header: bytesOf(row.header),
      signature: bytesOf(row.signature),
    };
  };

  readonly apply = (space: SpaceId, head: StoredHead, change: StateChange): void => {
    this.#db.transaction(() => {
      this.#writeRecords(space, change);
      for (const [position, hash] of change.treeNodes) {
        if (hash === null) {
          this.#db
            .sql('DELETE FROM state_node WHERE space = ? AND position = ?')
            .run(space, position);
        } else {
          this.#db
            .sql('INSERT OR REPLACE INTO state_node (space, position, hash) VALUES (?, ?, ?)')
            .run(space, position, hash);
        }
      }
      this.#db
        .sql(
          `INSERT OR REPLACE INTO space (id, era, seq, head, auth, root, edge, header, signature)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          space,
          head.era,
          head.seq,
          head.id,
          head.auth,
          head.root,
          JSON.stringify(head.edge),
          head.header,
          head.signature,
        );
    });
  };

  readonly chain = (account: AccountId): readonly Bytes[] =>
    this.#db
      .sql<{ entry: Uint8Array }>('SELECT entry FROM chain_entry WHERE account = ? ORDER BY seq')
      .all(account)
      .map((row) => bytesOf(row.entry));

  readonly saveChain = (account: AccountId, entries: readonly Bytes[]): void => {
    this.#db.transaction(() => {
      this.#db.sql('DELETE FROM chain_entry WHERE account = ?').run(account);
      for (const [seq, entry] of entries.entries()) {
        this.#db
          .sql('INSERT INTO chain_entry (account, seq, entry) VALUES (?, ?, ?)')
          .run(account, seq, entry);
      }
    });
  };

  readonly nodeKey = (space: SpaceId, node: NodeId, kr: number): Bytes | undefined => {
    const row = this.#db
      .sql<{ sealed: Uint8Array }>(
        'SELECT sealed FROM node_key WHERE space = ? AND node = ? AND kr = ?',
      )
      .get(space, node, kr);
    return row === undefined ? undefined : bytesOf(row.sealed);
  };

  readonly saveNodeKey = (space: SpaceId, node: NodeId, kr: number, sealed: Bytes): void => {
    this.#db
      .sql('INSERT OR REPLACE INTO node_key (space, node, kr, sealed) VALUES (?, ?, ?, ?)')
      .run(space, node, kr, sealed);
  };

  readonly forget = (space: SpaceId): void => {
    this.#db.transaction(() => {
      for (const table of ['record', 'state_node', 'node_key']) {
        this.#db.sql(`DELETE FROM ${table} WHERE space = ?`).run(space);
      }
      this.#db.sql('DELETE FROM space WHERE id = ?').run(space);
    });
  };

  /** Removals first, so that a node that moved never stands under two keys. */
  #writeRecords(space: SpaceId, change: StateChange): void {
    const remove = this.#db.sql('DELETE FROM record WHERE space = ? AND key = ?');
    for (const [key, bytes] of change.records) {
      if (bytes === null) remove.run(space, Buffer.from(key, 'hex'));
    }
    const write = this.#db.sql(
      `INSERT OR REPLACE INTO record (space, key, bytes, node, parent, tag)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    for (const [key, bytes] of change.records) {
      if (bytes === null) continue;
      const { node, tag } = indexRecord(key, bytes);
      write.run(space, Buffer.from(key, 'hex'), bytes, node, key.slice(0, 32), tag);
    }
  }
}

class StoredState implements StateView {
  readonly #db: EngineDatabase;
  readonly #space: SpaceId;

  constructor(db: EngineDatabase, space: SpaceId) {
    this.#db = db;
    this.#space = space;
  }

  readonly getRecord = (key: TreeKey): Bytes | undefined => {
    const row = this.#db
      .sql<{ bytes: Uint8Array }>('SELECT bytes FROM record WHERE space = ? AND key = ?')
      .get(this.#space, Buffer.from(key, 'hex'));
    return row === undefined ? undefined : bytesOf(row.bytes);
  };

  readonly listRecords = (from: TreeKey, to: TreeKey): Iterable<readonly [TreeKey, Bytes]> =>
    this.#range(Buffer.from(from, 'hex'), Buffer.from(to, 'hex'));

  readonly findNode = (id: NodeId): TreeKey | undefined => {
    const row = this.#db
      .sql<{ key: Uint8Array }>(
        'SELECT key FROM record INDEXED BY record_node WHERE space = ? AND node = ?',
      )
      .get(this.#space, id);
    return row === undefined ? undefined : keyOf(row.key);
  };

  readonly findTag = (parent: NodeId, tag: NameTag): NodeId | undefined =>
    this.#db
      .sql<{ node: NodeId }>(
        'SELECT node FROM record INDEXED BY record_tag WHERE space = ? AND parent = ? AND tag = ?',
      )
      .get(this.#space, parent, tag)?.node;

  readonly getTreeNode = (position: string): Bytes | undefined => {
    const row = this.#db
      .sql<{ hash: Uint8Array }>('SELECT hash FROM state_node WHERE space = ? AND position = ?')
      .get(this.#space, position);
    return row === undefined ? undefined : bytesOf(row.hash);
  };

  *#range(from: Uint8Array, to: Uint8Array): Generator<readonly [TreeKey, Bytes]> {
    const first = this.#db.sql<{ key: Uint8Array; bytes: Uint8Array }>(
      `SELECT key, bytes FROM record WHERE space = ? AND key >= ? AND key <= ?
       ORDER BY key LIMIT ${RANGE_ROWS_MAX}`,
    );
    const next = this.#db.sql<{ key: Uint8Array; bytes: Uint8Array }>(
      `SELECT key, bytes FROM record WHERE space = ? AND key > ? AND key <= ?
       ORDER BY key LIMIT ${RANGE_ROWS_MAX}`,
    );
    let rows = first.all(this.#space, from, to);
    for (;;) {
      for (const row of rows) yield [keyOf(row.key), bytesOf(row.bytes)];
      const last = rows.at(-1);
      if (last === undefined || rows.length < RANGE_ROWS_MAX) return;
      rows = next.all(this.#space, last.key, to);
    }
  }
}

/** SQLite gives Buffers; callers compare and keep plain bytes. */
function bytesOf(buffer: Uint8Array): Bytes {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

function keyOf(key: Uint8Array): TreeKey {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('hex') as TreeKey;
}
