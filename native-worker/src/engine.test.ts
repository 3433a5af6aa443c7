import assert from 'node:assert/strict';
import test from 'node:test';
import { MemorySpace } from './executor/testing/memory-space.ts';
import { pairedDevice, syncAll, type TestDevice } from './executor/testing/test-device.ts';

async function twoDevices(): Promise<{ space: MemorySpace; a: TestDevice; b: TestDevice }> {
  const space = new MemorySpace();
  const a = await pairedDevice(space, 'anna');
  const b = await pairedDevice(space, 'bert');
  return { space, a, b };
}

/** Both devices hold these files before anything happens. */
async function sharing(files: Readonly<Record<string, string>>): ReturnType<typeof twoDevices> {
  const devices = await twoDevices();
  for (const [path, content] of Object.entries(files)) devices.a.write(path, content);
  await syncAll([devices.a, devices.b]);
  return devices;
}

function conflictCopies(device: TestDevice): string[] {
  return Object.keys(device.tree()).filter((path) => path.includes('(conflict '));
}

function contentsOf(device: TestDevice): string[] {
  return Object.values(device.tree())
    .map((content) => content ?? '')
    .toSorted((x, y) => x.localeCompare(y));
}

test('files, folders and links appear on the other device', async () => {
  const { a, b } = await twoDevices();
  a.write('one.txt', 'one');
  a.write('deep/er/two.txt', 'two');
  a.disk.user.folder(a.at('empty'));
  a.disk.user.symlink('one.txt', a.at('link'));
  const summary = await a.sync();
  assert.equal(summary.uploaded.files, 3);
  await b.sync();
  assert.deepEqual(b.tree(), {
    deep: null,
    'deep/er': null,
    'deep/er/two.txt': 'two',
    empty: null,
    link: '-> one.txt',
    'one.txt': 'one',
  });
});

test('a second run makes no request beyond the pull and moves nothing', async () => {
  const { space, a, b } = await sharing({ 'a.txt': 'a', 'd/b.txt': 'b' });
  for (const device of [a, b]) {
    space.requests.length = 0;
    const summary = await device.sync();
    assert.deepEqual(space.requests, ['pull']);
    assert.equal(summary.uploaded.files + summary.downloaded.files + summary.moved, 0);
  }
});

test('an edit travels in both directions', async () => {
  const { a, b } = await sharing({ 'f.txt': 'v1' });
  b.write('f.txt', 'v2');
  await syncAll([b, a]);
  assert.deepEqual(a.tree(), { 'f.txt': 'v2' });
  a.write('f.txt', 'v3');
  await syncAll([a, b]);
  assert.deepEqual(b.tree(), { 'f.txt': 'v3' });
});

test('B1 a rename is one operation, moves no content and keeps the node', async () => {
  const { space, a, b } = await sharing({ 'f.txt': 'v1' });
  const before = [...space.snapshot().values()].find(({ name }) => name === 'f.txt');
  a.disk.user.rename(a.at('f.txt'), a.at('g.txt'));
  space.requests.length = 0;
  const summary = await a.sync();
  assert.deepEqual([summary.moved, summary.uploaded.files], [1, 0]);
  assert.equal(space.requests.includes('upload'), false);
  const inode = b.disk.fileSystem.lstat(b.at('f.txt'))?.ino;
  await b.sync();
  assert.deepEqual(b.tree(), { 'g.txt': 'v1' });
  assert.equal(b.disk.fileSystem.lstat(b.at('g.txt'))?.ino, inode);
  const after = [...space.snapshot().values()].find(({ name }) => name === 'g.txt');
  assert.equal(after?.id, before?.id);
});

test('B2 a folder moves whole', async () => {
  const { a, b } = await sharing({ 'd/1': '1', 'd/2': '2', 'd/e/3': '3' });
  a.disk.user.rename(a.at('d'), a.at('n'));
  const up = await a.sync();
  const down = await b.sync();
  assert.deepEqual([up.moved, down.moved], [1, 1]);
  assert.deepEqual(b.tree(), { n: null, 'n/1': '1', 'n/2': '2', 'n/e': null, 'n/e/3': '3' });
});

test('a deletion goes to the trash there and to the recycle area here', async () => {
  const { space, a, b } = await sharing({ 'f.txt': 'gone', 'keep.txt': 'k' });
  a.disk.user.remove(a.at('f.txt'));
  const summary = await a.sync();
  assert.equal(summary.trashed, 1);
  await b.sync();
  assert.deepEqual(b.tree(), { 'keep.txt': 'k' });
  const trashed = [...space.snapshot().values()].filter(({ parent }) => parent === space.trash);
  assert.deepEqual(
    trashed.map(({ name }) => name),
    ['f.txt'],
  );
  assert.deepEqual(recycled(b), ['f.txt: gone']);
});

/** Contents of the recycle area, with the paths that they had. */
function recycled(device: TestDevice): string[] {
  const { fileSystem, user } = device.disk;
  const root = device.at('.coffer/recycle');
  const found: string[] = [];
  const visit = (folder: string, depth: number, path: string): void => {
    if (fileSystem.lstat(folder) === undefined) return;
    for (const name of fileSystem.readFolder(folder)) {
      if (typeof name !== 'string' || name === 'index.jsonl') continue;
      const child = `${folder}/${name}`;
      const at = depth < 2 ? '' : path === '' ? name : `${path}/${name}`;
      if (fileSystem.lstat(child)?.type === 'folder') visit(child, depth + 1, at);
      else found.push(`${at}: ${new TextDecoder().decode(user.read(child))}`);
    }
  };
  visit(root, 0, '');
  return found.toSorted((x, y) => x.localeCompare(y));
}

test('A1 different edits on both sides keep both contents, the remote one under the name', async () => {
  const { a, b } = await sharing({ 'f.txt': 'v1' });
  a.write('f.txt', 'from anna');
  b.write('f.txt', 'from bert');
  await syncAll([a, b]);
  assert.deepEqual(a.tree(), b.tree());
  assert.equal(a.read('f.txt'), 'from anna');
  const [copy, ...more] = conflictCopies(a);
  assert.deepEqual(more, []);
  assert.match(copy ?? '', /^f \(conflict bert \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\)\.txt$/);
  assert.equal(a.read(copy ?? ''), 'from bert');
  const [conflict] = await a.engine.conflicts({});
  assert.deepEqual([conflict?.path, conflict?.copy], ['/f.txt', `/${copy ?? ''}`]);
});

test('A2 equal edits on both sides bind silently and move no byte', async () => {
  const { space, a, b } = await sharing({ 'f.txt': 'v1' });
  a.write('f.txt', 'same');
  b.write('f.txt', 'same');
  await a.sync();
  space.requests.length = 0;
  const summary = await b.sync();
  assert.deepEqual([summary.uploaded.files, summary.downloaded.files], [0, 0]);
  assert.deepEqual(conflictCopies(b), []);
  assert.equal(space.requests.includes('fetch'), false);
});

test('A3 two new files of one name are both kept', async () => {
  const { a, b } = await twoDevices();
  a.write('f', '1');
  b.write('f', '2');
  await syncAll([a, b]);
  assert.deepEqual(a.tree(), b.tree());
  assert.deepEqual(contentsOf(a), ['1', '2']);
});

test('A4 two new files of one name and content are one node', async () => {
  const { space, a, b } = await twoDevices();
  a.write('f', 'same');
  b.write('f', 'same');
  await syncAll([a, b]);
  assert.deepEqual(b.tree(), { f: 'same' });
  assert.equal([...space.snapshot().values()].filter(({ name }) => name === 'f').length, 1);
});

test('A5 two filled trees are merged and nothing is deleted', async () => {
  const { a, b } = await twoDevices();
  a.write('both/same', 'x');
  a.write('both/differs', 'a');
  a.write('only-a', 'a');
  b.write('both/same', 'x');
  b.write('both/differs', 'b');
  b.write('only-b', 'b');
  await syncAll([a, b]);
  assert.deepEqual(a.tree(), b.tree());
  assert.deepEqual(contentsOf(a), ['', 'a', 'a', 'b', 'b', 'x']);
});

test('A8 an edit beats a deletion', async () => {
  const { a, b } = await sharing({ f: 'v1', g: 'g' });
  a.disk.user.remove(a.at('f'));
  b.write('f', 'v2');
  await syncAll([b, a]);
  assert.deepEqual(a.tree(), { f: 'v2', g: 'g' });
});

test('A9 an edited file that was deleted elsewhere comes back with its id', async () => {
  const { space, a, b } = await sharing({ f: 'v1', g: 'g' });
  const id = [...space.snapshot().values()].find(({ name }) => name === 'f')?.id;
  a.disk.user.remove(a.at('f'));
  b.write('f', 'v2');
  await syncAll([a, b]);
  assert.deepEqual(a.tree(), { f: 'v2', g: 'g' });
  assert.equal([...space.snapshot().values()].find(({ name }) => name === 'f')?.id, id);
});

test('A12 a deletion on both sides is nothing to do', async () => {
  const { a, b } = await sharing({ f: 'v1', g: 'g' });
  a.disk.user.remove(a.at('f'));
  b.disk.user.remove(b.at('f'));
  await syncAll([a, b]);
  assert.deepEqual([a.tree(), b.tree()], [{ g: 'g' }, { g: 'g' }]);
});

test('B4 a file renamed here and edited there has the new name and the new content', async () => {
  const { a, b } = await sharing({ a: 'v1' });
  a.disk.user.rename(a.at('a'), a.at('b'));
  b.write('a', 'v2');
  await syncAll([b, a]);
  assert.deepEqual([a.tree(), b.tree()], [{ b: 'v2' }, { b: 'v2' }]);
});

test('B5 a file renamed on both sides has the remote name', async () => {
  const { a, b } = await sharing({ a: 'v1' });
  a.disk.user.rename(a.at('a'), a.at('x'));
  b.disk.user.rename(b.at('a'), b.at('y'));
  await syncAll([a, b]);
  assert.deepEqual([a.tree(), b.tree()], [{ x: 'v1' }, { x: 'v1' }]);
});

test('B9 a rename beats a deletion', async () => {
  const { a, b } = await sharing({ a: 'v1', k: 'k' });
  a.disk.user.rename(a.at('a'), a.at('b'));
  b.disk.user.remove(b.at('a'));
  await syncAll([b, a]);
  assert.deepEqual(
    [a.tree(), b.tree()],
    [
      { b: 'v1', k: 'k' },
      { b: 'v1', k: 'k' },
    ],
  );
});

test('B10 two files swap their names in both directions of travel', async () => {
  const { space, a, b } = await sharing({ a: 'A', b: 'B' });
  a.disk.user.rename(a.at('a'), a.at('t'));
  a.disk.user.rename(a.at('b'), a.at('a'));
  a.disk.user.rename(a.at('t'), a.at('b'));
  space.requests.length = 0;
  await syncAll([a, b]);
  assert.deepEqual(
    [a.tree(), b.tree()],
    [
      { a: 'B', b: 'A' },
      { a: 'B', b: 'A' },
    ],
  );
  assert.equal(space.requests.includes('fetch'), false);
});

test('a file moves into a folder that takes its name', async () => {
  const { a, b } = await sharing({ x: 'was a file' });
  a.disk.user.rename(a.at('x'), a.at('t'));
  a.disk.user.folder(a.at('x'));
  a.disk.user.rename(a.at('t'), a.at('x/y'));
  await syncAll([a, b]);
  assert.deepEqual(
    [a.tree(), b.tree()],
    [
      { x: null, 'x/y': 'was a file' },
      { x: null, 'x/y': 'was a file' },
    ],
  );
  assert.deepEqual(await b.engine.stalls({}), []);
});

test('B17 a child edited there lands in the folder renamed here', async () => {
  const { a, b } = await sharing({ 'd/f': 'v1' });
  a.disk.user.rename(a.at('d'), a.at('n'));
  b.write('d/f', 'v2');
  await syncAll([b, a]);
  assert.deepEqual(a.tree(), { n: null, 'n/f': 'v2' });
  assert.deepEqual(b.tree(), a.tree());
});

test('C1 a folder deleted here keeps what was added there', async () => {
  const { a, b } = await sharing({ 'd/old': 'o', k: 'k' });
  a.disk.user.remove(a.at('d'));
  b.write('d/new', 'n');
  await syncAll([b, a]);
  assert.deepEqual(a.tree(), { d: null, 'd/new': 'n', k: 'k' });
  assert.deepEqual(b.tree(), a.tree());
});

test('C2 a folder deleted there keeps what was edited here', async () => {
  const { a, b } = await sharing({ 'd/x': 'x', 'd/y': 'y', k: 'k' });
  a.disk.user.remove(a.at('d'));
  b.write('d/x', 'x2');
  await syncAll([a, b]);
  assert.deepEqual(b.tree(), { d: null, 'd/x': 'x2', k: 'k' });
  assert.deepEqual(a.tree(), b.tree());
});

test('C11 a folder deleted and made again holds what is new', async () => {
  const { a, b } = await sharing({ 'd/x': 'x', k: 'k' });
  a.disk.user.remove(a.at('d'));
  await syncAll([a, b]);
  a.write('d/y', 'y');
  await syncAll([a, b]);
  assert.deepEqual(b.tree(), { d: null, 'd/y': 'y', k: 'k' });
});

test('D1 a file becomes a folder and a folder a file', async () => {
  const { a, b } = await sharing({ f: 'f', 'd/x': 'x', k: 'k', l: 'l', m: 'm' });
  a.disk.user.remove(a.at('f'));
  a.write('f/in', 'in');
  a.disk.user.remove(a.at('d'));
  a.write('d', 'file');
  await syncAll([a, b]);
  assert.deepEqual(b.tree(), { d: 'file', f: null, 'f/in': 'in', k: 'k', l: 'l', m: 'm' });
});

test('D7 a file becomes a symbolic link and a file again', async () => {
  const { a, b } = await sharing({ f: 'f', k: 'k' });
  a.disk.user.remove(a.at('f'));
  a.disk.user.symlink('k', a.at('f'));
  await syncAll([a, b]);
  assert.deepEqual(b.tree(), { f: '-> k', k: 'k' });
  a.disk.user.remove(a.at('f'));
  a.write('f', 'back');
  await syncAll([a, b]);
  assert.deepEqual(b.tree(), { f: 'back', k: 'k' });
});

test('the executable bit and the time of a file travel, alone and with content', async () => {
  const { a, b } = await sharing({ f: 'f' });
  a.disk.user.setMode(a.at('f'), 0o755);
  a.disk.user.setTimes(a.at('f'), 1_500_000_000_123);
  const summary = await a.sync();
  assert.equal(summary.uploaded.files, 0);
  await b.sync();
  const stat = b.disk.fileSystem.lstat(b.at('f'));
  assert.equal((stat?.mode ?? 0) & 0o111, 0o111);
  assert.equal(stat?.mtimeNs, 1_500_000_000_123_000_000n);
  await syncAll([a, b]);
});
