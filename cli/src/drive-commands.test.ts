/** Copies, parts of files, rewinding and checking: one world for all of them. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { globSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TREE_DEPTH_MAX } from '@coffer/protocol/core';
import { CommandWorld } from './testing/command-world.ts';

test('commands on the whole drive keep their word', async (t) => {
  await using world = new CommandWorld();
  await world.start();
  await t.test('cp copies files and folders, and replaces nothing', () => copied(world));
  await t.test('cat --range reads a part, whatever became of the rest', () => cutOut(world));
  await t.test('verify refuses what is no synced folder at once', () => refusedAtOnce(world));
  await t.test('ignore says which line of which file decides', () => ruled(world));
  await t.test('rewind shows what it would do, asks, and brings a folder back', () =>
    rewound(world),
  );
  await t.test('verify reads local files, and on request every chunk', () => verified(world));
  await t.test('verify finds each stored record that is another one', () => distorted(world));
  await t.test('a database that is moved away is made anew, and folders stay synced', () =>
    movedAway(world),
  );
});

interface Listed {
  readonly path: string;
  readonly sha256?: string;
}

async function listed(world: CommandWorld, path: string): Promise<readonly string[]> {
  const { stdout } = await world.run(['ls', '-R', path]);
  return (JSON.parse(stdout) as Listed[]).map(({ path: own }) => own);
}

async function copied(world: CommandWorld): Promise<void> {
  await world.run(['mkdir', '-p', '/from/deep']);
  await world.run(['put', 'folder/letter', '/from/deep/letter']);
  const file = await world.run(['cp', '/letter', '/from/copy']);
  assert.equal(file.code, 0, file.stderr);
  assert.equal((JSON.parse(file.stdout) as Listed).path, '/from/copy');
  const flat = await world.run(['cp', '/from', '/to']);
  assert.equal(flat.code, 1);
  assert.match(flat.stderr, /"is-a-folder".*Use -r for folders/);
  assert.equal((await world.run(['cp', '-r', '/from', '/to'])).code, 0);
  assert.deepEqual(await listed(world, '/to'), ['/to/copy', '/to/deep', '/to/deep/letter']);
  const into = await world.run(['cp', '/letter', '/to/deep']);
  assert.match(into.stderr, /"exists"/);
  const nowhere = await world.run(['cp', '/letter', '/none/letter']);
  assert.match(nowhere.stderr, /the folder that it should go into is not on the drive/);
  const itself = await world.run(['cp', '-r', '/to', '/to/deep']);
  assert.match(itself.stderr, /"refused"/);
  assert.equal((await world.run(['cp', '/none', '/x'])).code, 1);
  await copiedTooDeep(world);
}

/** What was made by then is in the trash: neither does nothing stand, nor was nothing changed. */
async function copiedTooDeep(world: CommandWorld): Promise<void> {
  const below = '/x'.repeat(TREE_DEPTH_MAX / 2);
  await world.run(['mkdir', '-p', `/from${below}`, `/to${below}`]);
  const { code, stderr } = await world.run(['cp', '-r', '/from', `/to${below}/half`]);
  assert.equal(code, 1);
  const [part] = JSON.parse((await world.run(['trash'])).stdout) as { path: string; id: string }[];
  assert.equal(part?.path, `/to${below}/half`);
  const { error } = JSON.parse(stderr) as { error: { code: string; hint: string } };
  assert.equal(error.code, 'limit-reached');
  const where = `What was made of it by then is in the trash (${part.id}); nothing else was changed.`;
  assert.equal(error.hint, `${where} Choose a place less deep.`);
  for (const line of [
    ['rm', '/from/x', '/to/x'],
    ['trash', 'empty', '--yes'],
  ])
    assert.equal((await world.run(line)).code, 0);
}

async function rewound(world: CommandWorld): Promise<void> {
  await world.run(['mkdir', '-p', '/past/sub']);
  await world.run(['put', 'folder/letter', '/past/sub/letter']);
  const before = await listed(world, '/past');
  await sleep(50);
  const then = new Date().toISOString();
  await sleep(50);
  await world.run(['mv', '/past/sub/letter', '/past/moved']);
  await world.run(['rm', '/past/sub']);
  await world.run(['put', 'folder/letter', '/past/new']);
  const line = ['rewind', '/past', '--to', then];
  const dry = await world.run([...line, '--dry-run']);
  assert.deepEqual((JSON.parse(dry.stdout) as { operations: object }).operations, [
    { op: 'restore', path: '/past/sub' },
    { op: 'move', path: '/past/moved', to: '/past/sub/letter' },
    { op: 'trash', path: '/past/new' },
  ]);
  assert.equal((await world.run(line)).code, 2);
  const refused = await world.run(line, { answer: 'no' });
  assert.match(refused.stderr, /undoes 3 changes in \/past.*stay as versions.*trash/);
  assert.deepEqual(await listed(world, '/past'), ['/past/moved', '/past/new']);
  const done = await world.run(line, { answer: 'yes' });
  assert.equal(done.code, 0, done.stderr);
  assert.deepEqual(await listed(world, '/past'), before);
  const again = await world.run([...line, '--yes']);
  assert.deepEqual((JSON.parse(again.stdout) as { changed: number }).changed, 0);
  const unasked = await world.run(line);
  assert.equal(unasked.code, 0, unasked.stderr);
  assert.deepEqual(JSON.parse(unasked.stdout), JSON.parse(again.stdout));
  for (const wrong of ['yesterday', '2026-01-01T10:00:00', '2026-02-30', '2999-01-01', '5w'])
    assert.equal((await world.run(['rewind', '/past', '--to', wrong])).code, 2, wrong);
  const early = await world.run(['rewind', '/past', '--to', '2020-01-01', '--yes']);
  assert.match(early.stderr, /"not-found".*or there was none at that time/);
}

async function refusedAtOnce(world: CommandWorld): Promise<void> {
  const { code, stdout, stderr } = await world.run(['verify', 'nowhere']);
  assert.deepEqual([code, stdout], [1, ''], 'it is said before anything is proved');
  assert.match(stderr, /nowhere is no synced folder.*Nothing was read/);
}

async function ruled(world: CommandWorld): Promise<void> {
  writeFileSync(join(world.folder, '.cofferignore'), '# logs\n*.log\n!keep.log\n');
  const paths = ['folder/x.log', 'folder/keep.log', 'folder/plain', 'nowhere'];
  const { code, stdout, stderr } = await world.run(['ignore', 'check', ...paths]);
  const file = join(world.folder, '.cofferignore');
  const rule = (line: number, pattern: string): object => ({ source: 'file', file, line, pattern });
  assert.deepEqual(JSON.parse(stdout), [
    { path: join(world.folder, 'x.log'), ignored: true, rule: rule(2, '*.log') },
    { path: join(world.folder, 'keep.log'), ignored: false, rule: rule(3, '!keep.log') },
    { path: join(world.folder, 'plain'), ignored: false, rule: null },
  ]);
  assert.equal(code, 1);
  assert.match(stderr, /"not-found","message":"this lies in no synced folder".*nowhere"/);
  const listing = await world.run(['ignore', 'list', 'folder']);
  const rules = JSON.parse(listing.stdout) as { source: string; line: number | null }[];
  assert.deepEqual(
    rules.filter(({ source }) => source === 'file').map(({ line }) => line),
    [2, 3],
  );
  rmSync(file);
}

interface Report {
  readonly checked: number;
  readonly bytes: number;
  readonly pending: number;
  readonly mismatches: readonly { readonly path: string; readonly kind: string }[];
}

async function verified(world: CommandWorld): Promise<void> {
  const path = join(world.folder, 'letter');
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  assert.equal((await world.run(['sync', 'now'])).code, 0);
  const report = async (...flags: readonly string[]): Promise<readonly [number, Report]> => {
    const { code, stdout } = await world.run(['verify', ...flags]);
    return [code, JSON.parse(stdout) as Report];
  };
  const [code, whole] = await report();
  assert.equal(code, 0);
  assert.deepEqual([whole.checked, whole.bytes, whole.pending, whole.mismatches], [1, 4, 0, []]);
  const [, all] = await report('--read-data');
  assert.ok(all.checked > 3, `${all.checked} contents`);

  writeFileSync(path, 'deaf');
  const [edited, pending] = await report('folder');
  assert.deepEqual([edited, pending.pending, pending.mismatches], [0, 1, []]);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  const rotten = await world.run(['verify']);
  assert.equal(rotten.code, 7);
  assert.match(rotten.stderr, /"integrity","message":"1 thing is not what was signed"/);
  const { mismatches } = JSON.parse(rotten.stdout) as Report;
  assert.deepEqual(
    mismatches.map((one) => [one.path, one.kind]),
    [[path, 'content']],
  );
  writeFileSync(path, 'dear');
  utimesSync(path, 1_700_000_000, 1_700_000_000);

  // Small contents rest in the server's database: only this one has a pack in a file.
  writeFileSync(join(world.base, 'photo'), randomBytes(MIB));
  await world.run(['put', 'photo', '/photo']);
  for (const pack of packsOf(world)) flipLastByte(pack);
  assert.equal((await report())[0], 0);
  const [lost, data] = await report('--read-data');
  assert.equal(lost, 7);
  assert.ok(data.mismatches.length > 0);
  for (const pack of packsOf(world)) flipLastByte(pack);
  await withoutPacks(world, () => unfetched(world, path));
  const [none] = await report('--read-data', world.folder);
  assert.equal(none, 0);
  const elsewhere = await world.run(['verify', '--read-data', 'nowhere']);
  assert.match(elsewhere.stderr, /"not-found"/);
}

/** The server can hand over nothing: what is known all the same is said. */
async function unfetched(world: CommandWorld, path: string): Promise<void> {
  writeFileSync(path, 'deaf');
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  const { code, stdout, stderr } = await world.run(['verify', '--read-data']);
  assert.equal(code, 7, stderr);
  const { mismatches } = JSON.parse(stdout) as Report;
  assert.deepEqual(
    mismatches.map((one) => one.path),
    [path],
  );
  assert.match(stderr, /"unavailable".*"path":"/);
  writeFileSync(path, 'dear');
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  assert.equal((await world.run(['verify', '--read-data'])).code, 6);
}

async function withoutPacks(world: CommandWorld, action: () => Promise<void>): Promise<void> {
  const packs = packsOf(world);
  const away = (index: number): string => join(world.base, `pack-${index}`);
  packs.forEach((pack, i) => renameSync(pack, away(i)));
  await action();
  packs.forEach((pack, i) => renameSync(away(i), pack));
}

/** Each record of the drive in turn, at its beginning and at its end. */
async function distorted(world: CommandWorld): Promise<void> {
  const inStore = <T>(action: (store: DatabaseSync) => T): T => {
    // Closed at once: two libraries on one file in one process lose each other's locks.
    const store = new DatabaseSync(join(world.home, 'engine.db'));
    try {
      return action(store);
    } finally {
      store.close();
    }
  };
  const rows = inStore((store) =>
    store.prepare('SELECT space, key, bytes FROM record ORDER BY space, key').all(),
  );
  const spaces = [...new Set(rows.map(({ space }) => space))].map((space) =>
    rows.filter((row) => row['space'] === space),
  );
  assert.equal(spaces.length, 2);
  const change = 'UPDATE record SET bytes = ? WHERE space = ? AND key = ?';
  for (const { space, key, bytes } of spaces.flatMap((of) => [
    ...of.slice(0, 4),
    ...of.slice(-2),
  ])) {
    assert.ok(bytes instanceof Uint8Array && key !== undefined && space !== undefined);
    for (const at of [1, bytes.length - 1]) {
      const other = bytes.with(at, (bytes.at(at) ?? 0) ^ 1);
      inStore((store) => store.prepare(change).run(other, space, key));
      const { code, stderr } = await world.run(['verify']);
      assert.equal(code, 7, stderr);
      assert.match(stderr, /keeps of the drive is damaged.*not touched.*engine\.db"/);
      const listed = await world.run(['ls']);
      if (listed.code === 1) assert.match(listed.stderr, /damaged-profile.*'coffer verify' says/);
    }
    inStore((store) => store.prepare(change).run(bytes, space, key));
  }
  assert.equal((await world.run(['verify'])).code, 0);
}

/** As `verify` advises where the stored records are damaged. */
async function movedAway(world: CommandWorld): Promise<void> {
  const before = await world.run(['sync', 'list']);
  renameSync(join(world.home, 'engine.db'), join(world.home, 'engine.db.away'));
  const anew = await world.run(['verify']);
  assert.equal(anew.code, 0, anew.stderr);
  const { records, accountRecords, pending } = JSON.parse(anew.stdout) as Record<string, number>;
  assert.ok(records !== undefined && records > 3 && (accountRecords ?? 0) > 2, anew.stdout);
  assert.equal(pending, 0, 'nothing is agreed on yet');
  const synced = await world.run(['sync', 'now']);
  assert.equal(synced.code, 0, synced.stderr);
  const { settled, trashed, conflicts } = JSON.parse(synced.stdout) as Record<string, unknown>;
  assert.deepEqual([settled, trashed, conflicts], [true, 0, 0]);
  const [pair] = JSON.parse(before.stdout) as { local: string }[];
  const after = JSON.parse((await world.run(['sync', 'list'])).stdout) as { local: string }[];
  assert.deepEqual(
    after.map(({ local }) => local),
    [pair?.local],
  );
  const { checked } = JSON.parse((await world.run(['verify'])).stdout) as Report;
  assert.equal(checked, 1);
}

const MIB = 1024 * 1024;

async function cutOut(world: CommandWorld): Promise<void> {
  const content = randomBytes(12 * MIB);
  writeFileSync(join(world.base, 'large'), content);
  const before = new Set(packsOf(world));
  await world.run(['put', 'large', '/large']);
  const { stdout } = await world.run(['cat', '/letter', '--range', '1-2']);
  assert.equal(stdout, 'ea');
  assert.equal((await world.run(['cat', '/letter', '--range', '2-'])).stdout, 'ar');
  assert.equal((await world.run(['cat', '/letter', '--range', '9-12'])).stdout, '');
  assert.equal((await world.run(['cat', '/letter', '--range', '3-2'])).code, 2);

  for (const pack of packsOf(world).filter((path) => !before.has(path))) flipLastByte(pack);
  assert.equal((await world.run(['cat', '/large'])).code, 7);
  const part = await world.run(['cat', '/large', '--range', '0-9']);
  assert.equal(part.code, 0, part.stderr);
  assert.equal(part.stdout, content.subarray(0, 10).toString('utf8'));
  await world.run(['rm', '--forever', '--yes', '/large']);
}

function packsOf(world: CommandWorld): readonly string[] {
  return globSync('server/packs/**/*', { cwd: world.base, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function flipLastByte(path: string): void {
  const bytes = readFileSync(path);
  const last = bytes.length - 1;
  bytes.writeUInt8(bytes.readUInt8(last) ^ 1, last);
  writeFileSync(path, bytes);
}
