import type { DeviceId, Digest, NodeId } from '@coffer/protocol/core';
import type { EntryKind, RemoteNode } from '../planner/types.ts';
import { numbered, type EngineDatabase } from './engine-database.ts';
import type { RowCache } from './row-cache.ts';

/** A remote row with what only lists for people need. */
export interface RemoteEntry extends RemoteNode {
  readonly device: DeviceId | '';
  readonly changedAtMs: number;
}

interface RemoteRow {
  node_id: string;
  parent: string;
  name: string;
  kind: string;
  rev: number;
  content_id: string | null;
  size: number;
  sha256: string | null;
  mtime_ms: number | null;
  exec: number;
  target: string | null;
  copy_of: string | null;
  from_parent: string | null;
  from_name: string | null;
  device: string;
  changed_at_ms: number;
  state: string;
}

const COLUMNS = `node_id, parent, name, kind, rev, content_id, size, sha256, mtime_ms, exec, target,
  copy_of, from_parent, from_name, device, changed_at_ms, state`;
// Texts are made once: a statement is found by its text.
const BY_ID = `SELECT ${COLUMNS} FROM remote_node WHERE pair = ? AND node_id = ?`;
const BY_SLOT = `SELECT ${COLUMNS} FROM remote_node INDEXED BY remote_slot
  WHERE pair = ? AND parent = ? AND name_key = ? AND state <> 'trashed'`;
const CHILDREN = `SELECT ${COLUMNS} FROM remote_node INDEXED BY remote_slot
  WHERE pair = ? AND parent = ? ORDER BY name_key, node_id`;
const TRASHED_FILES = `SELECT ${COLUMNS} FROM remote_node INDEXED BY remote_hash
  WHERE pair = ? AND sha256 = ? AND size = ? AND state = 'trashed'`;
const BELOW = `WITH RECURSIVE below(id) AS (
  SELECT ?2 UNION
  SELECT r.node_id FROM below CROSS JOIN remote_node r INDEXED BY remote_slot
    WHERE r.pair = ?1 AND r.parent = below.id)`;

/** The remote side of one pair as last verified. */
export class RemoteTree {
  readonly #db: EngineDatabase;
  readonly #pair: string;
  readonly #nameKey: (name: string) => string;
  readonly #rows: RowCache<NodeId, RemoteEntry>;

  constructor(db: EngineDatabase, pair: string, nameKey: (name: string) => string) {
    this.#db = db;
    this.#pair = pair;
    this.#nameKey = nameKey;
    this.#rows = db.cacheOf(`remote_node ${pair}`);
  }

  byId(id: NodeId): RemoteEntry | undefined {
    return this.#rows.get(id, () => {
      const row = this.#db.sql<RemoteRow>(BY_ID).get(this.#pair, id);
      return row === undefined ? undefined : entryOf(row);
    });
  }

  /** Live nodes at the slot, ascending by id. */
  bySlot(parent: NodeId, nameKey: string): readonly RemoteEntry[] {
    return this.#db
      .sql<RemoteRow>(BY_SLOT)
      .all(this.#pair, parent, nameKey)
      .map(entryOf)
      .sort(byId);
  }

  /** Of every state: what is below a trashed folder is still its child. */
  children(parent: NodeId): readonly RemoteEntry[] {
    return this.#db.sql<RemoteRow>(CHILDREN).all(this.#pair, parent).map(entryOf);
  }

  /** Open conflict copies. */
  copies(): readonly RemoteEntry[] {
    return this.#db
      .sql<RemoteRow>(
        `SELECT ${COLUMNS} FROM remote_node INDEXED BY remote_copy
         WHERE pair = ? AND copy_of IS NOT NULL AND state = 'live' ORDER BY changed_at_ms, node_id`,
      )
      .all(this.#pair)
      .map(entryOf);
  }

  /** Open conflict copies of one node. */
  copiesOf(node: NodeId): readonly RemoteEntry[] {
    return this.#db
      .sql<RemoteRow>(
        `SELECT ${COLUMNS} FROM remote_node INDEXED BY remote_copy
         WHERE pair = ? AND copy_of = ? AND state = 'live'`,
      )
      .all(this.#pair, node)
      .map(entryOf)
      .sort(byId);
  }

  /** Trashed files with this content, ascending by id. */
  trashedFiles(sha256: Digest, size: number): readonly RemoteEntry[] {
    return this.#db
      .sql<RemoteRow>(TRASHED_FILES)
      .all(this.#pair, sha256, size)
      .map(entryOf)
      .sort(byId);
  }

  /** True when a node, live or trashed, has this content: the space has its chunks. */
  holds(sha256: Digest, size: number): boolean {
    const found = this.#db
      .sql(
        `SELECT 1 FROM remote_node INDEXED BY remote_hash
         WHERE pair = ? AND sha256 = ? AND size = ? LIMIT 1`,
      )
      .get(this.#pair, sha256, size);
    return found !== undefined;
  }

  /**
   * True when every live node at and below has a base row with its content and place. Content is compared
   * as the planner does: what was edited and changed back has another content id and is no edit.
   */
  isWholeInBase(id: NodeId): boolean {
    const stranger = this.#db
      .sql(
        `${BELOW} SELECT 1 FROM remote_node r LEFT JOIN base_node b
           ON b.pair = r.pair AND b.node_id = r.node_id
         WHERE r.pair = ?1 AND r.node_id IN (SELECT id FROM below) AND r.state <> 'trashed'
           AND (b.node_id IS NULL OR b.sha256 IS NOT r.sha256 OR b.parent <> r.parent
             OR b.name <> r.name OR b.target IS NOT r.target OR r.state <> 'live')
         LIMIT 1`,
      )
      .get(numbered(this.#pair, id));
    return stranger === undefined;
  }

  put(node: RemoteEntry): void {
    this.#rows.forget(node.id);
    this.#db
      .sql(
        `INSERT OR REPLACE INTO remote_node (pair, node_id, parent, name, name_key, kind, rev,
           content_id, size, sha256, mtime_ms, exec, target, copy_of, from_parent, from_name,
           device, changed_at_ms, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        this.#pair,
        node.id,
        node.parent,
        node.name,
        this.#nameKey(node.name),
        node.kind,
        node.rev,
        node.contentId,
        node.size,
        node.sha256,
        node.mtimeMs,
        node.executable ? 1 : 0,
        node.target,
        node.copyOf,
        node.fromParent,
        node.fromName,
        node.device,
        node.changedAtMs,
        node.state,
      );
    this.#rows.set(node.id, node);
  }

  /** Sets the state of the node and of all below it; returns their ids. */
  setSubtreeState(id: NodeId, state: RemoteNode['state']): readonly NodeId[] {
    this.#rows.clear();
    return this.#db
      .sql<{ node_id: NodeId }>(
        `${BELOW} UPDATE remote_node SET state = ?3
         WHERE pair = ?1 AND node_id IN (SELECT id FROM below) RETURNING node_id`,
      )
      .all(numbered(this.#pair, id, state))
      .map((row) => row.node_id);
  }

  /** Removes the node and all below it; returns the ids of the rows that went. */
  removeSubtree(id: NodeId): readonly NodeId[] {
    this.#rows.clear();
    return this.#db
      .sql<{ node_id: NodeId }>(
        `${BELOW} DELETE FROM remote_node
         WHERE pair = ?1 AND node_id IN (SELECT id FROM below) RETURNING node_id`,
      )
      .all(numbered(this.#pair, id))
      .map((row) => row.node_id);
  }

  /** The node and all below it. */
  subtreeIds(id: NodeId): readonly NodeId[] {
    return this.#db
      .sql<{ id: NodeId }>(`${BELOW} SELECT id FROM below`)
      .all(numbered(this.#pair, id))
      .map((row) => row.id);
  }

  ids(): readonly NodeId[] {
    return this.#db
      .sql<{ node_id: NodeId }>('SELECT node_id FROM remote_node WHERE pair = ?')
      .all(this.#pair)
      .map((row) => row.node_id);
  }

  clear(): void {
    this.#rows.clear();
    this.#db.sql('DELETE FROM remote_node WHERE pair = ?').run(this.#pair);
  }
}

/** A sorter of SQLite's costs more than the search for the few rows that it sorts. */
function byId(a: RemoteEntry, b: RemoteEntry): number {
  return a.id < b.id ? -1 : 1;
}

function entryOf(row: RemoteRow): RemoteEntry {
  return {
    id: row.node_id as NodeId,
    parent: row.parent as NodeId,
    name: row.name,
    kind: row.kind as EntryKind,
    rev: row.rev,
    contentId: row.content_id as Digest | null,
    size: row.size,
    sha256: row.sha256 as Digest | null,
    mtimeMs: row.mtime_ms,
    executable: row.exec === 1,
    target: row.target,
    copyOf: row.copy_of as NodeId | null,
    fromParent: row.from_parent as NodeId | null,
    fromName: row.from_name,
    device: row.device as DeviceId | '',
    changedAtMs: row.changed_at_ms,
    state: row.state as RemoteNode['state'],
  };
}
