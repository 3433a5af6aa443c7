/** What a power cut leaves of files: contents in part, under the size and times that they were to have. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import test from 'node:test';
import Sqlite from 'better-sqlite3';
import { MemorySpace } from './executor/testing/memory-space.ts';
import {
  LATER_BOOT,
  THIRD_BOOT,
  cutPower,
  cutPowerBack,
  deviceWith,
  startedAgain,
} from './executor/testing/power-cut.ts';
import { pairedDevice, syncAll, type TestDevice } from './executor/testing/test-device.ts';
import type { DiskTurn } from './testing/index.ts';
import { openEngineDatabase, ProofTable } from './trees/index.ts';
import { MIGRATIONS } from './trees/migrations.ts';

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
  cutPower(a, 'empty');
  assert.equal(a.read('f'), '');
  const again = await startedAgain(a);
  assert.equal(again.read('f'), 'what I wrote');
  assert.equal(space.seq, head);
});

test('a file that was torn after it was sent, and renamed since, comes from the drive again', async () => {
  const { space, a } = await deviceWith({ f: 'what I wrote' });
  cutPower(a);
  a.disk.clock.advance(10);
  a.disk.user.rename(a.at('f'), a.at('g'));
  const again = await startedAgain(a);
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
      cutPower(a, torn);
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
  cutPower(a, 'empty');
  const again = await startedAgain(a);
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
  const again = await startedAgain(a);
  assert.deepEqual(again.tree(), { f: 'what I wrote' });
  assert.equal([...space.versions.values()].flat().length, 1);
});

test('a file that went back to its older state and name, and got another mode since, has its new state there beside a copy', async () => {
  const { space, a } = await deviceWith({ before: 'old' });
  a.disk.sim?.writeBack(0);
  a.disk.user.rename(a.at('before'), a.at('f'));
  a.write('f', 'what I wrote');
  await a.sync();
  cutPowerBack(a);
  a.disk.clock.advance(10);
  a.disk.user.setMode(a.at('before'), 0o600);
  const again = await startedAgain(a);
  assert.equal(again.read('before'), 'what I wrote');
  assert.deepEqual(Object.values(again.tree()).toSorted(), ['old', 'what I wrote']);
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
  const again = await startedAgain(a);
  assert.deepEqual(again.tree(), { f: 'what I wrote' });
  assert.equal([...space.versions.values()].flat().length, 1);
});

test('a file that went back to its older state, and got another mode since, comes from the drive again beside a copy', async () => {
  const { space, a } = await deviceWith({ f: 'old' });
  a.disk.sim?.writeBack(0);
  a.write('f', 'what I wrote');
  await a.sync();
  cutPowerBack(a);
  a.disk.clock.advance(10);
  a.disk.user.setMode(a.at('f'), 0o600);
  const again = await startedAgain(a);
  assert.equal(again.read('f'), 'what I wrote');
  assert.deepEqual(Object.values(again.tree()).toSorted(), ['old', 'what I wrote']);
  assert.equal([...space.versions.values()].flat().length, 1);
});

for (const isSeenFirst of [false, true])
  test(`what was written ${isSeenFirst ? 'and seen' : 'unseen'} before a power cut, and given an earlier time after it, is kept as a copy`, async () => {
    const { space, a } = await deviceWith({ f: 'old' });
    a.disk.clock.advance(1000);
    a.write('f', 'what I wrote');
    if (isSeenFirst) await a.sync();
    a.disk.clock.advance(10);
    a.write('f', 'and then');
    a.disk.user.setTimes(a.at('f'), a.disk.clock.now() - 86_400_000);
    const again = await startedAgain(a);
    const b = await pairedDevice(space, 'bert');
    await syncAll([again, b]);
    const head = isSeenFirst ? 'what I wrote' : 'old';
    assert.equal(again.read('f'), head);
    assert.deepEqual(Object.values(b.tree()).toSorted(), ['and then', head].toSorted());
    assert.deepEqual(recycledPaths(again), []);
  });

test('what a power cut tore on a pair that only uploads goes up, and a version has the whole', async () => {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna', { mode: 'upload' });
  a.write('f', 'what I wrote');
  await a.sync();
  cutPower(a);
  await startedAgain(a);
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
    const last = isCutAgain ? again.restarted(undefined, THIRD_BOOT) : again;
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
  const again = await startedAgain(a);
  assert.equal(again.read('f'), '\0'.repeat(6));
  const b = await pairedDevice(space, 'bert');
  await syncAll([again, b]);
  assert.equal(b.read('f'), '\0'.repeat(6));
  assert.equal([...space.versions.values()].flat().length, 1);
});

test('under times of 2 s an equal time proves nothing: the content goes up and the old one stays a version', async () => {
  const { space, a } = await deviceWith({ f: 'what I wrote' }, { mtimeGranNs: 2_000_000_000n });
  cutPower(a);
  const again = await startedAgain(a);
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
    const again = await startedAgain(a);
    assert.equal(again.read('f'), 'the new text');
    assert.equal(space.seq, head);
    assert.deepEqual(recycledPaths(again), ['f']);
  });
}

test('what somebody writes after the start goes up although it bears an older time', async () => {
  const { space, a } = await deviceWith({ f: 'sent' });
  const before = a.disk.clock.now();
  cutPower(a, 'kept');
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
  const again = await startedAgain(a);
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
