import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SpaceId } from '@coffer/protocol/core';
import { LocalFault } from '../ports/index.ts';
import { PLAIN_CAPS, realTestDisk, simTestDisk, type TestDisk } from '../testing/index.ts';
import { probeCaps } from './probe.ts';
import { checkRoot, claimRoot, makeOwnFolders, type RootIdentity } from './root-guard.ts';

const marker = { pair: 'pair-1', space: 'a'.repeat(32) as SpaceId };
const other = { pair: 'pair-2', space: 'a'.repeat(32) as SpaceId };

function caps(options: Parameters<typeof simTestDisk>[0]) {
  const disk = simTestDisk(options);
  return probeCaps(disk.fileSystem, disk.root, true);
}

describe('probing a root', () => {
  for (const parent of ['/tmp', '/dev/shm']) {
    test(`a Linux file system (${parent}) holds what it is known to hold, and is left clean`, () => {
      const disk = realTestDisk(parent);
      try {
        assert.deepEqual(probeCaps(disk.fileSystem, disk.root, true), PLAIN_CAPS);
        assert.deepEqual(disk.fileSystem.readFolder(disk.root), ['.coffer']);
        assert.deepEqual(disk.fileSystem.readFolder(`${disk.root}/.coffer`), []);
      } finally {
        disk.dispose();
      }
    });
  }

  test('each quirk of a simulated volume is found', () => {
    const CASES = [
      [{}, {}],
      [{ caseSensitive: false }, { caseSensitive: false }],
      [{ normalising: true }, { normalising: true }],
      [{ birthTimes: false }, { birthtime: false }],
      [{ nameUnit: 'utf16' }, { nameUnit: 'utf16' }],
      [{ nameMax: 143 }, { nameMax: 143 }],
      [{ execBit: false }, { execBit: false }],
      [{ symlinks: false }, { symlinks: false }],
      [{ windowsNames: true }, { windowsNames: true }],
    ] as const;
    for (const [quirk, found] of CASES) {
      assert.deepEqual(caps(quirk), { ...PLAIN_CAPS, ...found }, JSON.stringify(quirk));
    }
  });

  test('the granularity of times is found, and coarse birth times are not relied on', () => {
    for (const mtimeGranNs of [10_000_000n, 1_000_000_000n, 2_000_000_000n]) {
      const probed = caps({ mtimeGranNs });
      assert.deepEqual([probed.mtimeGranNs, probed.birthtime], [mtimeGranNs, false]);
    }
  });

  test('remains of an earlier probe are no hindrance', () => {
    const disk = simTestDisk();
    disk.user.folder(`${disk.root}/.coffer/probe`);
    disk.user.write(`${disk.root}/.coffer/probe/Case`, 'x');
    assert.deepEqual(probeCaps(disk.fileSystem, disk.root, true), PLAIN_CAPS);
  });

  test('a root that cannot be written is unsuitable', () => {
    const disk = simTestDisk();
    disk.user.setMode(disk.root, 0o555);
    assert.throws(() => probeCaps(disk.fileSystem, disk.root, true), LocalFault);
  });
});

describe('the root of a pair', () => {
  async function claimed(disk: TestDisk): Promise<RootIdentity> {
    const outcome = await claimRoot(disk.fileSystem, disk.root, { marker, birthtime: true });
    assert.equal(outcome.kind, 'claimed');
    return outcome.kind === 'claimed' ? outcome.identity : { ino: 0n, birthNs: 0n };
  }
  const detailOf = (disk: TestDisk, identity: RootIdentity, as = marker): string => {
    const check = checkRoot(disk.fileSystem, disk.root, { marker: as, identity });
    return check.kind === 'present' ? 'present' : `${check.reason} ${check.detail}`;
  };

  test('a claimed root is present, and can be claimed again by its own pair alone', async () => {
    for (const disk of [simTestDisk(), realTestDisk()]) {
      try {
        const identity = await claimed(disk);
        assert.equal(detailOf(disk, identity), 'present');
        assert.deepEqual(await claimed(disk), identity);
        const taken = await claimRoot(disk.fileSystem, disk.root, {
          marker: other,
          birthtime: true,
        });
        assert.deepEqual(taken, { kind: 'taken' });
        assert.equal(detailOf(disk, identity), 'present');
        assert.equal(detailOf(disk, identity, other), 'RootReplaced other-marker');
      } finally {
        disk.dispose();
      }
    }
  });

  test('G1 a root that is absent, a file, empty or unreadable is missing', async () => {
    const disk = simTestDisk();
    const identity = await claimed(disk);
    disk.user.setMode(disk.root, 0);
    assert.equal(detailOf(disk, identity), 'RootMissing absent');
    disk.user.setMode(disk.root, 0o755);
    disk.user.rename(disk.root, '/home/aside');
    assert.equal(detailOf(disk, identity), 'RootMissing absent');
    disk.user.write(disk.root, 'x');
    assert.equal(detailOf(disk, identity), 'RootMissing absent');
    disk.user.remove(disk.root);
    disk.user.folder(disk.root);
    assert.equal(detailOf(disk, identity), 'RootMissing empty');
    disk.user.write(`${disk.root}/f`, 'x');
    assert.equal(detailOf(disk, identity), 'RootReplaced unmarked');
    disk.user.remove(disk.root);
    disk.user.rename('/home/aside', disk.root);
    assert.equal(detailOf(disk, identity), 'present');
  });

  test('G2 G12 the marker in another folder, a broken one, or a link to one is replaced', async () => {
    const disk = simTestDisk();
    const identity = await claimed(disk);
    disk.user.rename(disk.root, '/home/aside');
    disk.user.folder(disk.root);
    assert.equal((await claimed(disk)).ino === identity.ino, false);
    assert.equal(detailOf(disk, identity), 'RootReplaced other-folder');
    disk.user.write(`${disk.root}/.coffer/pair.json`, '{"version":1,"pair":7}');
    assert.equal(detailOf(disk, identity), 'RootReplaced other-marker');
    disk.user.remove(`${disk.root}/.coffer`);
    disk.user.symlink('/home/aside/.coffer', `${disk.root}/.coffer`);
    assert.equal(detailOf(disk, identity), 'RootReplaced unmarked');
  });

  test('the marker survives a crash right after it was claimed', async () => {
    const disk = simTestDisk();
    disk.sim?.writeBack(0);
    const identity = await claimed(disk);
    disk.sim?.crash();
    const reopened = { ...disk, fileSystem: disk.sim?.open() ?? disk.fileSystem };
    assert.equal(detailOf(reopened, identity), 'present');
  });

  test('own folders are for the owner alone, and no link is taken for one', () => {
    const disk = simTestDisk();
    makeOwnFolders(disk.fileSystem, disk.root);
    assert.equal(disk.fileSystem.lstat(`${disk.root}/.coffer/staging`)?.mode, 0o700);
    disk.user.remove(`${disk.root}/.coffer/staging`);
    disk.user.symlink('/home', `${disk.root}/.coffer/staging`);
    assert.throws(() => makeOwnFolders(disk.fileSystem, disk.root), LocalFault);
  });
});
