import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import type { Caps } from '../planner/types.ts';
import type { SimDisk, SimDiskOptions } from '../testing/index.ts';
import type { DiskUser } from '../testing/disk-user.ts';
import { simTestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function aScan(
  options: Omit<SimDiskOptions, 'now'> = {},
  caps: Partial<Caps> = {},
): { scan: TestScan; user: DiskUser; sim: SimDisk; at: (path: string) => string } {
  const disk = simTestDisk(options);
  assert.ok(disk.sim !== undefined);
  const scan = new TestScan(disk, caps);
  return { scan, user: disk.user, sim: disk.sim, at: (path) => scan.at(path) };
}

/** A scan of the same tree whose disk lets others act inside its calls. */
function withTurn(scan: TestScan, sim: SimDisk, turn: Parameters<SimDisk['open']>[0]): TestScan {
  return new TestScan({ ...scan.disk, fileSystem: sim.open(turn) }, {}, { tree: scan.tree });
}

describe('what cannot be read is not deleted', () => {
  test('a file that moved into a folder that cannot be read for a moment keeps its id', () => {
    const { scan, user, sim, at } = aScan();
    user.folder(at('d'));
    user.write(at('f'), 'x');
    scan.synced();
    const id = scan.id('f');
    scan.disk.clock.advance(10_000);
    user.rename(at('f'), at('d/g'));
    scan.disk.clock.advance(10_000);
    sim.inject('readFolder', 'io', '/d');
    scan.scanner.hintAll();
    scan.pass();
    assert.equal(scan.stateOf(id), 'seen');
    scan.settle();
    assert.equal(scan.id('d/g'), id);
    user.remove(at('d/g'));
    user.write(at('h'), 'y');
    scan.synced();
    user.setMode(at('d'), 0);
    user.remove(at('h'));
    const gone = scan.tree.bySlot(scan.tree.root, 'h')?.id;
    assert.ok(gone !== undefined);
    scan.settle();
    assert.equal(scan.stateOf(gone), 'gone');
  });

  test('a folder that cannot be read for a moment, and is deleted before it is tried again, is gone', () => {
    const { scan, user, sim, at } = aScan();
    user.folder(at('d'));
    user.write(at('d/f'), 'x');
    scan.synced();
    const id = scan.id('d');
    sim.inject('readFolder', 'io', '/d');
    scan.scanner.hintAll();
    scan.pass();
    user.remove(at('d/f'));
    user.remove(at('d'));
    scan.scanner.hintAll();
    scan.pass();
    scan.settle(10_000);
    assert.equal(scan.stateOf(id), 'gone');
    assert.equal(scan.scanner.dueAt(), undefined);
  });

  test('G10 an unreadable folder is unknown, and seen again when it can be read', () => {
    const { scan, user, at } = aScan();
    user.folder(at('d/e'));
    user.write(at('d/f'), 'x');
    user.write(at('d/e/g'), 'y');
    scan.synced();
    const ids = scan.ids();
    user.setMode(at('d'), 0);
    scan.settle();
    assert.equal(scan.tree.bySlot(scan.tree.root, 'd')?.state, 'unknown');
    assert.deepEqual(scan.stalls(), ['FolderUnreadable ']);
    for (const path of ['d/e', 'd/f', 'd/e/g']) {
      const id = ids[path];
      assert.ok(id !== undefined);
      assert.equal(scan.stateOf(id), 'seen', path);
    }
    user.setMode(at('d'), 0o755);
    scan.settle(20_000);
    assert.deepEqual(scan.ids(), ids);
    assert.deepEqual(scan.stalls(), []);
  });

  for (const code of ['io', 'too-many-open', 'denied', 'busy'] as const) {
    test(`G10 a folder listing that fails with ${code} deletes nothing`, () => {
      const { scan, user, at, sim } = aScan();
      user.folder(at('d'));
      user.write(at('d/f'), 'x');
      scan.synced();
      const ids = scan.ids();
      sim.inject('readFolder', code, '/d');
      scan.settle(500);
      assert.equal(
        scan.tree.byId(scan.tree.children(scan.tree.root)[0]?.id ?? scan.tree.root)?.state,
        'unknown',
      );
      scan.settle(20_000);
      assert.deepEqual(scan.ids(), ids);
    });

    test(`an lstat that fails with ${code} deletes nothing`, () => {
      const { scan, user, at, sim } = aScan();
      user.folder(at('d'));
      user.write(at('d/f'), 'x');
      scan.synced();
      const ids = scan.ids();
      sim.inject('lstat', code, '/d/f');
      scan.settle(20_000);
      scan.settle(20_000);
      assert.deepEqual(scan.ids(), ids);
    });
  }

  test('a file that cannot be read is unknown with a stall, its siblings sync, and it is tried again', () => {
    const { scan, user, at } = aScan();
    user.write(at('f'), 'x');
    user.write(at('g'), 'y');
    user.setMode(at('f'), 0);
    scan.settle(1000);
    assert.deepEqual(Object.keys(scan.ids()), ['g']);
    assert.deepEqual(scan.stalls(), ['ReadDenied f']);
    assert.equal(scan.tree.bySlot(scan.tree.root, 'f')?.state, 'unknown');
    user.setMode(at('f'), 0o644);
    scan.settle(20_000);
    assert.deepEqual(Object.keys(scan.ids()).toSorted(), ['f', 'g']);
    assert.deepEqual(scan.stalls(), []);
  });

  test('what stalls in a folder that goes during the same pass is over with it', () => {
    const { scan, user, sim, at } = aScan();
    user.folder(at('d'));
    user.write(at('d/f'), 'x');
    user.write(at('d/g'), 'y');
    scan.synced();
    scan.disk.clock.advance(60_000);
    user.write(at('d/f'), 'other');
    user.remove(at('d/g'));
    scan.disk.clock.advance(60_000);
    const raced = withTurn(scan, sim, (phase, call) => {
      if (phase !== 'before' || call.kind !== 'openRead') return undefined;
      user.remove(at('d'));
      return 'denied';
    });
    raced.settle();
    assert.deepEqual(raced.ids(), {});
    assert.deepEqual(raced.stalls(), []);
  });

  test('H3 a busy file is tried again with growing delays', () => {
    const { scan, user, at, sim } = aScan();
    user.write(at('f'), 'x');
    sim.inject('openRead', 'busy', '/f', 3);
    scan.settle(1000);
    assert.deepEqual(scan.stalls(), ['FileBusy f']);
    const dues: number[] = [];
    while (scan.stalls().length > 0) {
      const due = scan.scanner.dueAt();
      assert.ok(due !== undefined);
      dues.push(due - scan.disk.clock.now());
      scan.disk.clock.advance(due - scan.disk.clock.now());
      scan.pass();
    }
    assert.deepEqual(dues, [2000, 4000, 8000]);
    assert.equal(scan.tree.byId(scan.id('f'))?.sha256, sha256('x'));
  });

  test('an edit of a synced file that cannot be read makes it unknown, not gone', () => {
    const { scan, user, at } = aScan();
    user.write(at('f'), 'x');
    scan.synced();
    const id = scan.id('f');
    user.remove(at('f'));
    user.write(at('f'), 'other');
    user.setMode(at('f'), 0);
    scan.settle(1000);
    assert.equal(scan.stateOf(id), 'unknown');
    user.setMode(at('f'), 0o644);
    scan.settle(20_000);
    assert.equal(scan.id('f'), id);
    assert.equal(scan.tree.byId(id)?.sha256, sha256('other'));
  });

  test('a synced file replaced by a pipe is unknown: skipped is never deleted', () => {
    const { scan, user, at } = aScan();
    user.write(at('f'), 'x');
    scan.synced();
    const id = scan.id('f');
    user.remove(at('f'));
    user.pipe(at('f'));
    scan.settle();
    assert.equal(scan.stateOf(id), 'unknown');
    user.remove(at('f'));
    scan.settle();
    assert.equal(scan.stateOf(id), 'gone');
  });

  test('G11 another device below the root is unknown, its content is no part of the tree', () => {
    const { scan, user, at, sim } = aScan();
    user.folder(at('mnt'));
    user.write(at('mnt/below'), 'x');
    scan.synced();
    const id = scan.id('mnt');
    const below = scan.id('mnt/below');
    sim.mount(at('mnt'), sim.newVolume({ dev: 9n }));
    user.write(at('mnt/other'), 'y');
    scan.settle();
    assert.equal(scan.stateOf(id), 'unknown');
    assert.equal(scan.stateOf(below), 'seen');
    assert.deepEqual(scan.stalls(), ['NestedMount mnt']);
    sim.unmount(at('mnt'));
    scan.settle();
    assert.deepEqual(scan.ids(), { mnt: id, 'mnt/below': below });
  });
});

describe('a root that is not there', () => {
  test('G1 nothing is decided under an empty mount point, and a full scan follows', () => {
    const disk = simTestDisk();
    const { sim } = disk;
    assert.ok(sim !== undefined);
    const volume = sim.newVolume({ dev: 5n });
    sim.mount(disk.root, volume);
    disk.user.write(`${disk.root}/f`, 'x');
    const scan = new TestScan(disk);
    scan.synced();
    const ids = scan.ids();
    sim.unmount(disk.root);
    scan.scanner.hintAll();
    assert.equal(scan.pass().rootLost, true);
    assert.deepEqual(scan.ids(), ids);
    sim.mount(disk.root, volume);
    assert.deepEqual([scan.pass().full, scan.ids()], [true, ids]);
  });

  for (const victim of ['readFolder', 'lstat'] as const) {
    test(`G1 a root that is unmounted inside any ${victim} of a scan loses nothing`, () => {
      for (let call = 1; call < 20; call++) {
        const disk = simTestDisk();
        const { sim } = disk;
        assert.ok(sim !== undefined);
        sim.mount(disk.root, sim.newVolume({ dev: 5n }));
        disk.user.folder(`${disk.root}/a/b`);
        disk.user.write(`${disk.root}/a/b/f`, 'x');
        disk.user.write(`${disk.root}/g`, 'y');
        const scan = new TestScan(disk);
        scan.synced();
        const ids = scan.ids();
        let calls = 0;
        const torn = withTurn(scan, sim, (phase, { kind }) => {
          if (phase === 'before' && kind === victim && ++calls === call) sim.unmount(disk.root);
          return undefined;
        });
        torn.scanner.hintAll();
        const outcome = torn.pass();
        assert.deepEqual(scan.ids(), ids, `call ${call}`);
        assert.equal(outcome.rootLost, calls >= call);
      }
    });
  }

  test('another folder at the path of the root is not scanned', () => {
    const { scan, user, at } = aScan();
    user.write(at('f'), 'x');
    scan.synced();
    const ids = scan.ids();
    user.rename('/home/root', '/home/elsewhere');
    user.folder('/home/root');
    scan.scanner.hintAll();
    assert.equal(scan.pass().rootLost, true);
    assert.deepEqual(scan.ids(), ids);
  });
});

describe('a disk that changes during the scan', () => {
  test('A17 a file written while it is read is not taken', () => {
    const { scan, user, at, sim } = aScan();
    user.write(at('f'), 'first');
    scan.disk.clock.advance(1000);
    let reads = 0;
    const torn = withTurn(scan, sim, (phase, { kind }) => {
      if (kind === 'file.read' && phase === 'after' && ++reads === 1) user.write(at('f'), 'later');
      return undefined;
    });
    torn.scanner.hintAll();
    assert.equal(torn.pass().hashedFiles, 0);
    assert.deepEqual(scan.ids(), {});
    torn.settle();
    assert.equal(scan.tree.byId(scan.id('f'))?.sha256, sha256('later'));
  });

  test('A17 a file replaced by a rename while it is read is not taken', () => {
    const { scan, user, at, sim } = aScan();
    user.write(at('f'), 'first');
    user.write('/home/other', 'later');
    scan.disk.clock.advance(1000);
    let reads = 0;
    const torn = withTurn(scan, sim, (phase, { kind }) => {
      if (kind === 'file.read' && phase === 'after' && ++reads === 1) {
        user.rename('/home/other', at('f'));
      }
      return undefined;
    });
    torn.settle();
    assert.equal(scan.tree.byId(scan.id('f'))?.sha256, sha256('later'));
    assert.equal(sim.openHandles, 0);
  });

  test('a file that changes in every read is a stall at last, and is tried on', () => {
    const { scan, user, at, sim } = aScan();
    user.write(at('f'), '0');
    let writes = 0;
    let isBusy = true;
    const torn = withTurn(scan, sim, (phase, { kind }) => {
      if (isBusy && kind === 'file.read' && phase === 'after') user.append(at('f'), `${++writes}`);
      return undefined;
    });
    torn.settle(120_000);
    assert.deepEqual(torn.stalls(), ['FileChangingTooFast f']);
    isBusy = false;
    torn.settle(60_000);
    assert.deepEqual(torn.stalls(), []);
    assert.deepEqual(Object.keys(torn.ids()), ['f']);
  });

  test('a deletion at any call of a scan is found by this scan or the next', () => {
    for (let call = 1; call < 40; call++) {
      const { scan, user, at, sim } = aScan();
      user.folder(at('d'));
      user.write(at('d/f'), 'x');
      user.write(at('g'), 'y');
      scan.synced();
      let calls = 0;
      const torn = withTurn(scan, sim, (phase) => {
        if (phase === 'before' && ++calls === call) user.remove(at('d'));
        return undefined;
      });
      torn.settle();
      scan.settle();
      assert.deepEqual(
        Object.keys(scan.ids()).toSorted(),
        calls >= call ? ['g'] : ['d', 'd/f', 'g'],
      );
    }
  });

  test('B1 a rename at any call of a scan keeps the ids', () => {
    for (let call = 1; call < 60; call++) {
      const { scan, user, at, sim } = aScan();
      user.folder(at('d'));
      user.folder(at('x'));
      user.write(at('d/f'), 'content f');
      user.write(at('g'), 'content g');
      scan.synced();
      const before = scan.ids();
      let calls = 0;
      const torn = withTurn(scan, sim, (phase) => {
        if (phase !== 'before' || ++calls !== call) return undefined;
        user.rename(at('g'), at('d/g'));
        user.rename(at('d'), at('x/e'));
        return undefined;
      });
      torn.settle();
      scan.settle();
      const { d, x, g } = before;
      const moved = { 'x/e': d, x, 'x/e/f': before['d/f'], 'x/e/g': g };
      assert.deepEqual(scan.ids(), calls >= call ? moved : before, `call ${call}`);
    }
  });

  test('a pass that is abandoned is made up for by a full one', () => {
    const { scan, user, at } = aScan();
    user.folder(at('new/deep'));
    user.write(at('new/deep/f'), 'x');
    scan.disk.clock.advance(1000);
    scan.pass();
    user.folder(at('second/deep'));
    user.write(at('second/deep/f'), 'y');
    scan.disk.clock.advance(1000);
    scan.scanner.hint('');
    const pass = scan.scanner.pass();
    for (let steps = 0; steps < 4; steps++) pass.next();
    pass.return({ ...scan.pass(), rootLost: false });
    scan.settle();
    assert.ok('second/deep/f' in scan.ids());
  });
});
