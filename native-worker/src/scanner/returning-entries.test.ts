import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Caps } from '../planner/types.ts';
import type { SimDiskOptions } from '../testing/index.ts';
import type { DiskUser } from '../testing/disk-user.ts';
import { simTestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function aScan(
  options: Omit<SimDiskOptions, 'now'> = {},
  caps: Partial<Caps> = {},
): { scan: TestScan; user: DiskUser; at: (path: string) => string } {
  const disk = simTestDisk(options);
  const scan = new TestScan(disk, caps);
  return { scan, user: disk.user, at: (path) => scan.at(path) };
}

describe('inodes that are used again', () => {
  const QUIRKS: readonly (readonly [string, Omit<SimDiskOptions, 'now'>, Partial<Caps>])[] = [
    ['with birth times', {}, {}],
    ['without birth times', { birthTimes: false }, { birthtime: false }],
    [
      'with times of 2 s and no birth times',
      { birthTimes: false, mtimeGranNs: 2_000_000_000n },
      { birthtime: false, mtimeGranNs: 2_000_000_000n },
    ],
  ];
  for (const [quirk, options, caps] of QUIRKS) {
    test(`B24 delete f, create g with its inode is no rename, ${quirk}`, () => {
      const { scan, user, at } = aScan(options, caps);
      user.write(at('f'), 'content of f');
      scan.synced();
      const id = scan.id('f');
      scan.disk.clock.advance(10_000);
      user.remove(at('f'));
      user.write(at('g'), 'other!');
      scan.settle(20_000);
      assert.notEqual(scan.id('g'), id);
      assert.equal(scan.stateOf(id), 'gone');
    });

    test(`K11 an inode that goes from file to folder and back is no rename, ${quirk}`, () => {
      const { scan, user, at } = aScan(options, caps);
      user.write(at('f'), 'content of f');
      user.folder(at('d'));
      scan.synced();
      const before = scan.ids();
      scan.disk.clock.advance(10_000);
      user.remove(at('f'));
      user.folder(at('e'));
      user.remove(at('d'));
      user.write(at('h'), 'content');
      scan.settle(20_000);
      assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['e', 'h']);
      const old = Object.values(before);
      assert.ok(Object.values(scan.ids()).every((id) => !old.includes(id)));
    });

    test(`a rename is one, ${quirk}`, () => {
      const { scan, user, at } = aScan(options, caps);
      user.folder(at('d'));
      user.write(at('d/f'), 'content of f');
      user.folder(at('empty'));
      scan.synced();
      const before = scan.ids();
      user.rename(at('d/f'), at('g'));
      user.rename(at('empty'), at('still-empty'));
      scan.settle(20_000);
      assert.deepEqual(scan.ids(), {
        d: before['d'],
        g: before['d/f'],
        'still-empty': before['empty'],
      });
    });

    test(`an edit in place of equal size is found, ${quirk}`, () => {
      const { scan, user, at } = aScan(options, caps);
      for (const content of ['one', 'two', 'six', 'ten']) {
        user.write(at('f'), content);
        scan.settleHinted([''], 20_000);
        assert.equal(scan.tree.byId(scan.id('f'))?.sha256, sha256(content));
      }
    });
  }

  test('B31 a case-only rename on a case-insensitive root keeps the id', () => {
    const { scan, user, at } = aScan({ caseSensitive: false }, { caseSensitive: false });
    user.folder(at('dir'));
    user.write(at('dir/f'), 'x');
    scan.synced();
    const before = scan.ids();
    user.rename(at('dir'), at('DIR'));
    user.rename(at('DIR/f'), at('DIR/F'));
    scan.settleHinted(['', 'DIR']);
    assert.deepEqual(scan.ids(), { DIR: before['dir'], 'DIR/F': before['dir/f'] });
  });

  test('B27 what an operation missed in one folder is looked for everywhere before it is gone', () => {
    const { scan, user, at } = aScan();
    user.folder(at('d'));
    user.write(at('f'), 'x');
    scan.synced();
    const id = scan.id('f');
    scan.disk.clock.advance(10_000);
    user.rename(at('f'), at('d/g'));
    scan.disk.clock.advance(10_000);
    scan.scanner.hintFolder(scan.tree.root);
    assert.equal(scan.pass().full, false);
    assert.equal(scan.stateOf(id), 'seen');
    assert.equal(scan.pass().full, true);
    assert.deepEqual([scan.id('d/g'), scan.scanner.dueAt()], [id, undefined]);
    user.remove(at('d/g'));
    scan.disk.clock.advance(10_000);
    scan.look('d');
    assert.equal(scan.stateOf(id), 'gone');
  });

  test('K12 a folder moved, deleted and moved back between two scans', () => {
    const { scan, user, at } = aScan();
    user.folder(at('d'));
    user.write(at('d/f'), 'x');
    scan.synced();
    const before = scan.ids();
    user.rename(at('d'), at('e'));
    user.remove(at('e/f'));
    user.rename(at('e'), at('d'));
    user.write(at('d/f'), 'new content');
    scan.settle();
    assert.deepEqual(scan.ids(), before);
  });

  test('S10 a deleted folder that comes back keeps all ids', () => {
    const { scan, user, at } = aScan();
    user.folder(at('d/e'));
    user.write(at('d/e/f'), 'x');
    scan.synced();
    const before = scan.ids();
    user.rename(at('d'), '/home/bin');
    scan.settle();
    assert.deepEqual(scan.ids(), {});
    user.rename('/home/bin', at('restored'));
    scan.settle();
    assert.deepEqual(scan.ids(), {
      restored: before['d'],
      'restored/e': before['d/e'],
      'restored/e/f': before['d/e/f'],
    });
  });

  test('B37 a gone folder copied back keeps all ids, equal and empty files included', () => {
    const { scan, user, at } = aScan();
    user.folder(at('d/sub'));
    for (const name of ['a', 'b', 'c']) user.write(at(`d/${name}`), 'same');
    for (const name of ['x', 'y']) user.write(at(`d/sub/${name}`), '');
    scan.synced();
    const before = scan.ids();
    user.remove(at('d'));
    scan.settle();
    assert.deepEqual(scan.ids(), {});
    user.folder(at('e/sub'));
    for (const name of ['a', 'b', 'c']) user.write(at(`e/${name}`), 'same');
    for (const name of ['x', 'y']) user.write(at(`e/sub/${name}`), '');
    scan.settle();
    const renamed = Object.entries(before).map(([path, id]) => [path.replace('d', 'e'), id]);
    assert.deepEqual(scan.ids(), Object.fromEntries(renamed));
  });

  test('B37 many folders that are gone and come back cost no product of their counts', () => {
    const { scan, user, at } = aScan();
    const names = Array.from({ length: 600 }, (_, i) => `${i}`);
    for (const name of names) {
      user.folder(at(`d/${name}`));
      user.write(at(`d/${name}/f${name}`), `content ${name}`);
      user.write(at(`d/${name}/common`), '');
    }
    scan.synced();
    const before = scan.ids();
    user.remove(at('d'));
    scan.settle();
    for (const name of names) {
      user.folder(at(`e/${name}`));
      user.write(at(`e/${name}/f${name}`), `content ${name}`);
      user.write(at(`e/${name}/common`), '');
    }
    scan.settle();
    assert.equal(scan.id('e'), before['d']);
    assert.equal(scan.id('e/599/f599'), before['d/599/f599']);
  });

  test('a row of another pair of the space is taken over when its entry left', () => {
    const { scan, user, at } = aScan();
    user.write('/home/foreign', 'x');
    const stat = scan.disk.fileSystem.lstat('/home/foreign');
    assert.ok(stat !== undefined);
    scan.synced();
    const { ino, birthNs, size, mtimeNs, ctimeNs, mode } = stat;
    const id = scan.tree.allocate();
    const released: number[] = [];
    const row = {
      id,
      parent: scan.tree.root,
      name: 'foreign',
      kind: 'file',
      ino,
      birthNs,
      size,
      mtimeNs,
      ctimeNs,
      mode,
      executable: false,
      sha256: null,
      target: null,
      state: 'seen',
    } as const;
    const both = new TestScan(
      scan.disk,
      {},
      {
        tree: scan.tree,
        foreign: {
          byInode: (asked) => (asked === ino && released.length === 0 ? [row] : []),
          vacated: () => scan.disk.fileSystem.lstat('/home/foreign') === undefined,
          release: (id) => released.push(id),
        },
      },
    );
    user.rename('/home/foreign', at('here'));
    both.settle();
    assert.deepEqual([both.ids(), released], [{ here: id }, [id]]);
  });
});
