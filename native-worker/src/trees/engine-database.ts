/**
 * The engine's one SQLite file: WAL, one writer. `synchronous=NORMAL`, so that a lost last
 * transaction is merely observed again; FULL for those that write intents (engine §2).
 */
import Sqlite from 'better-sqlite3';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { CACHED_ROWS_MAX, LOG_PAGES_MAX, PAGE_CACHE_KIB } from '../limits.ts';
import { MIGRATIONS } from './migrations.ts';
import { RowCache } from './row-cache.ts';

type Value = string | number | bigint | Uint8Array | null;
type Numbered = Readonly<Record<number, Value>>;
type Statement<Row> = Sqlite.Statement<(Value | Numbered)[], Row>;

/** Values of `?1`, `?2` … in their order. */
export function numbered(...values: readonly Value[]): Numbered {
  return Object.fromEntries(values.map((value, index) => [index + 1, value]));
}

/** Ids taken from the counter of the database by one statement. */
const IDS_AT_ONCE = 256;
const CORRUPT_CODES = ['SQLITE_CORRUPT', 'SQLITE_NOTADB'];

export class EngineDatabase {
  /** Of the file; `:memory:` without one. */
  readonly path: string;
  /** True when the file failed its check, was set aside and this one began empty. */
  readonly recovered: boolean;
  /** True when it began empty in the place of an earlier one: pairs are found beside it. */
  readonly isReplaced: boolean;
  readonly #sqlite: Sqlite.Database;
  /** Made once: thousands of small transactions are begun in a pass. */
  readonly #run: Sqlite.Transaction<(action: () => unknown) => unknown>;
  readonly #plain = new Map<string, Statement<unknown>>();
  readonly #wide = new Map<string, Statement<unknown>>();
  readonly #caches = new Map<string, RowCache<unknown, unknown>>();
  #ids: { next: number; readonly end: number } | undefined;

  constructor(
    sqlite: Sqlite.Database,
    path: string,
    before: 'none' | 'damaged' | 'foreign' | 'moved',
  ) {
    this.#sqlite = sqlite;
    this.#run = sqlite.transaction((action) => action());
    this.path = path;
    this.recovered = before === 'damaged';
    this.isReplaced = before !== 'none';
  }

  /** Prepared once per text. Integers come as numbers. */
  sql<Row = unknown>(text: string): Statement<Row> {
    let statement = this.#plain.get(text);
    if (statement === undefined) {
      statement = this.#sqlite.prepare<(Value | Numbered)[]>(text);
      this.#plain.set(text, statement);
    }
    return statement as Statement<Row>;
  }

  /** As `sql`, but every integer comes as a bigint: for rows with inodes and nanoseconds. */
  wideSql<Row = unknown>(text: string): Statement<Row> {
    let statement = this.#wide.get(text);
    if (statement === undefined) {
      statement = this.#sqlite.prepare<(Value | Numbered)[]>(text).safeIntegers(true);
      this.#wide.set(text, statement);
    }
    return statement as Statement<Row>;
  }

  /**
   * The rows of one table that were read last, for all who read that table through this object. Whoever
   * writes the table keeps it true; a transaction that fails empties it.
   */
  cacheOf<Key, Row>(table: string): RowCache<Key, Row> {
    const cache = this.#caches.get(table) ?? new RowCache<unknown, unknown>(CACHED_ROWS_MAX);
    this.#caches.set(table, cache);
    return cache as RowCache<Key, Row>;
  }

  /** All writes of `action` or none; nests. */
  transaction<T>(action: () => T): T {
    try {
      return this.#run.immediate(action) as T;
    } catch (error) {
      this.forgetRows();
      throw error;
    }
  }

  /** What was read is read again: tables were written by other ways. */
  forgetRows(): void {
    this.#ids = undefined;
    for (const cache of this.#caches.values()) cache.clear();
  }

  /**
   * The next of the ids that `takeBlock` gives out, so many at once. What is left of a block when the
   * program ends, or when a transaction fails that may have taken the block back, is never used.
   */
  nextId(takeBlock: (count: number) => number): number {
    let block = this.#ids;
    if (block === undefined || block.next === block.end) {
      const next = takeBlock(IDS_AT_ONCE);
      block = { next, end: next + IDS_AT_ONCE };
      this.#ids = block;
    }
    return block.next++;
  }

  /** One read transaction: every query of `action` sees the same state. Nests. */
  reading<T>(action: () => T): T {
    return this.#run.deferred(action) as T;
  }

  /** A transaction that survives a power cut once it returned. Must not be nested. */
  durably<T>(action: () => T): T {
    this.#sqlite.pragma('synchronous = FULL');
    try {
      return this.transaction(action);
    } finally {
      this.#sqlite.pragma('synchronous = NORMAL');
    }
  }

  /** Writes a small text beside the file, whole; nothing for a database in memory. */
  saveBeside(suffix: string, text: string): void {
    if (this.path === ':memory:') return;
    const path = `${this.path}.${suffix}`;
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  readBeside(suffix: string): string | undefined {
    const path = `${this.path}.${suffix}`;
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  close(): void {
    this.#sqlite.close();
  }
}

/** Beside the database, for when that has to be made anew: which pairs there are. */
export const PAIR_LIST = 'pairs.json';

/**
 * Opens the database, making or migrating it. A file that fails its check is set aside as
 * `engine.corrupt-<time>.db`; one of another device than `owner`, which nobody can open any more, is
 * deleted; one that was moved away leaves its list of pairs. Throws when a newer program wrote it.
 * `path` may be `:memory:`.
 */
export function openEngineDatabase(path: string, nowMs: number, owner?: string): EngineDatabase {
  try {
    const before = isMovedAway(path) ? 'moved' : 'none';
    const sqlite = openChecked(path);
    if (owner === undefined || isOwnedBy(sqlite, owner)) {
      return new EngineDatabase(sqlite, path, before);
    }
    sqlite.close();
    for (const file of filesOf(path)) rmSync(file);
    const fresh = openChecked(path);
    isOwnedBy(fresh, owner);
    return new EngineDatabase(fresh, path, 'foreign');
  } catch (error) {
    if (!isCorruption(error) || path === ':memory:') throw error;
    setAside(path, nowMs);
    const fresh = openChecked(path);
    if (owner !== undefined) isOwnedBy(fresh, owner);
    return new EngineDatabase(fresh, path, 'damaged');
  }
}

function isMovedAway(path: string): boolean {
  return path !== ':memory:' && !existsSync(path) && existsSync(`${path}.${PAIR_LIST}`);
}

/** False when another device wrote it; a database that nobody has yet becomes this one's. */
function isOwnedBy(sqlite: Sqlite.Database, device: string): boolean {
  const row = sqlite.prepare<[], { device: string }>('SELECT device FROM owner').get();
  if (row === undefined) sqlite.prepare<[string]>('INSERT INTO owner VALUES (?)').run(device);
  return row === undefined || row.device === device;
}

function isCorruption(error: unknown): boolean {
  if (!(error instanceof Sqlite.SqliteError)) return false;
  return CORRUPT_CODES.some((code) => error.code.startsWith(code));
}

function openChecked(path: string): Sqlite.Database {
  const sqlite = new Sqlite(path);
  try {
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma('synchronous = NORMAL');
    sqlite.pragma('busy_timeout = 30000');
    sqlite.pragma(`cache_size = -${PAGE_CACHE_KIB}`);
    sqlite.pragma(`wal_autocheckpoint = ${LOG_PAGES_MAX}`);
    const found = sqlite.pragma('quick_check(1)', { simple: true });
    if (found !== 'ok') throw new Sqlite.SqliteError('the check failed', 'SQLITE_CORRUPT');
    migrate(sqlite);
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

function migrate(sqlite: Sqlite.Database): void {
  const version = Number(sqlite.pragma('user_version', { simple: true }));
  if (version > MIGRATIONS.length) {
    throw new Error(`the engine's database is of version ${version}: a newer Coffer wrote it`);
  }
  for (const [step, text] of MIGRATIONS.entries()) {
    if (step < version) continue;
    sqlite.transaction(() => {
      sqlite.exec(text);
      sqlite.pragma(`user_version = ${step + 1}`);
    })();
  }
}

function setAside(path: string, nowMs: number): void {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-');
  const aside = path.replace(/(\.db)?$/, `.corrupt-${stamp}.db`);
  for (const file of filesOf(path)) renameSync(file, aside + file.slice(path.length));
}

/** The file and those that SQLite puts beside it, as far as they are there. */
function filesOf(path: string): readonly string[] {
  return ['', '-wal', '-shm'].map((suffix) => path + suffix).filter((file) => existsSync(file));
}
