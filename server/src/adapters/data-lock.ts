import { join } from 'node:path';
import Database from 'better-sqlite3';
import { SetupError } from './password-setup-file.ts';

/**
 * Takes the data folder for this process; the answer gives it back. One server at a time: it keeps
 * key chains in memory and tells its event streams itself. The lock is SQLite's, so the system lifts
 * it when the process ends, however that happens.
 */
export function lockDataFolder(dataDir: string): () => void {
  const lock = new Database(join(dataDir, 'lock'), { timeout: 0 });
  try {
    lock.pragma('journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new SetupError(`another server works on ${dataDir}. Stop it first.`, { cause });
  }
  return () => void lock.close();
}
