/**
 * What goes wrong around a synced folder, with real processes: each trouble has its stall and exit code, says
 * what to do, deletes nothing anywhere, and syncing goes on by itself once it is over.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { Confinement, ConfinedDevice } from './confined.ts';
import { Device, ServerProcess, TemporaryFolder, treeOf } from './harness.ts';
import { PROGRAM_POLL_MS, textOf, until } from './daemon-harness.ts';

const EMAIL = 'ana@example.org';
const WITHIN_MS = 60_000;
const HOUR_MS = 3_600_000;

interface World {
  readonly server: ServerProcess;
  readonly base: string;
  readonly confinement: Confinement;
  /** In the trouble. */
  readonly here: ConfinedDevice;
  /** Well all the time. */
  readonly there: Device;
}

const TROUBLES: readonly (readonly [string, (world: World, t: TestContext) => Promise<void>])[] = [
  ['an unreadable file waits alone', unreadableFile],
  ['nothing in an unreadable folder is taken for deleted', unreadableFolder],
  ['a folder that may not be written to takes no downloads and loses nothing', closedFolder],
  ['a name that is no text waits for a rename', nameWithoutText],
  ['a wrong clock is said and stops nothing', wrongClock],
  ['a second engine on the same folder does nothing', secondEngine],
  ['a damaged database is set aside and rebuilt without sending content again', damagedDatabase],
  ['a full disk takes no downloads, sends uploads, and fills up when there is room', fullDisk],
  ['a read-only disk is said and nothing is taken for deleted', readOnlyDisk],
  ['where no watches are left changes travel all the same', watchLimit],
];

test('troubles of a machine', async (t) => {
  await using stack = new AsyncDisposableStack();
  const base = stack.use(new TemporaryFolder());
  const confinement = stack.use(await Confinement.make());
  const server = stack.use(await ServerProcess.start(join(base.path, 'server')));
  const there = new Device(base.path, 'there');
  const here = stack.use(new ConfinedDevice(base.path, 'here', confinement));
  await there.signUp(server.url, EMAIL);
  await here.signIn(server.url, EMAIL);
  for (const device of [there, here]) await device.do('sync', 'add', device.folder, '/all');
  for (const [title, trouble] of TROUBLES) {
    await t.test(title, async (inner) =>
      trouble({ base: base.path, server, confinement, here, there }, inner),
    );
  }
});

/** What was refused is tried again by itself, after a while that grows with each try. */
async function goesOn(here: ConfinedDevice): Promise<void> {
  const isWell = async () => (await here.run('sync', 'now')).code === 0;
  await until('it goes on by itself', isWell, WITHIN_MS, PROGRAM_POLL_MS);
  assert.deepEqual(await here.stalls(), []);
}

/** Both are healed and hold the same. */
async function areEqual({ here, there }: World): Promise<void> {
  await goesOn(here);
  await there.sync();
  assert.deepEqual(treeOf(there.folder), treeOf(here.folder));
}

async function unreadableFile(world: World): Promise<void> {
  const { here, there } = world;
  writeFileSync(join(here.folder, 'secret'), 'closed');
  writeFileSync(join(here.folder, 'open'), 'open');
  chmodSync(join(here.folder, 'secret'), 0);
  await here.syncEndsWith(3, /secret: this file may not be read/, /right to read it/, /ReadDenied/);
  await there.sync();
  assert.deepEqual(Object.keys(treeOf(there.folder)), ['open']);
  chmodSync(join(here.folder, 'secret'), 0o600);
  await areEqual(world);
  assert.equal(textOf(join(there.folder, 'secret')), 'closed');
}

async function unreadableFolder(world: World): Promise<void> {
  const { here, there } = world;
  const folder = join(here.folder, 'folder');
  mkdirSync(folder);
  writeFileSync(join(folder, 'inside'), 'inside');
  await areEqual(world);
  chmodSync(folder, 0);
  await here.syncEndsWith(3, /folder: this folder cannot be read; nothing in it is deleted/);
  await there.sync();
  assert.equal(textOf(join(there.folder, 'folder/inside')), 'inside');
  chmodSync(folder, 0o700);
  await areEqual(world);
}

async function closedFolder(world: World): Promise<void> {
  const { here, there } = world;
  chmodSync(join(here.folder, 'folder'), 0o500);
  writeFileSync(join(there.folder, 'folder/new'), 'new');
  rmSync(join(there.folder, 'folder/inside'));
  await there.sync();
  await here.syncEndsWith(3, /this place may not be written to/, /right to write there/);
  assert.equal(textOf(join(here.folder, 'folder/inside')), 'inside');
  chmodSync(join(here.folder, 'folder'), 0o700);
  await areEqual(world);
  assert.deepEqual(readdirSync(join(here.folder, 'folder')), ['new']);
}

async function nameWithoutText(world: World): Promise<void> {
  const { here, there } = world;
  const name = Buffer.concat([Buffer.from(`${here.folder}/caf`), Buffer.from([0xe9])]);
  writeFileSync(name, 'latin');
  await here.syncEndsWith(3, /the name of this file is not readable text/, /Rename it/);
  await there.sync();
  assert.equal(readFileSync(name, 'utf8'), 'latin');
  renameSync(name, join(here.folder, 'café'));
  await areEqual(world);
  assert.equal(textOf(join(there.folder, 'café')), 'latin');
}

/** A double of the clock in the programs of the device: the machine's own is left alone. */
async function wrongClock(world: World, t: TestContext): Promise<void> {
  const { base, here, there } = world;
  const double = join(base, 'clock.mjs');
  writeFileSync(double, `const now = Date.now; Date.now = () => now() - ${HOUR_MS};`);
  writeFileSync(join(here.folder, 'clock'), 'an hour early');
  here.env = { NODE_OPTIONS: `--import ${double}` };
  t.diagnostic(
    'The clock is a double in the programs of the device; that of the machine is not set.',
  );
  await here.syncEndsWith(0, /clock of this device and that of the server/, /Nothing is lost/);
  const doctor = await here.run('doctor');
  assert.equal(doctor.code, 1);
  assert.match(doctor.stdout, /BAD {2}clock: 3(599|600|601) s from the server's/);
  here.env = {};
  await areEqual(world);
  assert.equal(textOf(join(there.folder, 'clock')), 'an hour early');
}

/** Another profile, and a copy of the profile itself, on a folder that a daemon syncs. */
async function secondEngine(world: World): Promise<void> {
  const { base, server, confinement, here } = world;
  await using copy = new ConfinedDevice(base, 'copy', confinement);
  await using other = new ConfinedDevice(base, 'other', confinement);
  cpSync(here.home, copy.home, { recursive: true });
  await other.signIn(server.url, EMAIL);
  await here.startDaemon();
  await here.do('sync', 'now');
  const before = treeOf(here.folder);
  const refused = await other.run('sync', 'add', here.folder, '/all');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /another Coffer syncs this folder already/);
  await copy.syncEndsWith(3, /another Coffer syncs this folder already/, /Stop one of the two/);
  assert.deepEqual(treeOf(here.folder), before);
  assert.deepEqual(await here.stalls(), []);
  await here.do('daemon', 'stop');
}

async function damagedDatabase(world: World): Promise<void> {
  const { here, there } = world;
  const database = join(here.home, 'engine.db');
  for (const end of ['-wal', '-shm']) rmSync(`${database}${end}`, { force: true });
  writeFileSync(database, 'this is no database '.repeat(500));
  rmSync(join(here.folder, 'open'));
  const ended = await here.run('sync', 'now', '--json');
  const summary = JSON.parse(ended.stdout) as { uploaded: { bytesSent: number; files: number } };
  assert.equal(ended.code, 0, `${ended.stdout}${ended.stderr}`);
  const { files, bytesSent } = summary.uploaded;
  assert.ok(files === 0 && bytesSent < 500, `${files} files, ${bytesSent} bytes sent`);
  assert.ok(readdirSync(here.home).some((name) => name.startsWith('engine.corrupt-')));
  assert.equal(
    textOf(join(here.folder, 'open')),
    'open',
    'what no record remembers is not deleted',
  );
  await there.sync();
  await areEqual(world);
}

async function fullDisk(world: World): Promise<void> {
  const { base, confinement, here, there } = world;
  const disk = join(base, 'disk');
  mkdirSync(disk);
  confinement.run(`mount -t tmpfs -o size=32m none '${disk}'`);
  const inside = confinement.outside(disk);
  await here.do('sync', 'add', join(disk, 'pair'), '/all');
  writeFileSync(join(there.folder, 'large'), Buffer.alloc(3_000_000, 'x'));
  writeFileSync(join(inside, 'pair', 'own'), 'goes up');
  await there.sync();
  await here.syncEndsWith(3, /too little free space on the disk/, /Make room; uploads go on/);
  await there.sync();
  assert.equal(textOf(join(there.folder, 'own')), 'goes up');
  assert.equal(existsSync(join(inside, 'pair', 'large')), false);
  confinement.run(`mount -o remount,size=2g '${disk}'`);
  await goesOn(here);
  assert.deepEqual(treeOf(join(inside, 'pair')), treeOf(there.folder));
}

async function readOnlyDisk({ base, confinement, here, there }: World): Promise<void> {
  const disk = join(base, 'disk');
  const inside = confinement.outside(disk);
  writeFileSync(join(there.folder, 'while-read-only'), 'new');
  rmSync(join(there.folder, 'large'));
  await there.sync();
  confinement.run(`mount -o remount,ro '${disk}'`);
  await here.syncEndsWith(3, /FileSystemUnsuitable/);
  assert.equal(existsSync(join(inside, 'pair', 'large')), true);
  confinement.run(`mount -o remount,rw '${disk}'`);
  await goesOn(here);
  assert.deepEqual(treeOf(join(inside, 'pair')), treeOf(there.folder));
  await here.do('sync', 'remove', join(disk, 'pair'));
}

async function watchLimit(world: World): Promise<void> {
  const { confinement, here, there } = world;
  for (let n = 0; n < 12; n++) mkdirSync(join(there.folder, `folder ${n}`));
  await there.sync();
  confinement.run('echo 6 > /proc/sys/user/max_inotify_watches');
  await here.startDaemon();
  const isLimited = async () => (await here.stalls()).some((one) => one.startsWith('WatchLimit'));
  await until('it is said', isLimited, WITHIN_MS, PROGRAM_POLL_MS);
  const { stdout } = await here.run('stalls');
  assert.match(stdout, /the system watches no more folders; changes are found more slowly/);
  assert.match(stdout, /sudo sysctl fs.inotify.max_user_watches/);
  writeFileSync(join(here.folder, 'folder 11', 'unwatched'), 'found all the same');
  await here.do('sync', 'now');
  await there.sync();
  assert.equal(textOf(join(there.folder, 'folder 11/unwatched')), 'found all the same');
  confinement.run('echo 10000 > /proc/sys/user/max_inotify_watches');
  await here.do('daemon', 'stop');
  await here.startDaemon();
  const isWell = async () => (await here.stalls()).length === 0;
  await until('nothing is stalled', isWell, WITHIN_MS, PROGRAM_POLL_MS);
  await here.do('daemon', 'stop');
}
