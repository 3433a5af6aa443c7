/** Commits of a space by several writers, against the real server in this process. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChunkId, NodeId } from '@coffer/protocol/core';
import type { ChangeOutcome, Drive, SpaceChange, UploadedContent } from '@coffer/sdk';
import { RemoteFault } from '@coffer/sdk';
import { honest, paths, putText, readText, signal, World } from './harness.ts';

const meta = { mtimeMs: 1000, executable: false };

function kinds(outcomes: readonly ChangeOutcome[]): readonly string[] {
  return outcomes.map((outcome) => (outcome.kind === 'stale' ? outcome.why : outcome.kind));
}

function idOf(drive: Drive, path: string): NodeId {
  const found = drive.resolve(path);
  assert.ok(found.ok, path);
  return found.value.node.id;
}

function upload(drive: Drive, text: string): Promise<UploadedContent> {
  return drive.space.createUploader().add([new TextEncoder().encode(text)], signal);
}

test('two writers that race both get their changes in', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  const folders = (drive: Drive, prefix: string): SpaceChange[] =>
    Array.from({ length: 5 }, (_, i) => ({
      op: 'make-folder',
      id: drive.space.newNodeId(),
      parent: drive.space.rootFolder,
      name: `${prefix}${i}`,
    }));
  const one = (drive: Drive, prefix: string) =>
    folders(drive, prefix).map((change) => drive.space.commit([change], signal));
  const outcomes = await Promise.all([...one(laptop.drive, 'l'), ...one(desk.drive, 'd')]);
  assert.deepEqual(new Set(outcomes.flatMap(kinds)), new Set(['done']));
  await laptop.drive.refresh(signal);
  assert.equal(paths(laptop.drive).length, 10);
});

test('a change of a node that another device changed meanwhile is stale', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  await putText(laptop.drive, '/a', 'one');
  await putText(laptop.drive, '/b', 'one');
  await desk.drive.refresh(signal);
  const a = idOf(desk.drive, '/a');
  const b = idOf(desk.drive, '/b');
  await putText(laptop.drive, '/a', 'two');
  assert.ok((await laptop.drive.edit.purge('/b', signal)).ok);
  const root = desk.drive.space.rootFolder;
  const outcomes = await desk.drive.space.commit(
    [
      {
        op: 'write',
        id: a,
        rev: 1,
        content: await upload(desk.drive, 'mine'),
        meta,
        keepVersion: true,
      },
      { op: 'move', id: b, parent: root, name: 'c' },
      { op: 'make-folder', id: desk.drive.space.newNodeId(), parent: root, name: 'd' },
    ],
    signal,
  );
  assert.deepEqual(kinds(outcomes), ['node-changed', 'node-gone', 'done']);
  assert.equal(await readText(desk.drive, '/a'), 'two');
});

test('what a pull brought between planning and committing makes a change stale', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  await putText(laptop.drive, '/a', 'one');
  await desk.drive.refresh(signal);
  const a = idOf(desk.drive, '/a');
  assert.ok((await laptop.drive.edit.move('/a', '/b', signal)).ok);
  const pulling = desk.drive.space.pull(signal);
  const moving = desk.drive.space.commit(
    [{ op: 'move', id: a, parent: desk.drive.space.rootFolder, name: 'c' }],
    signal,
  );
  await pulling;
  assert.deepEqual(kinds(await moving), ['node-changed']);
  assert.deepEqual(paths(desk.drive), ['/b']);
});

test('two devices that give one name: the first keeps it, the second is told', async () => {
  await using world = await World.create('laptop', 'desk');
  const devices = world.pair.map(({ drive }) => drive);
  const outcomes = await Promise.all(
    devices.map((drive) =>
      drive.space.commit(
        [
          {
            op: 'make-folder',
            id: drive.space.newNodeId(),
            parent: drive.space.rootFolder,
            name: 'same',
          },
        ],
        signal,
      ),
    ),
  );
  assert.deepEqual(outcomes.flatMap(kinds).sort(), ['done', 'name-taken']);
});

test('two nodes swap their names in one commit', async () => {
  await using world = await World.create('laptop');
  const [{ drive, requests }] = world.pair;
  await putText(drive, '/a', 'a');
  await putText(drive, '/b', 'b');
  const parent = drive.space.rootFolder;
  const ids = [idOf(drive, '/a'), idOf(drive, '/b')] as const;
  requests.length = 0;
  const outcomes = await drive.space.commit(
    [
      { op: 'move', id: ids[0], parent, name: 'b' },
      { op: 'move', id: ids[1], parent, name: 'a' },
    ],
    signal,
  );
  assert.deepEqual(kinds(outcomes), ['done', 'done']);
  assert.equal(requests.filter((request) => request.endsWith('/commits')).length, 1);
  assert.deepEqual([await readText(drive, '/a'), await readText(drive, '/b')], ['b', 'a']);
});

test('a folder never comes below itself, however the moves are ordered', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/a/x', 'x');
  await putText(drive, '/b/y', 'y');
  const [a, b] = [idOf(drive, '/a'), idOf(drive, '/b')];
  const outcomes = await drive.space.commit(
    [
      { op: 'move', id: a, parent: b, name: 'a' },
      { op: 'move', id: b, parent: a, name: 'b' },
    ],
    signal,
  );
  assert.deepEqual(kinds(outcomes), ['done', 'cycle']);
  assert.deepEqual(paths(drive), ['/b', '/b/a', '/b/a/x', '/b/y']);
});

test('changes of one list build on each other: made, filled, written, moved, trashed, purged', async () => {
  await using world = await World.create('laptop', 'desk');
  const [{ drive }, desk] = world.pair;
  const [folder, file, gone] = [1, 2, 3].map(() => drive.space.newNodeId());
  assert.ok(folder !== undefined && file !== undefined && gone !== undefined);
  const [one, two] = [await upload(drive, 'one'), await upload(drive, 'two')];
  const parent = drive.space.rootFolder;
  const outcomes = await drive.space.commit(
    [
      { op: 'make-folder', id: folder, parent, name: 'docs' },
      { op: 'make-file', id: file, parent: folder, name: 'a', content: one, meta, copyOf: null },
      { op: 'write', id: file, rev: 1, content: two, meta, keepVersion: true },
      { op: 'set-meta', id: file, rev: 1, meta: { mtimeMs: 5, executable: true } },
      { op: 'move', id: file, parent, name: 'b' },
      { op: 'make-folder', id: gone, parent: folder, name: 'gone' },
      { op: 'trash', id: folder },
      { op: 'purge', id: folder },
    ],
    signal,
  );
  assert.deepEqual(new Set(kinds(outcomes)), new Set(['done']));
  await desk.drive.refresh(signal);
  assert.deepEqual(paths(desk.drive), ['/b']);
  assert.equal(await readText(desk.drive, '/b'), 'two');
  const found = desk.drive.resolve('/b');
  assert.ok(found.ok);
  const { executable, mtimeMs } = found.value.node;
  assert.deepEqual([executable, mtimeMs, desk.drive.trashed()], [true, 5, []]);
});

test('later changes of a list may name the revision that the caller saw', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/a', 'one');
  const id = idOf(drive, '/a');
  const content = await upload(drive, 'two');
  const outcomes = await drive.space.commit(
    [
      { op: 'write', id, rev: 1, content, meta, keepVersion: true },
      { op: 'set-meta', id, rev: 1, meta: { mtimeMs: 7, executable: false } },
    ],
    signal,
  );
  assert.deepEqual(kinds(outcomes), ['done', 'done']);
  const found = drive.resolve('/a');
  assert.ok(found.ok);
  assert.deepEqual([found.value.node.rev, found.value.node.mtimeMs], [2, 7]);
  const versions = drive.versions('/a');
  assert.equal(versions.ok && versions.value.length, 2);
});

test('a commit whose answer was lost is sent again and counts once', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  let lost = 0;
  laptop.answer = (exchange) => {
    const isCommit =
      exchange.request.method === 'POST' && exchange.request.path.endsWith('/commits');
    return isCommit && lost++ === 0 ? 'lost' : exchange.body;
  };
  await putText(laptop.drive, '/a', 'once');
  assert.equal(lost, 2);
  await desk.drive.refresh(signal);
  assert.deepEqual(paths(desk.drive), ['/a']);
  assert.equal(laptop.drive.space.head().seq, desk.drive.space.head().seq);
});

test('a commit that was accepted unheard comes back with the next pull', async () => {
  await using world = await World.create('laptop');
  const [laptop] = world.pair;
  laptop.answer = ({ request, body }) =>
    request.method === 'POST' && request.path.endsWith('/commits') ? 'lost' : body;
  await assert.rejects(putText(laptop.drive, '/a', 'once'), {
    name: 'RemoteFault',
    code: 'network',
  });
  assert.deepEqual(paths(laptop.drive), []);
  laptop.answer = honest;
  await laptop.drive.refresh(signal);
  assert.deepEqual(paths(laptop.drive), ['/a']);
});

test('one change that the server refuses does not stop the others', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  // As deep as folders may be: the server refuses what is moved below by its own count.
  const deep = Array.from({ length: 128 }, () => 'd').join('/');
  assert.ok((await drive.makeFolder(deep, { parents: true }, signal)).ok);
  await putText(drive, '/a', 'a');
  const parent = drive.space.rootFolder;
  const outcomes = await drive.space.commit(
    [
      { op: 'make-folder', id: drive.space.newNodeId(), parent, name: 'x' },
      { op: 'move', id: idOf(drive, '/a'), parent: idOf(drive, deep), name: 'a' },
      { op: 'make-folder', id: drive.space.newNodeId(), parent: idOf(drive, deep), name: 'e' },
      { op: 'make-folder', id: drive.space.newNodeId(), parent, name: 'y' },
    ],
    signal,
  );
  assert.deepEqual(kinds(outcomes), ['done', 'too-deep', 'too-deep', 'done']);
});

test('what was made of a delta is what a fresh look says', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  const seen = new Set<NodeId>();
  const follow = async (): Promise<void> => {
    await desk.drive.space.pull(signal, ({ changed, removed }) => {
      for (const id of changed) seen.add(id);
      for (const id of removed) seen.delete(id);
    });
  };
  await putText(laptop.drive, '/docs/a', 'a');
  await follow();
  await putText(laptop.drive, '/docs/b', 'b');
  assert.ok((await laptop.drive.edit.move('/docs/a', '/c', signal)).ok);
  assert.ok((await laptop.drive.edit.purge('/docs', signal)).ok);
  await follow();
  assert.deepEqual([...seen], [idOf(desk.drive, '/c')]);
});

test('an error inside of onApplied leaves the store as it was, and the next pull repeats it', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  await putText(laptop.drive, '/a', 'a');
  const before = desk.drive.space.head();
  const full = new Error('the database is full');
  await assert.rejects(
    desk.drive.space.pull(signal, () => {
      throw full;
    }),
    full,
  );
  assert.deepEqual([desk.drive.space.head(), paths(desk.drive)], [before, []]);
  await desk.drive.refresh(signal);
  assert.deepEqual(paths(desk.drive), ['/a']);
});

test('content that the server lost before the commit is asked for again', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  const content = await upload(drive, 'never sent');
  const id = 'ab'.repeat(32) as ChunkId;
  const forged = {
    ...content,
    chunks: content.chunks.map((chunk) => Object.assign({}, chunk, { id })),
  };
  const parent = drive.space.rootFolder;
  const outcomes = await drive.space.commit(
    [
      {
        op: 'make-file',
        id: drive.space.newNodeId(),
        parent,
        name: 'a',
        content: forged,
        meta,
        copyOf: null,
      },
      { op: 'make-folder', id: drive.space.newNodeId(), parent, name: 'b' },
    ],
    signal,
  );
  assert.deepEqual(kinds(outcomes), ['content-missing', 'done']);
});

test('a server that is away is a fault, and nothing is lost', async () => {
  await using world = await World.create('laptop');
  const [laptop] = world.pair;
  laptop.answer = () => 'lost';
  await assert.rejects(
    laptop.drive.refresh(signal),
    (error) => error instanceof RemoteFault && error.retry.kind === 'after',
  );
  laptop.answer = honest;
  await putText(laptop.drive, '/a', 'a');
  assert.deepEqual(paths(laptop.drive), ['/a']);
});

test('an abort ends a commit with its reason', async () => {
  await using world = await World.create('laptop');
  const [laptop] = world.pair;
  const ending = new AbortController();
  const reason = new Error('the person said stop');
  laptop.before = ({ path }) => {
    if (path.endsWith('/commits')) ending.abort(reason);
  };
  const parent = laptop.drive.space.rootFolder;
  const change: SpaceChange = {
    op: 'make-folder',
    id: laptop.drive.space.newNodeId(),
    parent,
    name: 'a',
  };
  await assert.rejects(laptop.drive.space.commit([change], ending.signal), reason);
});

test('content beyond the quota is refused, and everything else goes on', async () => {
  await using world = await World.createLimited(300_000, 'laptop');
  const [{ drive }] = world.pair;
  await putText(drive, '/small', 'fits');
  const source = (size: number) => () => [world.suite.randomBytes(size)];
  const outcomes = await drive.putAll(
    [
      { kind: 'folder', path: '/new' },
      { kind: 'file', path: '/new/large', open: source(400_000), meta },
    ],
    { makeParents: false },
    signal,
  );
  const codes = outcomes.map((outcome) => (outcome.kind === 'refused' ? outcome.code : ''));
  assert.deepEqual(codes, ['', 'quota-exceeded']);
  assert.ok((await drive.edit.trash('/small', signal)).ok);
  assert.deepEqual(paths(drive), ['/new']);
  const usage = await drive.usage(signal);
  assert.equal(usage.totalBytes, 300_000);
});

test('a name that no node can have is refused alone', async () => {
  await using world = await World.create('laptop');
  const [{ drive }] = world.pair;
  const parent = drive.space.rootFolder;
  const folder = (name: string): SpaceChange => {
    return { op: 'make-folder', id: drive.space.newNodeId(), parent, name };
  };
  const names = ['a', '..', 'x/y', 'b', '', 'x'.repeat(1025), 'c'];
  const outcomes = await drive.space.commit(names.map(folder), signal);
  assert.deepEqual(
    kinds(outcomes).map((kind) => kind === 'done'),
    [true, false, false, true, false, false, true],
  );
  assert.deepEqual(paths(drive), ['/a', '/b', '/c']);
});

test('a folder is not trashed with what another device put into it meanwhile', async () => {
  await using world = await World.create('laptop', 'desk');
  const [laptop, desk] = world.pair;
  await putText(laptop.drive, '/folder/deep/a', 'a');
  await desk.drive.refresh(signal);
  const folder = idOf(laptop.drive, '/folder');
  await putText(desk.drive, '/folder/deep/new', 'new');
  const outcomes = await laptop.drive.space.commit([{ op: 'trash', id: folder }], signal);
  assert.deepEqual(kinds(outcomes), ['node-changed']);
  assert.deepEqual(paths(laptop.drive), [
    '/folder',
    '/folder/deep',
    '/folder/deep/a',
    '/folder/deep/new',
  ]);
  const again = await laptop.drive.space.commit([{ op: 'trash', id: folder }], signal);
  assert.deepEqual(kinds(again), ['done']);
});
