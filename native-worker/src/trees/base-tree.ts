import { bytesToUtf8, utf8ToBytes, type Digest, type NodeId } from '@coffer/protocol/core';
import type { BaseNode, EntryKind, LocalId } from '../planner/types.ts';
import { numbered, type EngineDatabase } from './engine-database.ts';
import type { RowCache } from './row-cache.ts';

interface BaseRow {
  node_id: string;
  local_id: bigint;
  parent: string;
  name: string;
  local_name: Uint8Array;
  kind: string;
  rev: bigint;
  content_id: string | null;
  size: bigint;
  sha256: string | null;
  mtime_ms: bigint | null;
  local_mtime_ns: bigint;
  exec: bigint;
  target: string | null;
}

const COLUMNS = `node_id, local_id, parent, name, local_name, kind, rev, content_id, size, sha256,
  mtime_ms, local_mtime_ns, exec, target`;

const BY_SLOT = `SELECT ${COLUMNS} FROM base_node INDEXED BY base_slot
  WHERE pair = ? AND parent = ? AND name_key = ?`;
const CHILDREN = `SELECT ${COLUMNS} FROM base_node INDEXED BY base_slot
  WHERE pair = ? AND parent = ? ORDER BY name_key`;
const BY_ID = `SELECT ${COLUMNS} FROM base_node WHERE pair = ? AND node_id = ?`;
const BY_LOCAL_ID = `SELECT ${COLUMNS} FROM base_node WHERE pair = ? AND local_id = ?`;

const BELOW = `WITH RECURSIVE below(id) AS (
  SELECT ?2 UNION
  SELECT b.node_id FROM below CROSS JOIN base_node b INDEXED BY base_slot
    WHERE b.pair = ?1 AND b.parent = below.id)`;

/** What both sides of one pair last agreed on. */
export class BaseTree {
  readonly #db: EngineDatabase;
  readonly #pair: string;
  readonly #nameKey: (name: string) => string;
  readonly #rows: RowCache<NodeId, BaseNode>;
  readonly #byLocal: RowCache<LocalId, BaseNode>;

  constructor(db: EngineDatabase, pair: string, nameKey: (name: string) => string) {
    this.#db = db;
    this.#pair = pair;
    this.#nameKey = nameKey;
    this.#rows = db.cacheOf(`base_node ${pair}`);
    this.#byLocal = db.cacheOf(`base_node by entry ${pair}`);
  }

  byId(id: NodeId): BaseNode | undefined {
    return this.#rows.get(id, () => this.#find(BY_ID, id));
  }

  byLocalId(id: LocalId): BaseNode | undefined {
    return this.#byLocal.get(id, () => this.#find(BY_LOCAL_ID, id));
  }

  bySlot(parent: NodeId, nameKey: string): BaseNode | undefined {
    const [first] = this.#db
      .wideSql<BaseRow>(BY_SLOT)
      .all(this.#pair, parent, nameKey)
      .sort((a, b) => (a.node_id < b.node_id ? -1 : 1));
    return found(first);
  }

  children(parent: NodeId): readonly BaseNode[] {
    return this.#db.wideSql<BaseRow>(CHILDREN).all(this.#pair, parent).map(baseOf);
  }

  /** Those that have another name here because a second one of their folder has one name with them. */
  caseClashes(): readonly BaseNode[] {
    return this.#db
      .wideSql<BaseRow>(
        `SELECT ${COLUMNS} FROM base_node b INDEXED BY base_renamed
         WHERE b.pair = ?1 AND CAST(b.local_name AS TEXT) <> b.name AND EXISTS (
           SELECT 1 FROM base_node other INDEXED BY base_slot
           WHERE other.pair = ?1 AND other.parent = b.parent AND other.name_key = b.name_key
             AND other.node_id <> b.node_id)
         ORDER BY b.node_id`,
      )
      .all(numbered(this.#pair))
      .map(baseOf)
      .filter(({ name, localName }) => this.#nameKey(name) !== this.#nameKey(localName));
  }

  /** The node and all below it, as far as the base has them. */
  subtreeIds(id: NodeId): readonly NodeId[] {
    return this.#db
      .sql<{ node_id: NodeId }>(
        `${BELOW} SELECT node_id FROM base_node
         WHERE pair = ?1 AND node_id IN (SELECT id FROM below)`,
      )
      .all(numbered(this.#pair, id))
      .map((row) => row.node_id);
  }

  count(): number {
    const row = this.#db
      .sql<{ count: number }>('SELECT count(*) AS count FROM base_node WHERE pair = ?')
      .get(this.#pair);
    return row?.count ?? 0;
  }

  /** Writes the row, in place of those of either id. */
  put(node: BaseNode): void {
    this.#forget(this.byLocalId(node.localId));
    this.#forget(this.byId(node.id));
    this.#rows.forget(node.id);
    this.#byLocal.forget(node.localId);
    this.#db
      .sql(
        `INSERT OR REPLACE INTO base_node (pair, node_id, local_id, parent, name, name_key,
           local_name, kind, rev, content_id, size, sha256, mtime_ms, local_mtime_ns, exec, target)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        this.#pair,
        node.id,
        node.localId,
        node.parent,
        node.name,
        this.#nameKey(node.name),
        utf8ToBytes(node.localName),
        node.kind,
        node.rev,
        node.contentId,
        node.size,
        node.sha256,
        node.mtimeMs,
        BigInt.asIntN(64, node.localMtimeNs),
        node.executable ? 1 : 0,
        node.target,
      );
    this.#rows.set(node.id, node);
    this.#byLocal.set(node.localId, node);
  }

  remove(id: NodeId): void {
    this.#forget(this.byId(id));
    this.#db.sql('DELETE FROM base_node WHERE pair = ? AND node_id = ?').run(this.#pair, id);
  }

  /**
   * Removes those rows at and below the node whose entry left the disk; returns how many there were.
   * What had moved out before keeps its row: without it, it would be new on both sides.
   */
  removeLeft(id: NodeId): number {
    this.#forgetAll();
    return this.#db
      .sql(
        `${BELOW} DELETE FROM base_node AS b
         WHERE b.pair = ?1 AND b.node_id IN (SELECT id FROM below) AND NOT EXISTS (
           SELECT 1 FROM local_node l
           WHERE l.local_id = b.local_id AND l.state IN ('seen', 'unknown'))`,
      )
      .run(numbered(this.#pair, id)).changes;
  }

  /**
   * Removes those whose node is in the trash, or gone for good; a row whose entry is still on the
   * disk goes with the recycling of that.
   */
  removeTrashed(id: NodeId): number {
    this.#forgetAll();
    return this.#db
      .sql(
        `${BELOW} DELETE FROM base_node AS b
         WHERE b.pair = ?1 AND b.node_id IN (SELECT id FROM below) AND NOT EXISTS (
           SELECT 1 FROM remote_node r
           WHERE r.pair = ?1 AND r.node_id = b.node_id AND r.state <> 'trashed')
         AND NOT EXISTS (
           SELECT 1 FROM local_node l WHERE l.local_id = b.local_id AND l.state = 'seen')`,
      )
      .run(numbered(this.#pair, id)).changes;
  }

  /**
   * Removes the rows below a folder that was gone here and comes back: what lives on in it there, and
   * went with it here, comes with it, as something new. Returns the nodes.
   */
  removeReturning(id: NodeId): readonly NodeId[] {
    this.#forgetAll();
    return this.#db
      .sql<{ node_id: NodeId }>(
        `${BELOW} DELETE FROM base_node AS b
         WHERE b.pair = ?1 AND b.node_id IN (SELECT id FROM below) AND b.node_id <> ?2 AND EXISTS (
           SELECT 1 FROM remote_node r
           WHERE r.pair = ?1 AND r.node_id = b.node_id AND r.state = 'live')
         AND NOT EXISTS (
           SELECT 1 FROM local_node l LEFT JOIN local_node above ON above.local_id = l.parent
           WHERE l.local_id = b.local_id AND (l.state <> 'gone' OR above.state <> 'gone'))
         RETURNING node_id`,
      )
      .all(numbered(this.#pair, id))
      .map((row) => row.node_id);
  }

  /** The rows directly below one node are below another one from now on; returns their nodes. */
  reparent(from: NodeId, to: NodeId): readonly NodeId[] {
    this.#forgetAll();
    return this.#db
      .sql<{ node_id: NodeId }>(
        'UPDATE base_node SET parent = ?3 WHERE pair = ?1 AND parent = ?2 RETURNING node_id',
      )
      .all(numbered(this.#pair, from, to))
      .map((row) => row.node_id);
  }

  clear(): void {
    this.#forgetAll();
    this.#db.sql('DELETE FROM base_node WHERE pair = ?').run(this.#pair);
  }

  #find(text: string, id: NodeId | LocalId): BaseNode | undefined {
    return found(this.#db.wideSql<BaseRow>(text).get(this.#pair, id));
  }

  #forget(row: BaseNode | undefined): void {
    if (row === undefined) return;
    this.#rows.forget(row.id);
    this.#byLocal.forget(row.localId);
  }

  #forgetAll(): void {
    this.#rows.clear();
    this.#byLocal.clear();
  }
}

function found(row: BaseRow | undefined): BaseNode | undefined {
  return row === undefined ? undefined : baseOf(row);
}

function baseOf(row: BaseRow): BaseNode {
  return {
    id: row.node_id as NodeId,
    localId: Number(row.local_id) as LocalId,
    parent: row.parent as NodeId,
    name: row.name,
    localName: bytesToUtf8(row.local_name),
    kind: row.kind as EntryKind,
    rev: Number(row.rev),
    contentId: row.content_id as Digest | null,
    size: Number(row.size),
    sha256: row.sha256 as Digest | null,
    mtimeMs: row.mtime_ms === null ? null : Number(row.mtime_ms),
    localMtimeNs: row.local_mtime_ns,
    executable: row.exec === 1n,
    target: row.target,
  };
}
