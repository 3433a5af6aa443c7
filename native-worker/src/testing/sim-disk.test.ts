import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8ToBytes } from '@coffer/protocol/core';
import { faultOf } from './file-system-contract.ts';
import { Crash } from './sim-disk.ts';
import { simTestDisk, type TestDisk } from './test-disk.ts';

function simOf(options: Parameters<typeof simTestDisk>[0] = {}) {
  const disk = simTestDisk(options);
  const { sim } = disk;
  assert.ok(sim !== undefined);
  return { ...disk, sim, at: (path: string) => `${disk.root}/${path}` };
}

function names({ sim, root }: Pick<TestDisk, 'sim' | 'root'>): readonly unknown[] {
  return [...(sim?.programs.readFolder(root) ?? [])].map(String).sort();
}

test('a freed inode number is given to the next entry', () => {
  const { user, fileSystem, at } = simOf();
  user.write(at('f'), 'x');
  const first = fileSystem.lstat(at('f'));
  user.remove(at('f'));
  user.folder(at('g'));
  const second = fileSystem.lstat(at('g'));
  assert.equal(second?.ino, first?.ino);
  assert.notEqual(second?.birthNs, first?.birthNs);
});

test('coarse volumes truncate times and may have no birth time', () => {
  const { user, fileSystem, at } = simOf({ mtimeGranNs: 2_000_000_000n, birthTimes: false });
  user.write(at('f'), 'x');
  user.setTimes(at('f'), 1_700_000_001_999);
  const stat = fileSystem.lstat(at('f'));
  assert.equal(stat?.mtimeNs, 1_700_000_000_000_000_000n);
  assert.equal(stat?.birthNs, 0n);
});

test('a case-insensitive volume finds a name in any case and keeps the case written', () => {
  const disk = simOf({ caseSensitive: false });
  disk.user.write(disk.at('Name'), 'x');
  assert.equal(
    faultOf(() => disk.fileSystem.createFile(disk.at('NAME'))),
    'exists',
  );
  disk.fileSystem.rename(disk.at('name'), disk.at('nAME'));
  assert.deepEqual(names(disk), ['nAME']);
});

test('a normalising volume lists decomposed names and finds both forms', () => {
  const disk = simOf({ normalising: true });
  disk.user.write(disk.at('é'), 'x');
  assert.deepEqual(names(disk), ['e\u0301']);
  assert.ok(disk.fileSystem.lstat(disk.at('e\u0301')) !== undefined);
});

test('E5 a volume that counts UTF-16 units holds names of 255 units', () => {
  const { fileSystem, at } = simOf({ nameUnit: 'utf16' });
  fileSystem.makeFolder(at('é'.repeat(255)));
  assert.equal(
    faultOf(() => fileSystem.makeFolder(at('é'.repeat(256)))),
    'name-too-long',
  );
});

test('a volume with the rules of Windows refuses its names', () => {
  const { fileSystem, at } = simOf({ windowsNames: true });
  for (const name of ['CON', 'nul.txt', 'a:b', 'x.', 'x ', 'COM¹', 'a\\b', 'a\u0001']) {
    assert.equal(
      faultOf(() => fileSystem.makeFolder(at(name))),
      'name-illegal',
      name,
    );
  }
});

test('a full disk refuses the write and gives space back', () => {
  const { fileSystem, at } = simOf({ totalBytes: 10 });
  const file = fileSystem.createFile(at('a'));
  file.write(utf8ToBytes('12345678'));
  assert.equal(
    faultOf(() => file.write(utf8ToBytes('901'))),
    'disk-full',
  );
  file.close();
  assert.equal(fileSystem.freeBytes(at('a')).free, 2);
  fileSystem.unlink(at('a'));
  assert.equal(fileSystem.freeBytes('/').free, 10);
});

test('a crash loses bytes and names that were not synced', async () => {
  const disk = simOf();
  const { sim, at, user } = disk;
  user.write(at('old'), 'durable');
  sim.writeBack(0);
  const file = disk.fileSystem.createFile(at('new'));
  file.write(utf8ToBytes('synced'));
  await file.sync();
  user.write(at('old'), 'not durable');
  sim.crash();
  assert.deepEqual(names(disk), ['old']);
  assert.equal(new TextDecoder().decode(user.read(at('old'))), 'durable');
});

test('a crash keeps what was synced by file and by folder', async () => {
  const disk = simOf();
  disk.sim.writeBack(0);
  const file = disk.fileSystem.createFile(disk.at('staged'));
  file.write(utf8ToBytes('synced'));
  await file.sync();
  file.close();
  disk.fileSystem.rename(disk.at('staged'), disk.at('placed'));
  await disk.fileSystem.syncFolder(disk.root);
  disk.fileSystem.rename(disk.at('placed'), disk.at('again'));
  disk.sim.crash();
  assert.deepEqual(names(disk), ['placed']);
  assert.equal(new TextDecoder().decode(disk.user.read(disk.at('placed'))), 'synced');
});

test('a crash may keep a prefix of the names and torn bytes', () => {
  const disk = simOf();
  disk.sim.writeBack(0);
  disk.user.write(disk.at('a'), 'abcd');
  disk.user.write(disk.at('b'), 'x');
  disk.user.rename(disk.at('a'), disk.at('c'));
  disk.sim.crash({ keepNames: (pending) => pending - 1, torn: () => 'half' });
  assert.deepEqual(names(disk), ['a', 'b']);
  assert.deepEqual(Array.from(disk.user.read(disk.at('a'))), [0x61, 0x62, 0, 0]);
});

test('the system writes a file back some time after it was written, whatever is done with it since', () => {
  const disk = simOf();
  disk.user.write(disk.at('a'), 'abcd');
  disk.clock.advance(4000);
  disk.user.rename(disk.at('a'), disk.at('b'));
  disk.clock.advance(1000);
  disk.sim.writeBack(5000);
  disk.user.write(disk.at('b'), 'abcdef');
  disk.sim.writeBack(5000);
  disk.sim.crash({ keepNames: (pending) => pending });
  assert.equal(new TextDecoder().decode(disk.user.read(disk.at('b'))), 'abcd');
});

test('an atomic replacement is undone whole', () => {
  const disk = simOf();
  disk.user.write(disk.at('f'), 'old');
  disk.user.write(disk.at('t'), 'new');
  disk.sim.writeBack(0);
  disk.user.rename(disk.at('t'), disk.at('f'));
  disk.sim.crash();
  assert.deepEqual(names(disk), ['f', 't']);
  assert.equal(new TextDecoder().decode(disk.user.read(disk.at('f'))), 'old');
});

test('a port from before the crash is dead', () => {
  const { sim, at } = simOf();
  const port = sim.open();
  const file = port.createFile(at('f'));
  assert.equal(sim.openHandles, 1);
  sim.crash();
  assert.throws(() => port.lstat(at('f')), Crash);
  assert.throws(() => file.close(), Crash);
  assert.equal(sim.openHandles, 0);
});

test('people act inside a call, before and after it', () => {
  const { sim, user, root, at } = simOf();
  const seen: string[] = [];
  const port = sim.open((phase, call) => {
    seen.push(`${phase} ${call.kind}`);
    if (phase === 'before') user.write(at('early'), '');
    else user.write(at('late'), '');
    return undefined;
  });
  assert.deepEqual(port.readFolder(root), ['early']);
  assert.deepEqual(seen, ['before readFolder', 'after readFolder']);
});

test('a chosen call fails as often as asked, and a turn may throw Crash', () => {
  const { sim, root, at } = simOf();
  const port = sim.open();
  for (const code of ['denied', 'busy', 'io', 'disk-full', 'too-many-open'] as const) {
    sim.inject('makeFolder', code, 'x');
    assert.equal(
      faultOf(() => port.makeFolder(at('x'))),
      code,
    );
  }
  port.makeFolder(at('x'));
  const dying = sim.open(() => {
    throw new Crash('now');
  });
  assert.throws(() => dying.readFolder(root), Crash);
});

test('G1 an unmounted volume shows the empty folder below it', () => {
  const disk = simOf();
  const volume = disk.sim.newVolume({ dev: 2n });
  disk.user.folder(disk.at('mnt'));
  disk.sim.mount(disk.at('mnt'), volume);
  disk.user.write(disk.at('mnt/f'), 'x');
  const inside = disk.fileSystem.lstat(disk.at('mnt/f'));
  assert.equal(inside?.dev, 2n);
  assert.equal(
    faultOf(() => disk.fileSystem.rename(disk.at('mnt/f'), disk.at('f'))),
    'other-device',
  );
  disk.sim.unmount(disk.at('mnt'));
  assert.deepEqual(disk.fileSystem.readFolder(disk.at('mnt')), []);
  disk.sim.mount(disk.at('mnt'), volume);
  assert.deepEqual(disk.fileSystem.readFolder(disk.at('mnt')), ['f']);
});

test('T66 a path through a symbolic link is followed, as by a system', () => {
  const disk = simOf();
  disk.user.folder('/home/outside');
  disk.user.write('/home/outside/secret', 's');
  disk.user.symlink('../outside', disk.at('link'));
  assert.ok(disk.fileSystem.lstat(disk.at('link/secret')) !== undefined);
});

test('hints name the folder of each change below the root, as often as a simulation lets them', () => {
  const { sim, user, root, at } = simOf();
  const told: string[] = [];
  const listener = { folder: (path: string) => told.push(path), lost: () => told.push('lost') };
  const stop = sim.hints().watch(root, listener);
  user.folder(at('d/e'));
  user.write(at('d/e/f'), 'x');
  user.rename(at('d/e/f'), at('g'));
  user.folder(at('.coffer/staging'));
  user.write('/home/outside', 'x');
  assert.deepEqual([...new Set(told)], ['', 'd', 'd/e']);
  stop();
  user.write(at('h'), 'x');
  const before = told.length;
  sim.hints(() => undefined).watch(root, listener);
  sim.hints((_hint, { lost }) => lost('overflow')).watch(root, listener);
  user.setTimes(at('h'), 0);
  assert.deepEqual(told.slice(before), ['lost']);
});
