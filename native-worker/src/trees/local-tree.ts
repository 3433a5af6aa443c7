import { bytesToUtf8, utf8ToBytes, type Digest, type NodeId } from '@coffer/protocol/core';
import type { EntryKind, LocalId, LocalNode } from '../planner/types.ts';
import { IGNORE_FILE } from '../scanner/ignore.ts';
import type { LocalRow, LocalTreeWriter, ScanStall } from '../scanner/local-tree-writer.ts';
import type { DirtySet } from './dirty-set.ts';
import { numbered, type EngineDatabase } from './engine-database.ts';
import type { RowCache } from './row-cache.ts';
import type { StallTable } from './stall-table.ts';

interface StoredRow {
  local_id: bigint;
  parent: bigint;
  name: Uint8Array;
  kind: string;
  ino: bigint;
  birth_ns: bigint;
  size: bigint;
  mtime_ns: bigint;
  ctime_ns: bigint;
  mode: bigint;
  exec: bigint;
  sha256: string | null;
  target: string | null;
  state: string;
}

const COLUMNS = `local_id, parent, name, kind, ino, birth_ns, size, mtime_ns, ctime_ns, mode, exec,
  sha256, target, state`;
const SELECT = `SELECT ${COLUMNS} FROM local_node`;
// Texts are made once: a statement is found by its text, and a new one costs more than the search.
const BY_ID = `${SELECT} WHERE local_id = ? AND pair = ?`;
const BY_SLOT = `${SELECT} WHERE pair = ? AND parent = ? AND name_key = ? AND state <> 'gone'
  AND local_id <> parent`;
const CHILDREN = `${SELECT} WHERE pair = ? AND parent = ? AND state <> 'gone'
  AND local_id <> parent ORDER BY name_key, local_id`;
const GONE_CHILDREN = `${SELECT} WHERE pair = ? AND parent = ? AND state = 'gone'`;
const BY_INODE = `${SELECT} WHERE pair = ? AND ino = ? AND local_id <> parent`;
const BY_CONTENT = `${SELECT} WHERE pair = ? AND sha256 = ? AND size = ? AND kind = 'file'`;
const GONE_FOLDERS = `${SELECT} WHERE pair = ? AND state = 'gone' AND kind = 'folder'
  AND EXISTS (SELECT 1 FROM base_node b
    WHERE b.pair = local_node.pair AND b.local_id = local_node.local_id)`;
const FOLDERS_AFTER = `${SELECT} INDEXED BY local_folder WHERE pair = ? AND local_id > ?
  AND kind = 'folder' AND state IN ('seen', 'hollow') ORDER BY local_id LIMIT ?`;
const BELOW = `WITH RECURSIVE below(id) AS (
  SELECT ?2 UNION
  SELECT l.local_id FROM below CROSS JOIN local_node l INDEXED BY local_slot
    WHERE l.pair = ?1 AND l.parent = below.id)`;

/** Makes ids that no row of any pair ever had. */
export function allocateLocalId(db: EngineDatabase): LocalId {
  return db.nextId((count) => takeIds(db, count)) as LocalId;
}

/** The first of `count` ids that follow one another. */
function takeIds(db: EngineDatabase, count: number): number {
  const bump = "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'local_node' RETURNING seq";
  const row = db.sql<{ seq: number }>(bump).get(count);
  if (row !== undefined) return row.seq - count + 1;
  // SQLite makes the counter's row at the first insertion: nothing was inserted yet.
  db.sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('local_node', ?)").run(count);
  return 1;
}

/** The local side of one pair as last observed; rows come from the scanner and the executor. */
export class LocalTree implements LocalTreeWriter {
  readonly root: LocalId;
  readonly #db: EngineDatabase;
  readonly #pair: string;
  readonly #nameKey: (name: string) => string;
  readonly #dirty: DirtySet;
  readonly #stalls: StallTable;
  readonly #rows: RowCache<LocalId, LocalRow>;
  readonly #copies: RowCache<LocalId, NodeId>;

  constructor(options: {
    readonly db: EngineDatabase;
    readonly pair: string;
    readonly root: LocalId;
    readonly nameKey: (name: string) => string;
    readonly dirty: DirtySet;
    readonly stalls: StallTable;
  }) {
    this.root = options.root;
    this.#db = options.db;
    this.#pair = options.pair;
    this.#nameKey = options.nameKey;
    this.#dirty = options.dirty;
    this.#stalls = options.stalls;
    this.#rows = options.db.cacheOf(`local_node ${options.pair}`);
    this.#copies = options.db.cacheOf(`copies ${options.pair}`);
  }

  readonly byId = (id: LocalId): LocalRow | undefined => this.#rows.get(id, () => this.#read(id));

  /** The entry at a slot; of several in a moment of change, the newest. */
  readonly bySlot = (parent: LocalId, nameKey: string): LocalRow | undefined => {
    const rows = this.#db.wideSql<StoredRow>(BY_SLOT).all(this.#pair, parent, nameKey);
    // A sorter costs more than the search.
    const newest = rows.reduce<StoredRow | undefined>(
      (found, row) => (found === undefined || row.local_id > found.local_id ? row : found),
      undefined,
    );
    return newest === undefined ? undefined : rowOf(newest);
  };

  readonly children = (folder: LocalId): readonly LocalRow[] => this.#list(CHILDREN, folder);

  readonly goneChildren = (folder: LocalId): readonly LocalRow[] =>
    this.#list(GONE_CHILDREN, folder);

  readonly byInode = (ino: bigint): readonly LocalRow[] =>
    this.#list(BY_INODE, BigInt.asIntN(64, ino));

  readonly byContent = (sha256: Digest, size: number): readonly LocalRow[] =>
    this.#list(BY_CONTENT, sha256, size);

  readonly goneFolders = (): readonly LocalRow[] => this.#list(GONE_FOLDERS);

  readonly foldersAfter = (after: number, max: number): readonly LocalRow[] =>
    this.#list(FOLDERS_AFTER, after, max);

  readonly isPaired = (id: LocalId): boolean =>
    this.#db.sql('SELECT 1 FROM base_node WHERE pair = ? AND local_id = ?').get(this.#pair, id) !==
    undefined;

  readonly allocate = (): LocalId => {
    const id = allocateLocalId(this.#db);
    // It has no row yet: no question goes to the database for that.
    this.#rows.set(id, undefined);
    this.#copies.set(id, undefined);
    return id;
  };

  readonly upsert = (row: LocalRow): void => {
    const before = this.#stateOf(row.id);
    this.put(row);
    if (before === 'unknown' && row.state !== 'unknown') {
      this.#dirty.markBelow(row.id);
      return;
    }
    this.#dirty.markLocal(row.id, 'scan');
    if (before !== 'gone' || row.state === 'gone' || row.kind !== 'folder') return;
    for (const { id } of this.goneChildren(row.id)) this.#dirty.markLocal(id, 'above');
  };

  /** By the ids that are found, without any index: SQLite would rather go through all rows of the pair. */
  readonly mark = (id: LocalId, state: Exclude<LocalRow['state'], 'seen'>): void => {
    if (state === 'unknown' || state === 'hollow') {
      this.#setState(id, state);
      return;
    }
    this.#noteRules(this.byId(id), undefined);
    const marked = this.#db
      .sql<{ local_id: LocalId }>(
        `${BELOW} UPDATE local_node NOT INDEXED SET state = ?3
         WHERE pair = ?1 AND local_id IN (SELECT id FROM below) AND state <> ?3
         RETURNING local_id`,
      )
      .all(numbered(this.#pair, id, state));
    this.#left(marked, state);
  };

  /** Marks `gone` the row and all below it but these entries, which are elsewhere, and what is below them. */
  markGone(id: LocalId, elsewhere: ReadonlySet<LocalId>): void {
    if (elsewhere.size === 0) {
      this.mark(id, 'gone');
      return;
    }
    this.#noteRules(this.byId(id), undefined);
    const marked = this.#db
      .sql<{ local_id: LocalId }>(
        `WITH RECURSIVE below(id) AS (
           SELECT ?2 UNION
           SELECT l.local_id FROM below CROSS JOIN local_node l INDEXED BY local_slot
             WHERE l.pair = ?1 AND l.parent = below.id
               AND l.local_id NOT IN (SELECT value FROM json_each(?3)))
         UPDATE local_node NOT INDEXED SET state = 'gone'
         WHERE pair = ?1 AND local_id IN (SELECT id FROM below) AND state <> 'gone'
         RETURNING local_id`,
      )
      .all(numbered(this.#pair, id, JSON.stringify([...elsewhere])));
    this.#left(marked, 'gone');
  }

  readonly setStalls = (folder: LocalId, stalls: readonly ScanStall[]): void => {
    this.#stalls.replaceScanned(folder, stalls);
  };

  readonly transaction = <T>(action: () => T): T => this.#db.transaction(action);

  /** Writes the row without marking it: the executor knows what it did itself. */
  put(row: LocalRow): void {
    this.#noteRules(this.byId(row.id), row);
    this.#rows.forget(row.id);
    this.#db
      .sql(
        `INSERT INTO local_node (local_id, pair, parent, name, name_key, kind, ino, birth_ns, size,
           mtime_ns, ctime_ns, mode, exec, sha256, target, scan_gen, state)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)
         ON CONFLICT (local_id) DO UPDATE SET parent = excluded.parent, name = excluded.name,
           name_key = excluded.name_key, kind = excluded.kind,
           ino = excluded.ino, birth_ns = excluded.birth_ns, size = excluded.size,
           mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns, mode = excluded.mode,
           exec = excluded.exec, sha256 = excluded.sha256, target = excluded.target,
           state = excluded.state`,
      )
      .run(
        row.id,
        this.#pair,
        row.parent,
        utf8ToBytes(row.name),
        this.#nameKey(row.name),
        row.kind,
        BigInt.asIntN(64, row.ino),
        BigInt.asIntN(64, row.birthNs),
        row.size,
        BigInt.asIntN(64, row.mtimeNs),
        BigInt.asIntN(64, row.ctimeNs),
        row.mode,
        row.executable ? 1 : 0,
        row.sha256,
        row.target,
        row.state,
      );
    this.#rows.set(row.id, row);
  }

  /** The node that this entry is a conflict copy of, remembered until it is uploaded. */
  copyOf(id: LocalId): NodeId | null {
    const read = (): NodeId | undefined =>
      this.#db
        .sql<{ copy_of: NodeId | null }>('SELECT copy_of FROM local_node WHERE local_id = ?')
        .get(id)?.copy_of ?? undefined;
    return this.#copies.get(id, read) ?? null;
  }

  setCopyOf(id: LocalId, node: NodeId | null): void {
    if (this.copyOf(id) === node) return;
    this.#copies.forget(id);
    this.#db.sql('UPDATE local_node SET copy_of = ? WHERE local_id = ?').run(node, id);
  }

  /** Plain bytes of all files at and below the row. */
  bytesBelow(id: LocalId): number {
    const row = this.#db
      .sql<{ bytes: number }>(
        `${BELOW} SELECT coalesce(sum(size), 0) AS bytes FROM local_node
         WHERE local_id IN (SELECT id FROM below) AND kind = 'file' AND state <> 'gone'`,
      )
      .get(numbered(this.#pair, id));
    return row?.bytes ?? 0;
  }

  /** Forgets `gone` rows that no base row needs, and all below them. */
  sweepGone(): void {
    this.#rows.clear();
    this.#copies.clear();
    this.#db
      .sql(
        `DELETE FROM local_node WHERE pair = ?1 AND state = 'gone' AND local_id NOT IN
           (SELECT local_id FROM base_node WHERE pair = ?1)
         AND local_id NOT IN (SELECT local_id FROM dirty_local WHERE pair = ?1)`,
      )
      .run(numbered(this.#pair));
  }

  /** Rows from the root down to this one; undefined when one on the way is missing. */
  chainOf(id: LocalId): readonly LocalRow[] | undefined {
    const chain: LocalRow[] = [];
    for (let at = this.byId(id); at !== undefined; at = this.byId(at.parent)) {
      chain.push(at);
      if (at.id === this.root) return chain.reverse();
      if (at.parent === at.id) return undefined;
    }
    return undefined;
  }

  /** Names from the root down to the row; undefined when a row on the way is missing. */
  pathOf(id: LocalId): readonly string[] | undefined {
    return this.chainOf(id)
      ?.slice(1)
      .map(({ name }) => name);
  }

  /** An ignore file that came, changed, moved or went may let in what it kept out. */
  #noteRules(before: LocalRow | undefined, now: LocalRow | undefined): void {
    if (before?.name !== IGNORE_FILE && now?.name !== IGNORE_FILE) return;
    const isSame =
      before?.name === now?.name &&
      before?.parent === now?.parent &&
      before?.sha256 === now?.sha256;
    if (!isSame) this.#dirty.markRemoteWithoutBase();
  }

  #stateOf(id: LocalId): string | undefined {
    return this.byId(id)?.state;
  }

  #setState(id: LocalId, state: LocalNode['state']): void {
    const changed = this.#db
      .sql('UPDATE local_node SET state = ? WHERE local_id = ? AND state <> ?')
      .run(state, id, state);
    if (changed.changes > 0) this.#changed(id, state);
  }

  /** Nothing looks into these any more: what stalled in them is over. */
  #left(rows: readonly { readonly local_id: LocalId }[], state: LocalNode['state']): void {
    for (const { local_id: id } of rows) this.#changed(id, state);
    this.#stalls.forgetScanned(new Set(rows.map(({ local_id: id }) => id)));
  }

  #changed(id: LocalId, state: LocalNode['state']): void {
    this.#rows.forget(id);
    this.#dirty.markLocal(id, state);
  }

  #read(id: LocalId): LocalRow | undefined {
    const row = this.#db.wideSql<StoredRow>(BY_ID).get(id, this.#pair);
    return row === undefined ? undefined : rowOf(row);
  }

  #list(text: string, ...values: readonly (string | number | bigint)[]): readonly LocalRow[] {
    return this.#db
      .wideSql<StoredRow>(text)
      .all(this.#pair, ...values)
      .map(rowOf);
  }
}

function rowOf(row: StoredRow): LocalRow {
  return {
    id: Number(row.local_id) as LocalId,
    parent: Number(row.parent) as LocalId,
    name: bytesToUtf8(row.name),
    kind: row.kind as EntryKind,
    ino: BigInt.asUintN(64, row.ino),
    birthNs: row.birth_ns,
    size: Number(row.size),
    mtimeNs: row.mtime_ns,
    ctimeNs: row.ctime_ns,
    mode: Number(row.mode),
    executable: row.exec === 1n,
    sha256: row.sha256 as Digest | null,
    target: row.target,
    state: row.state as LocalNode['state'],
  };
}
