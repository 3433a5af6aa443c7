/** What every FileSystem keeps to: run on the real disk and on the simulated one. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { bytesToUtf8, utf8ToBytes } from '@coffer/protocol/core';
import {
  LocalFault,
  type EntryStat,
  type FileSystem,
  type LocalFaultCode,
} from '../ports/file-system.ts';
import type { DiskUser } from './disk-user.ts';
import type { TestDisk } from './test-disk.ts';

interface Context {
  readonly disk: TestDisk;
  readonly fs: FileSystem;
  readonly user: DiskUser;
  /** A path in the root. */
  readonly at: (path: string) => string;
}

/** Runs `claims` on a fresh disk for each test. */
export function fileSystemContract(name: string, makeDisk: () => TestDisk): void {
  void describe(`file system: ${name}`, () => {
    let disk: TestDisk = makeDisk();
    disk.dispose();
    beforeEach(() => {
      disk = makeDisk();
    });
    afterEach(() => disk.dispose());
    for (const [claim, run] of Object.entries({ ...STAT_CLAIMS, ...NAME_CLAIMS, ...FILE_CLAIMS })) {
      void test(claim, async () => {
        const { fileSystem, user, root } = disk;
        await run({ disk, fs: fileSystem, user, at: (path) => `${root}/${path}` });
      });
    }
  });
}

type Claims = Readonly<Record<string, (context: Context) => void | Promise<void>>>;

export function faultOf(action: () => unknown): LocalFaultCode | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof LocalFault) return error.code;
    throw error;
  }
}

function statOf(fs: FileSystem, path: string): EntryStat {
  const stat = fs.lstat(path);
  assert.ok(stat !== undefined, 'the entry is there');
  return stat;
}

function textOf(fs: FileSystem, path: string): string {
  const file = fs.openRead(path);
  try {
    const into = new Uint8Array(1024);
    return bytesToUtf8(into.subarray(0, file.read(into, 0)));
  } finally {
    file.close();
  }
}

const STAT_CLAIMS: Claims = {
  'lstat gives the kind, size and mode of each entry': ({ fs, user, at }) => {
    user.write(at('file'), 'four');
    user.folder(at('folder'));
    user.symlink('file', at('link'));
    user.pipe(at('pipe'));
    user.setMode(at('file'), 0o640);
    assert.equal(statOf(fs, at('file')).type, 'file');
    assert.equal(statOf(fs, at('file')).size, 4);
    assert.equal(statOf(fs, at('file')).mode, 0o640);
    assert.equal(statOf(fs, at('folder')).type, 'folder');
    assert.equal(statOf(fs, at('link')).type, 'symlink');
    assert.equal(statOf(fs, at('link')).size, 4);
    assert.equal(statOf(fs, at('pipe')).type, 'special');
  },
  'lstat of nothing, and below a file, is undefined': ({ fs, user, at }) => {
    user.write(at('file'), '');
    assert.equal(fs.lstat(at('absent')), undefined);
    assert.equal(fs.lstat(at('absent/below')), undefined);
    assert.equal(fs.lstat(at('file/below')), undefined);
  },
  'a rename keeps the inode and the birth time': ({ fs, user, at }) => {
    user.write(at('a'), 'x');
    const { ino, birthNs, mtimeNs } = statOf(fs, at('a'));
    fs.rename(at('a'), at('b'));
    const after = statOf(fs, at('b'));
    assert.deepEqual([after.ino, after.birthNs, after.mtimeNs], [ino, birthNs, mtimeNs]);
    assert.equal(fs.lstat(at('a')), undefined);
  },
  'a write in place changes ctime though the old mtime is set again': ({ disk, fs, user, at }) => {
    user.write(at('a'), 'one');
    user.setTimes(at('a'), 1_700_000_000_000);
    const before = statOf(fs, at('a'));
    waitForTick(disk);
    user.write(at('a'), 'two');
    user.setTimes(at('a'), 1_700_000_000_000);
    const after = statOf(fs, at('a'));
    assert.deepEqual(
      [after.mtimeNs, after.size, after.ino],
      [before.mtimeNs, before.size, before.ino],
    );
    assert.ok(after.ctimeNs > before.ctimeNs);
  },
  'setTimes of a symbolic link leaves its target alone': ({ fs, user, at }) => {
    user.write(at('file'), 'x');
    user.symlink('file', at('link'));
    const before = statOf(fs, at('file')).mtimeNs;
    fs.setTimes(at('link'), 1_600_000_000_000);
    assert.equal(statOf(fs, at('file')).mtimeNs, before);
    assert.equal(statOf(fs, at('link')).mtimeNs / 1_000_000n, 1_600_000_000_000n);
  },
  'free space is less than the whole': ({ fs, user, disk, at }) => {
    user.write(at('file'), 'some bytes');
    const { free, total } = fs.freeBytes(disk.root);
    assert.ok(free > 0 && free < total);
  },
};

/** A real file system keeps times by the tick of its kernel. */
function waitForTick(disk: TestDisk): void {
  disk.clock.advance(10);
  if (disk.sim === undefined) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 15);
}

const NAME_CLAIMS: Claims = {
  'readFolder lists every name once, and one that is not UTF-8 as bytes': ({ fs, user, at }) => {
    user.write(at('é'), '');
    user.write(at('\uFFFD'), '');
    user.folder(at('folder'));
    user.rawName(at('folder').slice(0, -'/folder'.length), Uint8Array.of(0x66, 0xff));
    const names = fs.readFolder(at('.').slice(0, -2));
    const text = names.filter((name) => typeof name === 'string').sort();
    const raw = names.filter((name) => typeof name !== 'string').map((name) => Array.from(name));
    assert.deepEqual(text, ['folder', 'é', '\uFFFD']);
    assert.deepEqual(raw, [[0x66, 0xff]]);
  },
  'readFolder of a file and of nothing fails': ({ fs, user, at }) => {
    user.write(at('file'), '');
    assert.equal(
      faultOf(() => fs.readFolder(at('file'))),
      'not-a-folder',
    );
    assert.equal(
      faultOf(() => fs.readFolder(at('absent'))),
      'not-found',
    );
  },
  'what may not be read is denied': ({ disk, fs, user, at }) => {
    user.write(at('file'), 'x');
    user.setMode(at('file'), 0);
    user.folder(at('folder'));
    user.setMode(at('folder'), 0);
    const codes = disk.asUser(() => [
      faultOf(() => fs.openRead(at('file'))),
      faultOf(() => fs.readFolder(at('folder'))),
      faultOf(() => fs.lstat(at('folder/x'))),
    ]);
    assert.deepEqual(codes, ['denied', 'denied', 'denied']);
    user.setMode(at('folder'), 0o755);
  },
  'making what is there already fails with exists': ({ fs, user, at }) => {
    user.write(at('file'), 'x');
    user.folder(at('folder'));
    assert.equal(
      faultOf(() => fs.createFile(at('file'))),
      'exists',
    );
    assert.equal(
      faultOf(() => fs.makeFolder(at('folder'))),
      'exists',
    );
    assert.equal(
      faultOf(() => fs.makeSymlink('x', at('file'))),
      'exists',
    );
    assert.equal(
      faultOf(() => fs.link(at('file'), at('folder'))),
      'exists',
    );
    assert.equal(textOf(fs, at('file')), 'x');
  },
  'createFile does not write through a symbolic link': ({ fs, user, at }) => {
    user.symlink('elsewhere', at('link'));
    assert.equal(
      faultOf(() => fs.createFile(at('link'))),
      'exists',
    );
    assert.equal(fs.lstat(at('elsewhere')), undefined);
  },
  'link gives a second name to one inode': ({ fs, user, at }) => {
    user.write(at('a'), 'x');
    fs.link(at('a'), at('b'));
    assert.equal(statOf(fs, at('b')).ino, statOf(fs, at('a')).ino);
    assert.equal(statOf(fs, at('b')).links, 2);
    fs.unlink(at('a'));
    assert.equal(textOf(fs, at('b')), 'x');
  },
  'rename replaces a file, and an empty folder by a folder': ({ fs, user, at }) => {
    user.write(at('a'), 'a');
    user.write(at('b'), 'b');
    fs.rename(at('a'), at('b'));
    assert.equal(textOf(fs, at('b')), 'a');
    user.folder(at('full/child'));
    user.folder(at('empty'));
    assert.equal(
      faultOf(() => fs.rename(at('empty'), at('full'))),
      'not-empty',
    );
    fs.rename(at('full'), at('empty'));
    assert.deepEqual(fs.readFolder(at('empty')), ['child']);
  },
  'rename of nothing fails, and of a folder into itself': ({ fs, user, at }) => {
    user.folder(at('folder'));
    assert.equal(
      faultOf(() => fs.rename(at('absent'), at('x'))),
      'not-found',
    );
    assert.equal(
      faultOf(() => fs.rename(at('folder'), at('folder/x'))),
      'name-illegal',
    );
  },
  'rename between two names of one file changes nothing': ({ fs, user, at }) => {
    user.write(at('a'), 'x');
    fs.link(at('a'), at('b'));
    fs.rename(at('a'), at('b'));
    assert.equal(statOf(fs, at('a')).ino, statOf(fs, at('b')).ino);
  },
  'unlink takes files and links, removeFolder empty folders': ({ fs, user, at }) => {
    user.folder(at('folder/child'));
    user.symlink('folder', at('link'));
    assert.equal(
      faultOf(() => fs.unlink(at('folder'))),
      'is-a-folder',
    );
    assert.equal(
      faultOf(() => fs.removeFolder(at('folder'))),
      'not-empty',
    );
    assert.equal(
      faultOf(() => fs.removeFolder(at('link'))),
      'not-a-folder',
    );
    fs.unlink(at('link'));
    fs.removeFolder(at('folder/child'));
    fs.removeFolder(at('folder'));
    assert.equal(
      faultOf(() => fs.unlink(at('link'))),
      'not-found',
    );
  },
  'readLink gives the text of a link, also of one that leads nowhere': ({ fs, at }) => {
    fs.makeSymlink('../no where/é', at('link'));
    assert.equal(fs.readLink(at('link')), '../no where/é');
  },
  'a name of 255 bytes fits, one of 256 is too long': ({ fs, at }) => {
    fs.makeFolder(at('n'.repeat(255)));
    assert.equal(
      faultOf(() => fs.makeFolder(at('n'.repeat(256)))),
      'name-too-long',
    );
    assert.equal(
      faultOf(() => fs.makeFolder(at('é'.repeat(128)))),
      'name-too-long',
    );
  },
  'a NUL in a path is refused': ({ fs, at }) => {
    assert.equal(
      faultOf(() => fs.makeFolder(at('a\0b'))),
      'name-illegal',
    );
  },
  'a fault names no path': ({ fs, at }) => {
    assert.throws(
      () => fs.openRead(at('secret-name')),
      (error) =>
        error instanceof LocalFault &&
        !JSON.stringify([error.message, error.cause, error.stack?.split('\n')[0]]).includes(
          'secret-name',
        ),
    );
  },
};

const FILE_CLAIMS: Claims = {
  'a created file is written, read from any position and 0600': async ({ fs, at }) => {
    const file = fs.createFile(at('a'));
    file.write(utf8ToBytes('hello '));
    file.write(utf8ToBytes('world'));
    file.setMode(0o644);
    await file.sync();
    const into = new Uint8Array(5);
    assert.equal(file.read(into, 6), 5);
    assert.equal(bytesToUtf8(into), 'world');
    assert.equal(file.read(into, 11), 0);
    assert.deepEqual([file.stat().size, file.stat().mode], [11, 0o644]);
    file.close();
    assert.equal(fs.createFile(at('b')).stat().mode, 0o600);
  },
  'times set on an open file are what lstat says, to the millisecond': ({ fs, at }) => {
    const file = fs.createFile(at('a'));
    file.write(utf8ToBytes('x'));
    for (const mtimeMs of [1_700_000_000_123, 0, 4_000_000_000_001]) {
      file.setTimes(mtimeMs);
      const ns = statOf(fs, at('a')).mtimeNs;
      assert.equal((ns + 500_000n) / 1_000_000n, BigInt(mtimeMs));
    }
    file.close();
  },
  'openRead refuses folders, links and pipes, and does not block': ({ fs, user, at }) => {
    user.folder(at('folder'));
    user.write(at('file'), 'x');
    user.symlink('file', at('link'));
    user.pipe(at('pipe'));
    assert.equal(
      faultOf(() => fs.openRead(at('folder'))),
      'is-a-folder',
    );
    assert.equal(
      faultOf(() => fs.openRead(at('link'))),
      'unsupported',
    );
    assert.equal(
      faultOf(() => fs.openRead(at('pipe'))),
      'unsupported',
    );
    assert.equal(
      faultOf(() => fs.openRead(at('absent'))),
      'not-found',
    );
  },
  'an open file stays readable after its name is gone': ({ fs, user, at }) => {
    user.write(at('a'), 'still here');
    const file = fs.openRead(at('a'));
    const { ino } = file.stat();
    fs.unlink(at('a'));
    const into = new Uint8Array(32);
    assert.equal(bytesToUtf8(into.subarray(0, file.read(into, 0))), 'still here');
    assert.equal(file.stat().links, 0);
    user.write(at('b'), 'other');
    assert.notEqual(statOf(fs, at('b')).ino, ino, 'the number of an open file is not given again');
    file.close();
  },
  'folders and files can be synced': async ({ disk, fs, at }) => {
    const file = fs.createFile(at('a'));
    file.write(utf8ToBytes('x'));
    await file.sync();
    file.close();
    await fs.syncFolder(disk.root);
    await assert.rejects(fs.syncFolder(at('absent')), LocalFault);
    assert.equal(textOf(fs, at('a')), 'x');
  },
};
