/** Without birth times a file that moved and got another time is told from a reused number by its content. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { simTestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';

const LONG_AGO_MS = 1_600_000_000_000;

/** A synced file `m/file` beside an empty folder on each side of it by name. */
function aScan(isReusing = false): TestScan {
  const disk = simTestDisk({ birthTimes: false, inodeReuse: isReusing });
  const scan = new TestScan(disk, { birthtime: false });
  for (const folder of ['a', 'm', 'z']) disk.user.folder(scan.at(folder));
  disk.user.write(scan.at('m/file'), 'content');
  scan.synced();
  disk.clock.advance(60_000);
  return scan;
}

for (const folder of ['a', 'z']) {
  describe(`on a disk without birth times, with the other place in ${folder}`, () => {
    const there = `${folder}/new`;

    test('a file that moved and was touched keeps its id beside a new one at its old name', () => {
      const scan = aScan();
      const { user } = scan.disk;
      const id = scan.id('m/file');
      user.rename(scan.at('m/file'), scan.at(there));
      user.setTimes(scan.at(there), LONG_AGO_MS);
      user.write(scan.at('m/file'), 'another');
      scan.settle();
      assert.equal(scan.id(there), id);
      assert.notEqual(scan.id('m/file'), id);
    });

    test('a file that was touched and changes places with one that was never synced keeps its id', () => {
      const scan = aScan();
      const { user } = scan.disk;
      const id = scan.id('m/file');
      user.write(scan.at(there), 'never synced');
      scan.settle();
      const fresh = scan.id(there);
      user.setTimes(scan.at('m/file'), LONG_AGO_MS);
      user.rename(scan.at(there), scan.at('aside'));
      user.rename(scan.at('m/file'), scan.at(there));
      user.rename(scan.at('aside'), scan.at('m/file'));
      scan.settle();
      assert.deepEqual([scan.id(there), scan.id('m/file')], [id, fresh]);
    });

    test('a file that changes whenever it is read holds up no new one at its old name for ever', () => {
      const { disk, tree } = aScan();
      const { clock, user, root } = disk;
      let reads = 0;
      const fileSystem = disk.sim?.open((phase, { kind, path }) => {
        if (phase !== 'after' || kind !== 'openRead' || path !== `${root}/${there}`)
          return undefined;
        clock.advance(1);
        user.write(path, `${++reads}`.padEnd('content'.length));
        return undefined;
      });
      assert.ok(fileSystem !== undefined);
      const scan = new TestScan({ ...disk, fileSystem }, { birthtime: false }, { tree });
      scan.settle();
      const size = (): number | undefined =>
        tree.rows().find(({ id }) => id === scan.ids()['m/file'])?.size;
      user.rename(scan.at('m/file'), scan.at(there));
      user.setTimes(scan.at(there), LONG_AGO_MS);
      user.write(scan.at('m/file'), 'a new one');
      scan.settle(5000);
      assert.equal(size(), 'content'.length);
      scan.settle(60_000);
      assert.equal(size(), 'a new one'.length);
      assert.ok(reads > 2);
    });

    test('another file that got the number of a replaced one leaves the node at its slot', () => {
      const scan = aScan(true);
      const { disk } = scan;
      const id = scan.id('m/file');
      const ino = disk.fileSystem.lstat(scan.at('m/file'))?.ino;
      disk.user.remove(scan.at('m/file'));
      disk.user.write(scan.at(there), 'CONTENT');
      disk.user.write(scan.at('m/file'), 'another');
      assert.equal(disk.fileSystem.lstat(scan.at(there))?.ino, ino);
      disk.clock.advance(1000);
      scan.settle();
      assert.equal(scan.id('m/file'), id);
      assert.notEqual(scan.id(there), id);
    });
  });
}
