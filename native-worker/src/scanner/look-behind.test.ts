import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DiskCall, SimDiskOptions } from '../testing/index.ts';
import { simTestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';
import type { Caps } from '../planner/types.ts';

interface Waiting {
  readonly phase: 'before' | 'after';
  readonly path: string;
  readonly action: () => void;
}

/** A synced root with folders `a` and `b`, files `a/f`, `b/g` and `h`, and a disk that tells its calls. */
function aScan(
  options: Omit<SimDiskOptions, 'now'> = {},
  caps: Partial<Caps> = {},
): {
  readonly scan: TestScan;
  readonly rename: (from: string, to: string) => void;
  readonly remove: (path: string) => void;
  readonly folder: (path: string) => void;
  /** Runs once, right before or after the next listing of the folder. */
  readonly beforeListing: (path: string, action: () => void) => void;
  readonly afterListing: (path: string, action: () => void) => void;
  readonly calls: DiskCall[];
} {
  const disk = simTestDisk(options);
  const { sim, user } = disk;
  assert.ok(sim !== undefined);
  const calls: DiskCall[] = [];
  let waiting: Waiting | undefined;
  const fileSystem = sim.open((phase, call) => {
    if (phase === 'after') calls.push(call);
    const isAwaited = call.path === waiting?.path && phase === waiting.phase;
    if (call.kind !== 'readFolder' || waiting === undefined || !isAwaited) return undefined;
    const { action } = waiting;
    waiting = undefined;
    action();
    return undefined;
  });
  const scan = new TestScan({ ...disk, fileSystem }, caps);
  const at = (path: string): string => (path === '' ? disk.root : scan.at(path));
  user.folder(at('a'));
  user.folder(at('b'));
  user.write(at('a/f'), 'content of f');
  user.write(at('b/g'), 'content of g');
  user.write(at('h'), 'content of h');
  scan.synced();
  disk.clock.advance(60_000);
  scan.settle();
  disk.clock.advance(60_000);
  calls.length = 0;
  return {
    scan,
    rename: (from, to) => user.rename(at(from), at(to)),
    remove: (path) => user.remove(at(path)),
    folder: (path) => user.folder(at(path)),
    beforeListing: (path, action) => {
      waiting = { phase: 'before', path: at(path), action };
    },
    afterListing: (path, action) => {
      waiting = { phase: 'after', path: at(path), action };
    },
    calls,
  };
}

const DISKS: readonly (readonly [string, Omit<SimDiskOptions, 'now'>, Partial<Caps>])[] = [
  ['fine times', {}, {}],
  [
    'times of 2 s and no birth times',
    { birthTimes: false, mtimeGranNs: 2_000_000_000n },
    { birthtime: false, mtimeGranNs: 2_000_000_000n },
  ],
];

for (const [disk, options, caps] of DISKS) {
  void describe(`what moves behind the scan keeps its id, on a disk with ${disk}`, () => {
    test('B27 into a folder that was listed before', () => {
      const { scan, rename, afterListing } = aScan(options, caps);
      const { 'b/g': id, ...others } = scan.ids();
      afterListing('', () => rename('b/g', 'g'));
      scan.settle(20_000);
      assert.deepEqual(scan.ids(), { ...others, g: id });
    });

    test('B27 over a file that was seen before', () => {
      const { scan, rename, beforeListing } = aScan(options, caps);
      const { 'b/g': id, h, ...others } = scan.ids();
      beforeListing('b', () => rename('b/g', 'h'));
      scan.settle(20_000);
      assert.deepEqual(scan.ids(), { ...others, h: id });
      assert.ok(h !== undefined);
      assert.equal(scan.stateOf(h), 'gone');
    });

    test('into a folder of which no hint came', () => {
      const { scan, rename } = aScan(options, caps);
      const { 'b/g': id, ...others } = scan.ids();
      rename('b/g', 'a/new');
      scan.settleHinted(['b'], 20_000);
      assert.deepEqual(scan.ids(), { ...others, 'a/new': id });
    });

    test('into a new folder of which no hint came', () => {
      const { scan, rename, folder } = aScan(options, caps);
      const { 'b/g': id, ...others } = scan.ids();
      folder('a/deep/er');
      rename('b/g', 'a/deep/er/g');
      scan.settleHinted(['b'], 20_000);
      const { 'a/deep': deep, 'a/deep/er': deeper, 'a/deep/er/g': moved, ...rest } = scan.ids();
      assert.ok(deep !== undefined && deeper !== undefined);
      assert.deepEqual([rest, moved], [others, id]);
    });

    test('two files that change places, and a hint of the end at which one is edited then', () => {
      const { scan, rename } = aScan(options, caps);
      const { 'a/f': f } = scan.ids();
      rename('a/f', 'aside');
      rename('b/g', 'a/f');
      rename('aside', 'b/g');
      scan.disk.user.write(scan.at('a/f'), 'longer than it was');
      scan.settleHinted(['a'], 20_000);
      assert.equal(scan.ids()['b/g'], f);
    });

    test('a file whose place another took, and a hint of that place alone', () => {
      const { scan, rename } = aScan(options, caps);
      const { 'b/g': id } = scan.ids();
      rename('b/g', 'a/g');
      scan.disk.user.write(scan.at('b/g'), 'another file');
      scan.settleHinted(['b'], 20_000);
      assert.equal(scan.ids()['a/g'], id);
    });

    test('a folder with what is in it', () => {
      const { scan, rename } = aScan(options, caps);
      const { b, 'b/g': g, ...others } = scan.ids();
      rename('b', 'a/b');
      scan.settleHinted(['b'], 20_000);
      assert.deepEqual(scan.ids(), { ...others, 'a/b': b, 'a/b/g': g });
    });
  });
}

test('what moves on while it is looked for is found at its last place', () => {
  const { scan, rename, afterListing } = aScan();
  const { 'b/g': id, ...others } = scan.ids();
  afterListing('', () => {
    rename('b/g', 'a/g');
    afterListing('a', () => {
      rename('a/g', 'g');
    });
  });
  scan.settle();
  assert.deepEqual(scan.ids(), { ...others, g: id });
});

test('what moves back to its place while it is looked for stays', () => {
  const { scan, rename, afterListing } = aScan();
  const before = scan.ids();
  afterListing('', () => {
    rename('b/g', 'g');
    afterListing('', () => rename('g', 'b/g'));
  });
  scan.settle();
  assert.deepEqual(scan.ids(), before);
});

test('a deletion asks each folder for its times and lists none that is as it was', () => {
  const { scan, remove, calls } = aScan();
  const id = scan.id('b/g');
  remove('b/g');
  scan.settleHinted(['b']);
  assert.equal(scan.stateOf(id), 'gone');
  const { root } = scan.disk;
  const listed = calls.filter(({ kind }) => kind === 'readFolder').map(({ path }) => path);
  assert.deepEqual([...new Set(listed)], [`${root}/b`]);
  assert.ok(calls.some(({ kind, path }) => kind === 'lstat' && path === `${root}/a`));
});

test('an entry that was never synced goes without a look at other folders', () => {
  const { scan, remove, calls } = aScan();
  scan.tree.paired.delete(scan.id('b/g'));
  remove('b/g');
  scan.settleHinted(['b']);
  assert.equal(scan.ids()['b/g'], undefined);
  assert.equal(calls.filter(({ path }) => path === `${scan.disk.root}/a`).length, 0);
});

test('after a look that took long the next one waits, and so do the rows', () => {
  const { scan, remove } = aScan();
  const { sim, clock, root } = scan.disk;
  const paths = ['h', 'b/g', 'a/f'];
  const ids = paths.map((path) => scan.id(path));
  const fileSystem = sim?.open((phase, { kind, path }) => {
    if (phase === 'after' && kind === 'lstat' && path === `${root}/a`) clock.advance(100);
    return undefined;
  });
  assert.ok(fileSystem !== undefined);
  const slow = new TestScan({ ...scan.disk, fileSystem }, {}, { tree: scan.tree });
  slow.settle();
  clock.advance(60_000);
  for (const path of paths) {
    remove(path);
    slow.look(path.slice(0, path.lastIndexOf('/') + 1));
  }
  const states = (): readonly unknown[] => ids.map((id) => scan.stateOf(id));
  assert.deepEqual(states(), ['gone', 'seen', 'seen']);
  slow.settleHinted([], 5000);
  assert.deepEqual(states(), ['gone', 'gone', 'gone']);
});

test('a computer that slept in the middle of a look does not rest ten times as long', () => {
  const { scan, remove } = aScan();
  const { sim, clock, root } = scan.disk;
  const ids = ['h', 'b/g'].map((path) => scan.id(path));
  // The listing of the root asks for it once, the look behind the scan once more.
  let callsUntilSleep = Number.POSITIVE_INFINITY;
  const fileSystem = sim?.open((phase, { kind, path }) => {
    if (phase !== 'after' || kind !== 'lstat' || path !== `${root}/a`) return undefined;
    if (--callsUntilSleep === 0) clock.advance(8 * 60 * 60_000);
    return undefined;
  });
  assert.ok(fileSystem !== undefined);
  const slow = new TestScan({ ...scan.disk, fileSystem }, {}, { tree: scan.tree });
  slow.settle();
  clock.advance(60_000);
  callsUntilSleep = 2;
  for (const [path, folder] of [
    ['h', ''],
    ['b/g', 'b'],
  ] as const) {
    remove(path);
    slow.look(folder);
  }
  assert.deepEqual(
    ids.map((id) => scan.stateOf(id)),
    ['gone', 'seen'],
  );
  const dueAtMs = slow.scanner.dueAt() ?? Number.POSITIVE_INFINITY;
  assert.ok(dueAtMs - clock.now() <= 5 * 60_000, `${dueAtMs - clock.now()} ms`);
});

for (const [what, isSeen] of [
  ['that was seen', true],
  ['that nobody saw', false],
] as const) {
  test(`in a tree of many folders a file that changes places with a new one ${what} is ${isSeen ? '' : 'not '}looked for`, () => {
    const { scan, rename, folder } = aScan();
    for (let n = 0; n < 600; n++) folder(`more/${n}`);
    scan.settle(20_000);
    const { 'b/g': id } = scan.ids();
    assert.ok(id !== undefined);
    scan.disk.user.write(scan.at('a/new'), 'made a moment before');
    if (isSeen) scan.settleHinted(['a'], 20_000);
    rename('a/new', 'aside');
    rename('b/g', 'a/new');
    rename('aside', 'b/g');
    scan.settleHinted(['b'], 20_000);
    assert.equal(scan.ids()[isSeen ? 'a/new' : 'b/g'], id);
  });
}
