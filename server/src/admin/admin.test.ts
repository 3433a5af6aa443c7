/** `coffer admin` beside a server of its own process that works all the time. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodeSealedCommit } from '@coffer/protocol/model';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { SetupError } from '../adapters/password-setup-file.ts';
import { createServer } from '../index.ts';
import { collect, COLLECTION_POLICY } from '../jobs/collect.ts';
import { fsck } from '../jobs/fsck.ts';
import { openDatabase } from '../stores/sqlite/open-database.ts';
import { MIGRATIONS } from '../stores/sqlite/migrations.ts';
import { createHttpHandle } from '../testing/http-handle.ts';
import { signedInPerson, type Person } from '../testing/person.ts';
import { ServerProcess } from '../testing/server-process-handle.ts';
import { packOf } from '../testing/space-writer.ts';
import { makeCall, type Handle } from '../testing/test-client.ts';
import { backup, migrate, openData, restore } from './index.ts';

const folder = await mkdtemp(join(tmpdir(), 'coffer-admin-'));
after(() => rm(folder, { recursive: true, force: true }));
const never = new AbortController().signal;
const suite = await createNodeOpenSuite();
const CHECK = { isRepair: false, isDataRead: true };

let written = 0;

async function writeOne(handle: Handle, { drive, token }: Person, name: string): Promise<void> {
  const params = { space: drive.space };
  const content = new TextEncoder().encode(`${drive.space} ${name}`);
  // Every other pack is a file.
  const file = drive.file(name, [Buffer.alloc(++written % 2 === 0 ? 64 : 40_000, content)]);
  const bytes = packOf(file.bodies);
  assert.equal((await makeCall(handle, 'storePack', { token, params, bytes })).status, 200);
  const commit = drive.commit([file.change]);
  const sent = { token, params, bytes: encodeSealedCommit(commit.commit) };
  assert.equal((await makeCall(handle, 'propose', sent)).status, 200);
  drive.accept(commit);
}

async function people(handle: Handle, origin: string, count: number): Promise<Person[]> {
  const all: Person[] = [];
  for (let i = 0; i < count; i++) {
    const name = `admin-${i}@example.org`;
    all.push(await signedInPerson({ suite, handle, origin, name, time: 0 }));
  }
  return all;
}

async function findingsIn(dataDir: string) {
  await using data = await openData({ dataDir }, 'alone');
  return (await fsck(data, CHECK, never)).findings;
}

test('a backup under load is one moment, and a restore of it is whole, under a higher era', async () => {
  const dataDir = join(folder, 'busy');
  const target = join(folder, 'backup');
  const running = await ServerProcess.start(dataDir);
  const handle = createHttpHandle(running.url);
  const writers = await people(handle, running.url, 4);
  const over = new AbortController();
  const writing = writers.map(async (person) => {
    for (let i = 0; !over.signal.aborted; i++) await writeOne(handle, person, `file ${i}`);
  });
  try {
    for (const [round, isFirst] of [true, false].entries()) {
      const before = writers.map(({ drive }) => drive.head.seq);
      const result = await backup({ dataDir }, target, never);
      assert.ok(isFirst || result.packsCopied < result.packs, 'the second copies what is new');
      assert.deepEqual((await readdir(target)).sort(), [
        'backup.json',
        'metadata.sqlite',
        'packs',
        'password-setup',
      ]);

      const restored = join(folder, `restored-${round}`);
      const { era, packs } = await restore({ dataDir: restored }, target, never);
      assert.equal(packs, result.packs);
      assert.ok(era > 0);
      assert.deepEqual(await findingsIn(restored), []);
      const again = await createServer({ dataDir: restored, publicUrl: running.url });
      for (const [i, person] of writers.entries()) {
        const params = { space: person.drive.space };
        const old = person.token;
        assert.equal((await makeCall(again.handle, 'head', { token: old, params })).status, 401);
        const there = await again.handle({ method: 'GET', path: '/health', headers: {} });
        assert.equal(there.status, 200);
        await using data = await openBeside(restored);
        const head = await data.store.getHead(person.drive.space);
        assert.ok((head?.state.seq ?? 0) >= (before[i] ?? 1), `${head?.state.seq} of ${before[i]}`);
        assert.equal(head?.era, era);
      }
      await again.close();
    }
  } finally {
    over.abort();
    await Promise.all(writing);
    await running.kill();
  }
});

const openBeside = (dataDir: string) => openData({ dataDir }, 'beside');

test('collection at the same time takes nothing from a backup', async () => {
  const dataDir = join(folder, 'collected');
  const server = await createServer({ dataDir, publicUrl: 'http://one.test' });
  const [ann] = await people(server.handle, 'http://one.test', 1);
  assert.ok(ann);
  for (let i = 0; i < 60; i++) await writeOne(server.handle, ann, `${i}`);
  const leased = ann.drive.file('later', [new TextEncoder().encode('later')]);
  const params = { space: ann.drive.space };
  for (let i = 0; i < 60; i++) {
    const bodies = [...ann.drive.file(`unneeded ${i}`, [new TextEncoder().encode(`${i}`)]).bodies];
    await makeCall(server.handle, 'storePack', {
      token: ann.token,
      params,
      bytes: packOf(i === 0 ? leased.bodies : bodies),
    });
  }
  await server.close();
  let now = Date.now() + 9 * 24 * 60 * 60 * 1000;
  const clock = { now: () => (now += 5), sleep: async () => {} };
  const policy = { ...COLLECTION_POLICY, deadPackMs: 0, strayMs: 0 };
  const over = new AbortController();
  const collecting = (async () => {
    await using data = await openData({ dataDir, clock }, 'beside');
    while (!over.signal.aborted) await collect(data, policy, never);
  })();
  const target = join(folder, 'collected-backup');
  const result = await backup({ dataDir, clock }, target, never);
  over.abort();
  await collecting;
  const restored = join(folder, 'collected-restored');
  await restore({ dataDir: restored }, target, never);
  assert.deepEqual(await findingsIn(restored), []);
  assert.ok(result.packs >= 60);
});

test('a backup that stood still while packs went says so instead of being half one', async () => {
  const dataDir = join(folder, 'still');
  const server = await createServer({ dataDir, publicUrl: 'http://one.test' });
  const [ann] = await people(server.handle, 'http://one.test', 1);
  assert.ok(ann);
  for (let i = 0; i < 3; i++) await writeOne(server.handle, ann, `${i}`);
  await server.close();
  let now = Date.now();
  const clock = { now: () => (now += 2 * 60 * 60 * 1000), sleep: async () => {} };
  await assert.rejects(backup({ dataDir, clock }, join(folder, 'still-backup'), never), /still/);
  await assert.rejects(
    restore({ dataDir: join(folder, 'x') }, join(folder, 'still-backup'), never),
    /no finished backup/,
  );
  await backup({ dataDir }, join(folder, 'still-backup'), never);
});

test('places that cannot be right are refused, and nothing is changed', async () => {
  const dataDir = join(folder, 'places');
  await (await createServer({ dataDir })).close();
  const other = join(folder, 'other-things');
  await mkdir(other);
  await writeFile(join(other, 'letter.txt'), 'mine');
  const targets = [
    other,
    join(dataDir, 'inside'),
    folder,
    '/proc/backup',
    '/dev/zero',
    join(other, 'letter.txt'),
  ];
  for (const target of targets) {
    await assert.rejects(backup({ dataDir }, target, never), SetupError, target);
  }
  assert.deepEqual(await readdir(other), ['letter.txt']);
  const good = join(folder, 'good-backup');
  await backup({ dataDir }, good, never);
  await assert.rejects(restore({ dataDir: other }, good, never), /not empty/);
  await assert.rejects(restore({ dataDir }, good, never), /not empty/);
  await assert.rejects(restore({ dataDir: join(folder, 'y') }, other, never), /no finished backup/);
  await assert.rejects(createServer({ dataDir: good }), /is a backup/);
  for (const missing of ['/nowhere', other, '/proc/1']) {
    await assert.rejects(openData({ dataDir: missing }, 'beside'), SetupError);
  }
  const foreign = join(folder, 'foreign-backup');
  await backup({ dataDir: join(folder, 'busy') }, foreign, never);
  await assert.rejects(backup({ dataDir }, foreign, never), /no backup of this server/);
});

test('a backup that lost a pack, or has a pipe in its place, is not restored', async () => {
  const good = join(folder, 'backup');
  const spaces = (await readdir(join(good, 'packs'))).filter((name) => name !== 'incoming');
  const packsIn = await Promise.all(spaces.map((name) => readdir(join(good, 'packs', name))));
  const at = packsIn.findIndex((packs) => packs.length >= 2);
  const [space = '', [pack = '', pipe = ''] = []] = [spaces[at], packsIn[at]];
  const target = join(folder, 'half');
  await truncate(join(good, 'packs', space, pack), 5);
  await assert.rejects(restore({ dataDir: target }, good, never), /not whole/);
  await assert.rejects(createServer({ dataDir: target }), /did not come to its end/);
  await backup({ dataDir: join(folder, 'busy') }, good, never);
  await rm(join(good, 'packs', space, pipe));
  await symlink('/dev/zero', join(good, 'packs', space, pipe));
  await assert.rejects(restore({ dataDir: target }, good, never), /not whole/);
  await rm(join(good, 'packs', space, pipe));
  await backup({ dataDir: join(folder, 'busy') }, good, never);
  await restore({ dataDir: target }, good, never);
  assert.deepEqual(await findingsIn(target), []);
});

test('a restore that is repeated raises the era again', async () => {
  const good = join(folder, 'good-backup');
  let now = Date.now();
  const clock = { now: () => now, sleep: async () => {} };
  const first = await restore({ dataDir: join(folder, 'r1'), clock }, good, never);
  now += 1000;
  const second = await restore({ dataDir: join(folder, 'r2'), clock }, good, never);
  assert.ok(second.era > first.era);
});

test('a folder is migrated once, alone, and older data are not touched before', async () => {
  const dataDir = join(folder, 'old');
  await mkdir(dataDir);
  openDatabase(join(dataDir, 'metadata.sqlite'), MIGRATIONS.slice(0, 1)).close();
  await assert.rejects(openData({ dataDir }, 'beside'), /coffer admin migrate/);
  assert.deepEqual(await migrate({ dataDir }), { from: 1, to: MIGRATIONS.length });
  assert.deepEqual(await migrate({ dataDir }), { from: MIGRATIONS.length, to: MIGRATIONS.length });
  await using data = await openData({ dataDir }, 'alone');
  await assert.rejects(migrate({ dataDir }), /another server works on/);
  assert.equal((await data.store.stats()).accounts, 0);
});
