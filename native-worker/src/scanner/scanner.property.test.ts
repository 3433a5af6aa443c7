/**
 * Random programs at a random disk, the scanner looking at random moments: when all is quiet the tree
 * says what the disk holds, and a run of the same seed says it in the same way.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Caps } from '../planner/types.ts';
import type { FileSystem } from '../ports/index.ts';
import type { SimDiskOptions } from '../testing/index.ts';
import { simTestDisk, type TestDisk } from '../testing/test-disk.ts';
import { TestScan } from '../testing/test-scan.ts';

const SEEDS = 150;
const ACTIONS = 40;
const NAMES = ['a', 'b', 'c', 'f.txt', 'f.txt.bak', 'f~', 'é'] as const;
const TARGETS = ['one', 'two', 'six'] as const;
const CONTENTS = ['', 'one', 'two', 'three', 'a longer content'] as const;

/** Numbers in [0, below) that a seed determines (mulberry32). */
function createDraw(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const QUIRKS: readonly (readonly [Omit<SimDiskOptions, 'now'>, Partial<Caps>])[] = [
  [{}, {}],
  [{ birthTimes: false }, { birthtime: false }],
  [{ inodeReuse: false }, {}],
  [{ caseSensitive: false }, { caseSensitive: false }],
  [
    { birthTimes: false, mtimeGranNs: 2_000_000_000n },
    { birthtime: false, mtimeGranNs: 2_000_000_000n },
  ],
  [{ mtimeGranNs: 1_000_000_000n }, { birthtime: false, mtimeGranNs: 1_000_000_000n }],
];

/** Paths below the root, folders with a slash, in the order of a walk. */
function walk(fs: FileSystem, root: string, path = ''): readonly string[] {
  return fs
    .readFolder(path === '' ? root : `${root}/${path}`)
    .map(String)
    .toSorted()
    .flatMap((name) => {
      const below = path === '' ? name : `${path}/${name}`;
      const isFolder = fs.lstat(`${root}/${below}`)?.type === 'folder';
      return isFolder ? [`${below}/`, ...walk(fs, root, below)] : [below];
    });
}

/** No hint tells of an edit by another name of the file: `links` is false where hints are all there is. */
function act(disk: TestDisk, draw: (below: number) => number, links = true): void {
  const pick = <T>(from: readonly T[]): T | undefined => from[draw(from.length)];
  const paths = walk(disk.fileSystem, disk.root).map((path) => path.replace(/\/$/, ''));
  const folders = ['', ...walk(disk.fileSystem, disk.root).filter((path) => path.endsWith('/'))];
  const at = (path: string | undefined): string => `${disk.root}/${path ?? ''}`;
  const slot = at(`${pick(folders) ?? ''}${pick(NAMES) ?? ''}`);
  const there = paths.length === 0 ? undefined : at(pick(paths));
  const isFolder = disk.fileSystem.lstat(slot)?.type === 'folder';
  switch (draw(12)) {
    case 0:
    case 1:
      if (!isFolder) disk.user.write(slot, pick(CONTENTS) ?? '');
      break;
    case 2:
      disk.user.folder(slot);
      break;
    case 3:
      if (there !== undefined) disk.user.remove(there);
      break;
    case 4:
    case 5:
      moveOver(disk, there, slot);
      break;
    case 6:
      if (links && there !== undefined && disk.fileSystem.lstat(slot) === undefined) {
        if (disk.fileSystem.lstat(there)?.type === 'file') disk.user.link(there, slot);
      }
      break;
    case 7:
      if (disk.fileSystem.lstat(slot) === undefined) disk.user.symlink(pick(TARGETS) ?? '', slot);
      break;
    case 8:
    case 9:
      replaceUnseen(disk, draw, there);
      break;
    default:
      disk.clock.advance(draw(3) * 700);
  }
}

/** Like `cp -p` and `ln -sf`: the same name, size and time, often the same inode, another content. */
function replaceUnseen(
  disk: TestDisk,
  draw: (below: number) => number,
  path: string | undefined,
): void {
  const stat = path === undefined ? undefined : disk.fileSystem.lstat(path);
  if (path === undefined || stat === undefined || stat.type === 'folder') return;
  if (stat.type === 'symlink') {
    disk.user.remove(path);
    disk.user.symlink(TARGETS[draw(TARGETS.length)] ?? '', path);
    return;
  }
  if (draw(2) === 0 && stat.links === 1) disk.user.remove(path);
  disk.user.write(path, String(draw(10)).repeat(stat.size));
  disk.user.setTimes(path, Number(stat.mtimeNs / 1_000_000n));
}

/** Like a person with `mv -T`: over whatever is there, but never into itself. */
function moveOver(disk: TestDisk, from: string | undefined, to: string): void {
  if (from === undefined || `${to}/`.startsWith(`${from}/`) || `${from}/`.startsWith(`${to}/`)) {
    return;
  }
  const key = (path: string): string => path.toLowerCase();
  if (key(from) !== key(to)) disk.user.remove(to);
  if (disk.fileSystem.lstat(from) !== undefined) disk.user.rename(from, to);
}

/** Path and content of all that should be in the tree. */
function expected(disk: TestDisk): readonly string[] {
  return walk(disk.fileSystem, disk.root)
    .filter((path) => !path.split('/').some((name) => name.endsWith('~')))
    .map((path) => {
      if (path.endsWith('/')) return path;
      if (disk.fileSystem.lstat(`${disk.root}/${path}`)?.type === 'symlink')
        return `${path} -> ${disk.fileSystem.readLink(`${disk.root}/${path}`)}`;
      const bytes = disk.user.read(`${disk.root}/${path}`);
      return `${path} ${createHash('sha256').update(bytes).digest('hex')}`;
    })
    .toSorted();
}

function found(scan: TestScan): readonly string[] {
  return Object.entries(scan.ids())
    .map(([path, id]) => {
      const row = scan.tree.byId(id);
      if (row?.kind === 'symlink') return `${path} -> ${row.target}`;
      return row?.kind === 'folder' ? `${path}/` : `${path} ${row?.sha256}`;
    })
    .toSorted();
}

/** `byHints`: after the first scan nothing but hints tells where to look. */
function play(seed: number, byHints = false): readonly string[] {
  const draw = createDraw(seed);
  const [options, caps] = QUIRKS[seed % QUIRKS.length] ?? [{}, {}];
  const base = simTestDisk(options);
  let budget = 0;
  // Now and then somebody acts inside a call of the scanner.
  const fileSystem = base.sim?.open((phase, { kind }) => {
    if (phase === 'before' && budget > 0 && draw(12) === 0) {
      budget--;
      act({ ...base, fileSystem: base.sim?.programs ?? base.fileSystem }, draw, !byHints);
    }
    return kind === 'lstat' && budget > 0 && draw(40) === 0 ? 'io' : undefined;
  });
  const disk = { ...base, fileSystem: fileSystem ?? base.fileSystem };
  const people = { ...base, fileSystem: base.sim?.programs ?? base.fileSystem };
  const scan = new TestScan(disk, caps);
  if (byHints) {
    scan.pass();
    const lost = (): void => assert.fail('nothing is lost here');
    base.sim?.hints().watch(base.root, { folder: scan.scanner.hint, lost });
  }
  for (let action = 0; action < ACTIONS; action++) {
    act(people, draw, !byHints);
    if (draw(4) === 0) {
      budget = draw(3);
      if (byHints) scan.pass();
      else scan.look();
      budget = 0;
    }
    if (draw(10) === 0) scan.tree.pairAll();
  }
  for (const _round of [1, 2]) {
    if (byHints) scan.settleHinted([], 60_000);
    else scan.settle(30_000);
  }
  assert.deepEqual(found(scan), expected(people), `seed ${seed}`);
  assert.equal(base.sim?.openHandles, 0, `seed ${seed}: a file was left open`);
  const before = scan.tree.dirty.length;
  scan.settle(30_000);
  assert.equal(scan.tree.dirty.length, before, `seed ${seed}: a quiet scan writes nothing`);
  return [...found(scan), ...scan.tree.dirty.map(String)];
}

test('when all is quiet the tree says what the disk holds', () => {
  for (let seed = 1; seed <= SEEDS; seed++) play(seed);
});

test('hints alone are enough', () => {
  for (let seed = 1; seed <= SEEDS; seed++) play(seed, true);
});

test('one seed, one run', () => {
  for (let seed = 1; seed <= 10; seed++) assert.deepEqual(play(seed), play(seed));
});
