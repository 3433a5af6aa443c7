/** What a power cut leaves of files: contents in part, under the size and times that they were to have. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'node:test';
import Sqlite from 'better-sqlite3';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice, syncAll, type TestDevice } from './executor/testing/test-device.ts';
import { Crash, simTestDisk, type DiskTurn, type SimDiskOptions } from './testing/index.ts';
import { openEngineDatabase, ProofTable } from './trees/index.ts';
import { MIGRATIONS } from './trees/migrations.ts';

const HOST = { pid: 1, bootId: 'boot', isAlive: () => true };
const LATER_BOOT = { ...HOST, bootId: 'another boot' };

async function deviceWith(
  files: Readonly<Record<string, string>>,
  options: Omit<SimDiskOptions, 'now'> = {},
): Promise<{ space: MemorySpace; a: TestDevice }> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna', { disk: simTestDisk(options) });
  for (const [path, content] of Object.entries(files)) a.write(path, content);
  await a.sync();
  return { space, a };
}

/** Names are kept, contents that were not synced read as zeros. */
function cutPower({ disk }: TestDevice): void {
  assert.ok(disk.sim !== undefined);
  disk.sim.crash({ keepNames: (pending) => pending, torn: () => 'zeros' });
}

/** Whatever was not synced is as it was before: names, contents and times. */
function cutPowerBack({ disk }: TestDevice): void {
  assert.ok(disk.sim !== undefined);
  disk.sim.crash();
}

function recycledPaths({ database }: TestDevice): readonly string[] {
  const rows = database.sql<{ path: string }>('SELECT path FROM recycled').all();
  return rows.map(({ path }) => path);
}

/** Counts the files that are opened to be read. */
function reading(paths: string[]): DiskTurn {
  return (phase, { kind, path }) => {
    const isContent = kind === 'openRead' && !path.includes('/.coffer/');
    if (phase === 'before' && isContent) paths.push(path);
    return undefined;
  };
}

test('a content that a power cut took after it was sent comes from the drive again', async () => {
  const { space, a } = await deviceWith({ f: 'what I wrote' });
  const head = space.seq;
  cutPower(a);
  assert.equal(a.read('f'), '\0'.repeat(12));
  const again = a.restarted(undefined, LATER_BOOT);
  const summary = await again.sync();
  assert.equal(again.read('f'), 'what I wrote');
  assert.deepEqual([summary.downloaded.files, summary.conflicts, space.seq], [1, 0, head]);
  assert.deepEqual(recycledPaths(again), ['f']);
});

test('a file that was sent and is empty after a power cut, at its times, comes from the drive again', async () => {
  const { space, a } = await deviceWith({ f: 'what I wrote' });
  const head = space.seq;
  a.disk.sim?.crash({ keepNames: (pending) => pending, torn: () => 'empty' });
  assert.equal(a.read('f'), '');
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.equal(again.read('f'), 'what I wrote');
  assert.equal(space.seq, head);
});

test('a file that was torn after it was sent, and renamed since, comes from the drive again', async () => {
  const { space, a } = await deviceWith({ f: 'what I wrote' });
  cutPower(a);
  a.disk.clock.advance(10);
  a.disk.user.rename(a.at('f'), a.at('g'));
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.deepEqual(again.tree(), { g: 'what I wrote' });
  assert.equal([...space.versions.values()].flat().length, 0);
});

test("an editor's temporary that was sent, and torn after it got its file's name, comes from the drive again", async () => {
  for (const torn of ['zeros', 'empty'] as const)
    for (const birthTimes of [true, false]) {
      const { space, a } = await deviceWith({ f: 'old' }, { birthTimes });
      a.disk.sim?.writeBack(0);
      a.write('f.tmp', 'what I wrote');
      await a.sync();
      a.disk.clock.advance(10);
      a.disk.user.rename(a.at('f.tmp'), a.at('f'));
      a.disk.sim?.crash({ keepNames: (pending) => pending, torn: () => torn });
      const again = a.restarted(undefined, LATER_BOOT);
      const b = await pairedDevice(space, 'bert');
      await syncAll([again, b]);
      assert.deepEqual(again.tree(), { f: 'what I wrote' }, `${torn} ${birthTimes}`);
      assert.deepEqual(b.tree(), again.tree());
    }
});

test('a file that was sent, and is empty after it got another name, comes from the drive again without birth times', async () => {
  const { space, a } = await deviceWith({ f: 'what I wrote' }, { birthTimes: false });
  a.disk.clock.advance(10);
  a.disk.user.rename(a.at('f'), a.at('g'));
  a.disk.sim?.crash({ keepNames: (pending) => pending, torn: () => 'empty' });
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.deepEqual(again.tree(), { g: 'what I wrote' });
  assert.equal([...space.versions.values()].flat().length, 0);
});

test('an atomic save that the disk undid, and whose old file was touched since, comes from the drive again', async () => {
  const { space, a } = await deviceWith({ f: 'old' });
  a.disk.sim?.writeBack(0);
  a.write('f.tmp', 'what I wrote');
  a.disk.user.rename(a.at('f.tmp'), a.at('f'));
  await a.sync();
  cutPowerBack(a);
  a.disk.clock.advance(10);
  a.disk.user.setMode(a.at('f'), 0o600);
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.deepEqual(again.tree(), { f: 'what I wrote' });
  assert.equal([...space.versions.values()].flat().length, 1);
});

test('a file that went back to its older state and name, and got another mode since, has its new state there', async () => {
  const { space, a } = await deviceWith({ before: 'old' });
  a.disk.sim?.writeBack(0);
  a.disk.user.rename(a.at('before'), a.at('f'));
  a.write('f', 'what I wrote');
  await a.sync();
  cutPowerBack(a);
  a.disk.clock.advance(10);
  a.disk.user.setMode(a.at('before'), 0o600);
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.deepEqual(again.tree(), { before: 'what I wrote' });
  assert.equal([...space.versions.values()].flat().length, 1);
});

test('a file that went back to an older state, which bore a later time, comes from the drive again', async () => {
  const { space, a } = await deviceWith({ f: 'old' });
  a.disk.user.setTimes(a.at('f'), a.disk.clock.now() + 86_400_000);
  await a.sync();
  a.disk.sim?.writeBack(0);
  a.write('f', 'what I wrote');
  await a.sync();
  cutPowerBack(a);
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.deepEqual(again.tree(), { f: 'what I wrote' });
  assert.equal([...space.versions.values()].flat().length, 1);
});

test('a file that went back to its older state, and got another mode since, comes from the drive again', async () => {
  const { space, a } = await deviceWith({ f: 'old' });
  a.disk.sim?.writeBack(0);
  a.write('f', 'what I wrote');
  await a.sync();
  cutPowerBack(a);
  a.disk.clock.advance(10);
  a.disk.user.setMode(a.at('f'), 0o600);
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.deepEqual(again.tree(), { f: 'what I wrote' });
  assert.equal([...space.versions.values()].flat().length, 1);
});

test('what a power cut tore on a pair that only uploads goes up, and a version has the whole', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna', { mode: 'upload' });
  a.write('f', 'what I wrote');
  await a.sync();
  cutPower(a);
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  const b = await pairedDevice(space, 'bert');
  await b.sync();
  assert.equal(b.read('f'), '\0'.repeat(12));
  assert.equal([...space.versions.values()].flat().length, 1);
});

for (const isCutAgain of [false, true]) {
  const until = isCutAgain ? 'before the next power cut' : 'at the first look';
  test(`a torn file that could not be read ${until} comes from the drive again`, async () => {
    const { space, a } = await deviceWith({ f: 'what I wrote', g: 'beside it' });
    const head = space.seq;
    cutPower(a);
    const refused: string[] = [];
    const refuseOnce: DiskTurn = (phase, { kind, path }) => {
      if (phase !== 'before' || kind !== 'openRead' || path !== a.at('f')) return undefined;
      refused.push(path);
      return refused.length === 1 ? 'busy' : undefined;
    };
    const again = a.restarted(refuseOnce, LATER_BOOT);
    if (isCutAgain) await again.engine.syncNow({ timeoutMs: 100 });
    const last = isCutAgain ? again.restarted(undefined, { ...HOST, bootId: 'a third' }) : again;
    await last.sync();
    assert.equal(refused[0], a.at('f'));
    assert.equal(last.read('f'), 'what I wrote');
    assert.equal(space.seq, head);
  });
}

test('what was written after the last sync goes up as the power cut left it', async () => {
  const { space, a } = await deviceWith({ f: 'first' });
  a.disk.sim?.writeBack(0);
  a.write('f', 'second');
  cutPower(a);
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.equal(again.read('f'), '\0'.repeat(6));
  const b = await pairedDevice(space, 'bert');
  await syncAll([again, b]);
  assert.equal(b.read('f'), '\0'.repeat(6));
  assert.equal([...space.versions.values()].flat().length, 1);
});

test('under times of 2 s an equal time proves nothing: the content goes up and the old one stays a version', async () => {
  const { space, a } = await deviceWith({ f: 'what I wrote' }, { mtimeGranNs: 2_000_000_000n });
  cutPower(a);
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.equal(again.read('f'), '\0'.repeat(12));
  assert.equal([...space.versions.values()].flat().length, 1);
});

test('a power cut makes the last minute of changes be read again, once', async () => {
  const { a } = await deviceWith({ old: 'long ago' });
  a.disk.clock.advance(120_000);
  a.write('new', 'just now');
  await a.sync();
  const sameBoot: string[] = [];
  await a.restarted(reading(sameBoot)).sync();
  assert.deepEqual(sameBoot, []);
  const afterBoot: string[] = [];
  await a.restarted(reading(afterBoot), LATER_BOOT).sync();
  assert.deepEqual(afterBoot, [a.at('new')]);
  const later: string[] = [];
  await a.restarted(reading(later), LATER_BOOT).sync();
  assert.deepEqual(later, []);
});

test('what was sent and then lost its name comes from the drive again, with all that was in it', async () => {
  const { space, a } = await deviceWith({ kept: 'kept' });
  a.disk.sim?.writeBack(0);
  for (const path of ['new', 'folder/one', 'folder/below/two']) a.write(path, path);
  a.disk.user.folder(a.at('empty'));
  a.disk.user.symlink('kept', a.at('link'));
  await a.sync();
  const before = a.tree();
  const head = space.seq;
  cutPowerBack(a);
  assert.deepEqual(Object.keys(a.tree()), ['kept']);
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.deepEqual(again.tree(), before);
  assert.equal(space.seq, head);
});

/** d/new was sent and has no name here any more; d/theirs comes into its folder with the next sync. */
async function nameLostInChangedFolder(): Promise<{ a: TestDevice; b: TestDevice }> {
  const { space, a } = await deviceWith({ 'd/kept': 'kept' });
  const b = await pairedDevice(space, 'bert');
  await b.sync();
  a.disk.sim?.writeBack(0);
  a.write('d/new', 'sent');
  await a.sync();
  b.write('d/theirs', 'theirs');
  await b.sync();
  cutPowerBack(a);
  // A folder in which somebody writes is given time: the first look does not decide.
  a.write('d/kept', 'edited');
  return { a, b };
}

test('what lost its name comes again although the engine writes into its folder meanwhile', async () => {
  const { a, b } = await nameLostInChangedFolder();
  const again = a.restarted(undefined, LATER_BOOT);
  await again.engine.syncNow({});
  await syncAll([again, b]);
  const files = { 'd/kept': 'edited', 'd/new': 'sent', 'd/theirs': 'theirs' };
  assert.deepEqual(b.tree(), { d: null, ...files });
  assert.deepEqual(again.tree(), b.tree());
});

test('what lost its name comes again although the next power cut comes before it is judged', async () => {
  const { a, b } = await nameLostInChangedFolder();
  let isDead = false;
  const once = a.restarted((phase, { kind, path }) => {
    if (isDead) throw new Crash('the process is dead');
    isDead = phase === 'after' && kind === 'syncFolder' && path.endsWith('/d');
    if (isDead) throw new Crash('the power went');
    return undefined;
  }, LATER_BOOT);
  await assert.rejects(once.engine.syncNow({}));
  cutPowerBack(a);
  const again = a.restarted(undefined, { ...HOST, bootId: 'a third boot' });
  await syncAll([again, b]);
  assert.deepEqual(Object.keys(b.tree()), ['d', 'd/kept', 'd/new', 'd/theirs']);
  assert.deepEqual(again.tree(), b.tree());
});

test('what lost its name comes again although its folder went back to another name, too', async () => {
  const { a } = await deviceWith({ 'd/kept': 'kept' });
  a.disk.sim?.writeBack(0);
  a.disk.user.rename(a.at('d'), a.at('e'));
  a.write('e/new', 'sent');
  await a.sync();
  cutPowerBack(a);
  assert.deepEqual(a.tree(), { d: null, 'd/kept': 'kept' });
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.deepEqual(again.tree(), { d: null, 'd/kept': 'kept', 'd/new': 'sent' });
});

test('what lost its name to what had it before comes again, too', async () => {
  const { a } = await deviceWith({ kept: 'kept' });
  a.disk.user.folder(a.at('name'));
  await a.sync();
  a.disk.sim?.writeBack(0);
  a.disk.user.rename(a.at('name'), a.at('other'));
  a.write('name', 'sent');
  await a.sync();
  cutPowerBack(a);
  assert.deepEqual(a.tree(), { kept: 'kept', name: null });
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.ok(Object.values(again.tree()).includes('sent'), Object.keys(again.tree()).join(' '));
});

test('what was found equal on both sides and then lost its name is no deletion', async () => {
  const { space } = await deviceWith({ f: 'equal', kept: 'kept' });
  const b = await pairedDevice(space, 'bert');
  b.write('kept', 'kept');
  b.disk.sim?.writeBack(0);
  b.write('f', 'equal');
  assert.equal((await b.sync()).downloaded.files, 0);
  cutPowerBack(b);
  const again = b.restarted(undefined, LATER_BOOT);
  await again.sync();
  assert.deepEqual(again.tree(), { f: 'equal', kept: 'kept' });
});

test('what somebody deletes after a power cut, or after any start, is deleted', async () => {
  const { space, a } = await deviceWith({ kept: 'kept', gone: 'gone', 'folder/one': 'one' });
  a.disk.sim?.writeBack(0);
  cutPowerBack(a);
  a.disk.user.remove(a.at('gone'));
  a.disk.user.remove(a.at('folder'));
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  const b = await pairedDevice(space, 'bert');
  await syncAll([again, b]);
  assert.deepEqual(b.tree(), { kept: 'kept' });
});

for (const [how, save] of [
  ['in place', (a: TestDevice) => a.write('f', 'the new text')],
  [
    'by a rename',
    (a: TestDevice) => {
      a.write('f.tmp', 'the new text');
      a.disk.user.rename(a.at('f.tmp'), a.at('f'));
    },
  ],
] as const) {
  test(`a text saved ${how} and sent before the power cut undid it comes from the drive again`, async () => {
    const { space, a } = await deviceWith({ f: 'old' });
    a.disk.sim?.writeBack(0);
    save(a);
    await a.sync();
    const head = space.seq;
    cutPowerBack(a);
    assert.equal(a.read('f'), 'old');
    const again = a.restarted(undefined, LATER_BOOT);
    await again.sync();
    assert.equal(again.read('f'), 'the new text');
    assert.equal(space.seq, head);
    assert.deepEqual(recycledPaths(again), ['f']);
  });
}

test('what somebody writes after the start goes up although it bears an older time', async () => {
  const { space, a } = await deviceWith({ f: 'sent' });
  const before = a.disk.clock.now();
  a.disk.sim?.crash({ keepNames: (pending) => pending, torn: () => 'kept' });
  let isDone = false;
  const again = a.restarted((phase, { kind }) => {
    if (isDone || phase !== 'after' || kind !== 'readFolder') return undefined;
    isDone = true;
    a.write('f', 'unpacked');
    a.disk.user.setTimes(a.at('f'), before - 86_400_000);
    return undefined;
  }, LATER_BOOT);
  const b = await pairedDevice(space, 'bert');
  await syncAll([again, b]);
  assert.equal(b.read('f'), 'unpacked');
});

test('what somebody saves after a power cut goes up', async () => {
  const { space, a } = await deviceWith({ f: 'old' });
  a.disk.sim?.writeBack(0);
  a.write('f', 'sent');
  await a.sync();
  cutPowerBack(a);
  a.write('f', 'written after the start');
  const again = a.restarted(undefined, LATER_BOOT);
  await again.sync();
  const b = await pairedDevice(space, 'bert');
  await syncAll([again, b]);
  assert.equal(b.read('f'), 'written after the start');
});

test('a disk that was pulled out and put back is read as after a power cut', async () => {
  const { a } = await deviceWith({ f: 'what I wrote' });
  const { sim } = a.disk;
  assert.ok(sim !== undefined);
  a.disk.user.rename(a.root, `${a.disk.root}/aside`);
  await a.sync();
  a.disk.user.rename(`${a.disk.root}/aside`, a.root);
  cutPower(a);
  const again = a.restarted();
  await again.sync();
  assert.equal(again.read('f'), 'what I wrote');
});

test('a database of version 1 is migrated: nothing in it was proved', () => {
  const folder = mkdtempSync(`${tmpdir()}/coffer-migrate-`);
  try {
    const old = new Sqlite(`${folder}/engine.db`);
    old.exec(MIGRATIONS[0] ?? '');
    old.pragma('user_version = 1');
    const columns = `'p', 's', 'r', 'two-way', '/root', 1, 1, 1, '{}', '[]', 0, 0, 'new', 0, NULL, 0`;
    old.exec(`INSERT INTO pair VALUES (${columns})`);
    old.close();
    const database = openEngineDatabase(`${folder}/engine.db`, 0);
    const proofs = new ProofTable(database, 'p');
    assert.equal(proofs.isProved('boot'), false);
    proofs.setProved('boot');
    assert.equal(proofs.isProved('boot'), true);
    database.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
