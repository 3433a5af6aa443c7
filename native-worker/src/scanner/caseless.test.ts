import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DiskUser } from '../testing/index.ts';
import { simTestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';

/** A root that does not tell names by case, and whose birth times prove nothing. */
function aScan(): { scan: TestScan; user: DiskUser; at: (path: string) => string } {
  const rules = { caseSensitive: false, birthTimes: false };
  const disk = simTestDisk(rules);
  const scan = new TestScan(disk, { caseSensitive: false, birthtime: false });
  return { scan, user: disk.user, at: (path) => scan.at(path) };
}

/** Names of the rows that are not gone. */
function namesOf({ tree }: TestScan): readonly string[] {
  return tree
    .rows()
    .filter(({ state }) => state !== 'gone')
    .map(({ name }) => name)
    .toSorted();
}

describe('a name that another of its spelling took', () => {
  test('is gone though the disk answers to it: another folder has that name now', () => {
    const { scan, user, at } = aScan();
    user.folder(at('PHOTOS'));
    scan.synced();
    user.write(at('PHOTOS/new'), 'not seen yet');
    user.rename(at('PHOTOS'), at('elsewhere'));
    user.folder(at('Photos'));
    user.write(at('Photos/other'), 'of the other folder');
    scan.settle();
    assert.deepEqual(namesOf(scan), ['Photos', 'elsewhere', 'new', 'other']);
    assert.equal(scan.scanner.dueAt(), undefined, 'nothing waits for it');
  });

  test('is gone where its own folder, no longer known again, has that name', () => {
    const { scan, user, at } = aScan();
    user.folder(at('PHOTOS'));
    scan.synced();
    user.write(at('PHOTOS/new'), 'not seen yet');
    user.rename(at('PHOTOS'), at('Photos'));
    scan.settle();
    assert.deepEqual(namesOf(scan), ['Photos', 'new']);
  });

  test('is gone for a file that was replaced under it', () => {
    const { scan, user, at } = aScan();
    user.write(at('NOTE'), 'first');
    scan.synced();
    user.remove(at('NOTE'));
    user.write(at('Note'), 'another text');
    scan.settle();
    assert.deepEqual(namesOf(scan), ['Note']);
  });
});
