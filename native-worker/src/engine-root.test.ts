import assert from 'node:assert/strict';
import test from 'node:test';
import { checkRoot, claimRoot, releaseRoot } from './engine-root.ts';
import { lockRoot, unlockRoot } from './engine-lock.ts';
import { LocalFault } from './ports/index.ts';
import { realTestDisk, simTestDisk, testPair, type TestDisk } from './testing/index.ts';
import type { Pair } from './trees/index.ts';

function pairOn(disk: TestDisk, id = 'pair-1'): Pair {
  const stat = disk.fileSystem.lstat(disk.root);
  return testPair({
    id,
    localPath: disk.root,
    rootIno: stat?.ino ?? 0n,
    rootBirthNs: stat?.birthNs ?? 0n,
  });
}

async function claimed(disk: TestDisk): Promise<Pair> {
  const pair = pairOn(disk);
  await claimRoot(disk.fileSystem, pair);
  return pair;
}

function seen(disk: TestDisk, pair: Pair): string {
  const check = checkRoot(disk.fileSystem, pair);
  return check.kind === 'present' ? 'present' : `${check.reason} ${check.detail}`;
}

test('a claimed root is present until another pair claims it, and for its own pair alone', async () => {
  for (const disk of [simTestDisk(), realTestDisk()]) {
    try {
      const pair = await claimed(disk);
      assert.equal(seen(disk, pair), 'present');
      assert.deepEqual(await claimed(disk), pair);
      const other = pairOn(disk, 'pair-2');
      assert.equal(seen(disk, other), 'RootReplaced other-marker');
      releaseRoot(disk.fileSystem, other);
      assert.equal(seen(disk, pair), 'present');
      await claimRoot(disk.fileSystem, other);
      assert.equal(seen(disk, pair), 'RootReplaced other-marker');
      releaseRoot(disk.fileSystem, other);
      assert.equal(seen(disk, other), 'RootReplaced unmarked');
    } finally {
      disk.dispose();
    }
  }
});

test('G1 a root that is absent, a file, empty or unreadable is missing', async () => {
  const disk = simTestDisk();
  const pair = await claimed(disk);
  disk.user.setMode(disk.root, 0);
  assert.equal(seen(disk, pair), 'RootMissing absent');
  disk.user.setMode(disk.root, 0o755);
  disk.user.rename(disk.root, '/home/aside');
  assert.equal(seen(disk, pair), 'RootMissing absent');
  disk.user.write(disk.root, 'x');
  assert.equal(seen(disk, pair), 'RootMissing absent');
  disk.user.remove(disk.root);
  disk.user.folder(disk.root);
  assert.equal(seen(disk, pair), 'RootMissing empty');
  disk.user.folder(`${disk.root}/lost+found`);
  assert.equal(seen(disk, pair), 'RootMissing empty');
  disk.user.write(`${disk.root}/f`, 'x');
  assert.equal(seen(disk, pair), 'RootReplaced unmarked');
  disk.user.remove(disk.root);
  disk.user.rename('/home/aside', disk.root);
  assert.equal(seen(disk, pair), 'present');
});

test('G2 G12 the marker in another folder, a broken one, or a link to one is replaced', async () => {
  const disk = simTestDisk();
  const pair = await claimed(disk);
  disk.user.rename(disk.root, '/home/aside');
  disk.user.folder(disk.root);
  assert.notEqual(pairOn(disk).rootIno, pair.rootIno);
  await claimRoot(disk.fileSystem, pair);
  assert.equal(seen(disk, pair), 'RootReplaced other-folder');
  for (const text of ['{"version":1,"pair":7}', 'no JSON']) {
    disk.user.write(`${disk.root}/.coffer/pair.json`, text);
    assert.equal(seen(disk, pair), 'RootReplaced other-marker');
  }
  disk.user.remove(`${disk.root}/.coffer`);
  disk.user.symlink('/home/aside/.coffer', `${disk.root}/.coffer`);
  assert.equal(seen(disk, pair), 'RootReplaced unmarked');
});

test('a fault that may be over in a moment says nothing about a root', async () => {
  const disk = simTestDisk();
  const pair = await claimed(disk);
  disk.sim?.inject('lstat', 'io');
  const fileSystem = disk.sim?.open() ?? disk.fileSystem;
  assert.throws(() => checkRoot(fileSystem, pair), LocalFault);
  assert.equal(checkRoot(fileSystem, pair).kind, 'present');
});

test('the marker survives a crash right after it was claimed', async () => {
  const disk = simTestDisk();
  disk.sim?.writeBack(0);
  const pair = await claimed(disk);
  disk.sim?.crash();
  const reopened = { ...disk, fileSystem: disk.sim?.open() ?? disk.fileSystem };
  assert.equal(seen(reopened, pair), 'present');
});

test('the own folder is for the owner alone, and no link is taken for one', async () => {
  const disk = simTestDisk();
  const pair = await claimed(disk);
  assert.equal(disk.fileSystem.lstat(`${disk.root}/.coffer`)?.mode, 0o700);
  disk.user.remove(`${disk.root}/.coffer`);
  disk.user.symlink('/home', `${disk.root}/.coffer`);
  await assert.rejects(claimRoot(disk.fileSystem, pair), LocalFault);
});

test('a disk that keeps no permissions can hold a root', async () => {
  const disk = simTestDisk({ execBit: false });
  assert.equal(seen(disk, await claimed(disk)), 'present');
});

test('a lock is refused while its holder lives, and taken over once it is dead or of another boot', async () => {
  const disk = simTestDisk();
  await claimed(disk);
  const host = (pid: number, bootId: string, alive: readonly number[]) => ({
    pid,
    bootId,
    isAlive: (other: number) => alive.includes(other),
  });
  const lock = (...as: Parameters<typeof host>): boolean =>
    lockRoot(disk.fileSystem, disk.root, host(...as));
  assert.ok(lock(1, 'boot', [1]));
  assert.ok(lock(1, 'boot', [1]), 'it is its own');
  assert.ok(!lock(2, 'boot', [1, 2]));
  assert.ok(lock(2, 'boot', [2]));
  assert.ok(lock(3, 'next boot', [2, 3]));
  unlockRoot(disk.fileSystem, disk.root, host(2, 'boot', []));
  assert.ok(!lock(4, 'next boot', [3, 4]), 'another one’s lock stays');
  unlockRoot(disk.fileSystem, disk.root, host(3, 'next boot', []));
  assert.ok(lock(4, 'next boot', [3, 4]));
});
