import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'node:test';
import Sqlite from 'better-sqlite3';
import { openEngineDatabase } from './engine-database.ts';
import { MIGRATIONS } from './migrations.ts';

/** A database as the program that knew `version` migrations left it, with a row in `stall`. */
function databaseOf(version: number, path: string): void {
  const sqlite = new Sqlite(path);
  for (const text of MIGRATIONS.slice(0, version)) sqlite.exec(text);
  sqlite.exec(`INSERT INTO stall (id, pair, reason, path, source, since_ms, tries, detail)
    VALUES (1, 'p', 'FileBusy', 'kept', 'scan', 1, 1, '')`);
  sqlite.pragma(`user_version = ${version}`);
  sqlite.close();
}

test('a database of each earlier version is brought to this one with what it holds', () => {
  const folder = mkdtempSync(`${tmpdir()}/coffer-migrations-`);
  for (let version = 1; version <= MIGRATIONS.length; version++) {
    const path = `${folder}/${version}.db`;
    databaseOf(version, path);
    const database = openEngineDatabase(path, 0);
    assert.equal(database.recovered, false);
    assert.deepEqual(database.sql('SELECT path FROM stall').all(), [{ path: 'kept' }]);
    const found = database.sql('PRAGMA user_version').get();
    assert.deepEqual(found, { user_version: MIGRATIONS.length });
    database.close();
  }
  rmSync(folder, { recursive: true });
});

test('a database of a newer version is left alone', () => {
  const folder = mkdtempSync(`${tmpdir()}/coffer-migrations-`);
  const path = `${folder}/newer.db`;
  const sqlite = new Sqlite(path);
  sqlite.pragma(`user_version = ${MIGRATIONS.length + 1}`);
  sqlite.close();
  assert.throws(() => openEngineDatabase(path, 0), /a newer Coffer wrote it/);
  rmSync(folder, { recursive: true });
});
