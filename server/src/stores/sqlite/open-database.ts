import Database from 'better-sqlite3';
import { MIGRATIONS } from './migrations.ts';

/** The database was written by a newer version of the server. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError';
}

/**
 * Opens the database in `file` (`:memory:`, or the bytes of one, for one that ends with the process)
 * and takes the steps of the schema that are missing, each in a transaction. A commit is on the disk
 * when it returns.
 */
export function openDatabase(
  file: string | Buffer,
  migrations: readonly string[] = MIGRATIONS,
): Database.Database {
  const database = new Database(file);
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('trusted_schema = OFF');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
    database.pragma('cache_size = -8192');
    // 32 MiB: pages that are written again and again go into the file once.
    database.pragma('wal_autocheckpoint = 8192');
    migrate(database, migrations);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function migrate(database: Database.Database, migrations: readonly string[]): void {
  const version = () => Number(database.pragma('user_version', { simple: true }));
  if (version() > migrations.length) {
    throw new NewerSchemaError('the database was written by a newer version of the server');
  }
  for (const [index, step] of migrations.entries()) {
    database
      .transaction(() => {
        // Read again under the lock: another process may have been faster.
        if (version() !== index) return;
        database.exec(step);
        database.pragma(`user_version = ${index + 1}`);
      })
      .immediate();
  }
}
