import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LocalFault } from '../ports/index.ts';
import { PLAIN_CAPS, realTestDisk, simTestDisk } from '../testing/index.ts';
import { probeCaps } from './probe.ts';

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
