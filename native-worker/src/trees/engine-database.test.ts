import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openEngineDatabase } from './engine-database.ts';

function databaseFile(t: TestContext): { readonly folder: string; readonly file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return { folder, file: join(folder, 'engine.db') };
}

test('a database stays with the device that began it', (t) => {
  const { file } = databaseFile(t);
  const first = openEngineDatabase(file, 0, 'laptop');
  assert.ok(!first.isReplaced);
  first.sql("INSERT INTO chain_entry VALUES ('account', 1, x'00')").run();
  first.close();
  const again = openEngineDatabase(file, 0, 'laptop');
  assert.ok(!again.isReplaced);
  assert.equal(again.sql('SELECT count(*) AS n FROM chain_entry').all().length, 1);
  again.close();
});

test('what another device left, whose keys are gone, is deleted; what lies beside it stays', (t) => {
  const { file, folder } = databaseFile(t);
  const first = openEngineDatabase(file, 0, 'laptop');
  first.sql("INSERT INTO chain_entry VALUES ('account', 1, x'00')").run();
  first.saveBeside('pairs.json', '[]');
  first.close();
  const second = openEngineDatabase(file, 0, 'laptop, signed in anew');
  assert.ok(second.isReplaced);
  assert.ok(!second.recovered, 'nothing was damaged');
  assert.deepEqual(second.sql('SELECT * FROM chain_entry').all(), []);
  assert.equal(second.readBeside('pairs.json'), '[]');
  second.close();
  const left = readdirSync(folder).filter((name) => name.includes('corrupt'));
  assert.deepEqual(left, []);
});

test('a damaged database is set aside, whoever it was', (t) => {
  const { file, folder } = databaseFile(t);
  writeFileSync(file, 'this is no database at all, but it is long enough to be looked at');
  const fresh = openEngineDatabase(file, 0, 'laptop');
  assert.ok(fresh.recovered && fresh.isReplaced);
  fresh.close();
  assert.equal(readdirSync(folder).filter((name) => name.includes('corrupt')).length, 1);
  const again = openEngineDatabase(file, 0, 'laptop');
  assert.ok(!again.isReplaced);
  again.close();
});

test('a database that was moved away from its list of pairs is replaced, a first one is not', (t) => {
  const { file } = databaseFile(t);
  const first = openEngineDatabase(file, 0, 'laptop');
  assert.ok(!first.isReplaced);
  first.saveBeside('pairs.json', '[]');
  first.close();
  rmSync(file);
  const anew = openEngineDatabase(file, 0, 'laptop');
  assert.ok(anew.isReplaced && !anew.recovered);
  anew.close();
});
