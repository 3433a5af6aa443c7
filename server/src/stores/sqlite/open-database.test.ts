import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Database from 'better-sqlite3';
import { MIGRATIONS } from './migrations.ts';
import { NewerSchemaError, openDatabase } from './open-database.ts';

const folder = mkdtempSync(join(tmpdir(), 'coffer-schema-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const schemaOf = (database: Database.Database) =>
  database
    .prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
    .all();

test('a commit is on the disk when it returns, and the schema trusts nothing', () => {
  const database = openDatabase(join(folder, 'settings.sqlite'));
  const value = (name: string) => database.pragma(name, { simple: true });
  assert.equal(value('journal_mode'), 'wal');
  assert.equal(value('synchronous'), 2);
  assert.equal(value('trusted_schema'), 0);
  assert.equal(value('foreign_keys'), 1);
  assert.equal(value('user_version'), MIGRATIONS.length);
  database.close();
});

test('every table is strict', () => {
  const database = openDatabase(':memory:');
  const tables = database.prepare('PRAGMA table_list').all() as {
    name: string;
    schema: string;
    strict: number;
  }[];
  const own = tables.filter(({ name }) => !name.startsWith('sqlite_'));
  assert.ok(own.length >= 10);
  assert.deepEqual(
    own.filter(({ strict }) => strict !== 1),
    [],
  );
  database.close();
});

test('each step brings a database of any earlier version to the newest schema', () => {
  const newest = openDatabase(':memory:');
  for (let version = 0; version <= MIGRATIONS.length; version++) {
    const file = join(folder, `from-${version}.sqlite`);
    openDatabase(file, MIGRATIONS.slice(0, version)).close();
    const grown = openDatabase(file);
    assert.deepEqual(schemaOf(grown), schemaOf(newest));
    grown.close();
    openDatabase(file).close();
  }
  newest.close();
});

test('a step that fails leaves the version before it', () => {
  const file = join(folder, 'broken.sqlite');
  const broken = [...MIGRATIONS, 'CREATE TABLE half (x INTEGER) STRICT; SELECT * FROM nowhere;'];
  assert.throws(() => openDatabase(file, broken), /nowhere/);
  const database = openDatabase(file);
  assert.equal(database.pragma('user_version', { simple: true }), MIGRATIONS.length);
  assert.equal(
    database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'half'").get(),
    undefined,
  );
  database.close();
});

test('a database of a newer version is left alone', () => {
  const file = join(folder, 'newer.sqlite');
  const newer = new Database(file);
  newer.pragma(`user_version = ${MIGRATIONS.length + 1}`);
  newer.close();
  assert.throws(() => openDatabase(file), NewerSchemaError);
});
