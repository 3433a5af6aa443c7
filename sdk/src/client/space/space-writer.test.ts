import assert from 'node:assert/strict';
import test from 'node:test';
import type { NodeId } from '@coffer/protocol/core';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { createMemorySpaceStore } from '../../testing/index.ts';
import type { SpaceChange } from '../space-changes.ts';
import { MemorySpace, signal, textBytes } from './testing/memory-space.ts';

const suite = await createNodeOpenSuite();
const meta = { mtimeMs: 1, executable: false };
const MINUTE_MS = 60 * 1000;
const DAY_MS = 24 * 60 * MINUTE_MS;

test('a list of changes is cut into commits, and a purge goes on from one to the next', async () => {
  const world = new MemorySpace(suite);
  const client = await world.open({ changesPerCommitMax: 10 });
  const parent = client.newNodeId();
  const changes: SpaceChange[] = [
    { op: 'make-folder', id: parent, parent: client.rootFolder, name: 'many' },
  ];
  for (let i = 0; i < 30; i++) {
    changes.push({ op: 'make-folder', id: client.newNodeId(), parent, name: `f${i}` });
  }
  const outcomes = await client.commit(changes, signal);
  assert.ok(outcomes.every(({ kind }) => kind === 'done'));
  assert.equal(world.commits.length, 1 + 4);
  assert.equal(client.children(parent).length, 30);
  await client.commit(
    [
      { op: 'trash', id: parent },
      { op: 'purge', id: parent },
    ],
    signal,
  );
  assert.deepEqual([...client.children(parent), ...client.children(client.trash)], []);
  assert.equal(world.commits.length, 1 + 4 + 1 + 4);
});

test('what is due in the trash goes with the next commit, and nothing else does', async () => {
  const world = new MemorySpace(suite);
  const client = await world.open();
  const make = (name: string): SpaceChange & { readonly id: NodeId } => {
    return { op: 'make-folder', id: client.newNodeId(), parent: client.rootFolder, name };
  };
  const [old, young, next] = [make('old'), make('young'), make('next')];
  await client.commit([old, young, { op: 'trash', id: old.id }], signal);
  world.time += 20 * DAY_MS;
  await client.pull(signal);
  await client.commit([{ op: 'trash', id: young.id }], signal);
  world.time += 15 * DAY_MS;
  await client.pull(signal);
  assert.equal(client.children(client.trash).length, 2);
  await client.commit([next], signal);
  assert.deepEqual(
    client.children(client.trash).map(({ id }) => id),
    [young.id],
  );
});

test('a race that is lost does not put the pruning of the trash off', async () => {
  const world = new MemorySpace(suite);
  const [client, other] = [await world.open(), await world.open()];
  const make = (name: string): SpaceChange & { readonly id: NodeId } => {
    return { op: 'make-folder', id: client.newNodeId(), parent: client.rootFolder, name };
  };
  const old = make('old');
  await client.commit([old, { op: 'trash', id: old.id }], signal);
  // The other device looks through the trash shortly before the folder is due, and so not right after.
  world.time += 30 * DAY_MS + 50 * MINUTE_MS;
  await other.pull(signal);
  await other.commit([make('a')], signal);
  world.time += 20 * MINUTE_MS;
  await other.commit([make('b')], signal);
  assert.equal(other.children(other.trash).length, 1);
  await client.commit([make('next')], signal);
  assert.deepEqual(client.children(client.trash), []);
});

test('a file keeps as many versions as the space says, the oldest go first', async () => {
  const world = new MemorySpace(suite);
  const client = await world.open();
  const id = client.newNodeId();
  const uploader = client.createUploader();
  const content = (text: string) => uploader.add(textBytes(text), signal);
  const parent = client.rootFolder;
  const made = { id, parent, name: 'a', content: await content('1'), meta, copyOf: null };
  await client.commit([{ op: 'make-file', ...made }], signal);
  for (let rev = 1; rev <= 5; rev++) {
    const written = { id, rev, content: await content(`${rev + 1}`), meta, keepVersion: true };
    await client.commit([{ op: 'write', ...written }], signal);
  }
  assert.deepEqual(
    client.contents.versions(id).map(({ number }) => number),
    [3, 4, 5, 6],
  );
});

test('a version that is due goes when the file is written, however few there are', async () => {
  const world = new MemorySpace(suite);
  const client = await world.open();
  const id = client.newNodeId();
  const content = await client.createUploader().add(textBytes('x'), signal);
  const made = { id, parent: client.rootFolder, name: 'a', content, meta, copyOf: null };
  await client.commit([{ op: 'make-file', ...made }], signal);
  for (const rev of [1, 2]) {
    await client.commit([{ op: 'write', id, rev, content, meta, keepVersion: true }], signal);
    world.time += 200 * DAY_MS;
    await client.pull(signal);
  }
  await client.commit([{ op: 'write', id, rev: 3, content, meta, keepVersion: true }], signal);
  assert.deepEqual(
    client.contents.versions(id).map(({ number }) => number),
    [3, 4],
  );
});

test('a file of many pages is written, read back and restored', async () => {
  const world = new MemorySpace(suite);
  const client = await world.open();
  const id = client.newNodeId();
  const uploader = client.createUploader();
  const { chunks } = await uploader.add(textBytes('chunk'), signal);
  const [chunk] = chunks;
  assert.ok(chunk !== undefined);
  const count = 5000;
  const content = {
    size: count * chunk.plainLength,
    sha256: 'ab'.repeat(32) as never,
    chunks: Array.from({ length: count }, () => chunk),
  };
  const made = { id, parent: client.rootFolder, name: 'a', content, meta, copyOf: null };
  const [outcome] = await client.commit([{ op: 'make-file', ...made }], signal);
  assert.equal(outcome?.kind, 'done');
  const found = await client.contents.uploadedContent({ id, rev: 1 }, signal);
  assert.equal(found.chunks.length, count);
});

test('a client knows how far the server’s clock is from its own since the last answer', async () => {
  const world = new MemorySpace(suite);
  const client = await world.open();
  await client.pull(signal);
  assert.equal(client.clockOffsetMs(), 0);
  world.serverAheadMs = -DAY_MS;
  assert.equal(client.clockOffsetMs(), 0);
  await client.pull(signal);
  assert.equal(client.clockOffsetMs(), -DAY_MS);
});

test('a commit of ours that the store did not take is not shown before it comes back', async () => {
  const world = new MemorySpace(suite);
  const kept = createMemorySpaceStore();
  let isFull = false;
  const store = {
    ...kept,
    transaction: <T>(action: () => T): T => {
      if (isFull) throw new Error('the disk is full');
      return kept.transaction(action);
    },
  };
  const client = await world.open({ store });
  const id = client.newNodeId();
  isFull = true;
  const make: SpaceChange = { op: 'make-folder', id, parent: client.rootFolder, name: 'a' };
  await assert.rejects(client.commit([make], signal), /disk is full/);
  assert.equal(world.commits.length, 2);
  assert.equal(client.node(id), undefined);
  isFull = false;
  await client.pull(signal);
  assert.notEqual(client.node(id), undefined);
});

test('after a lost race every later commit of the list still looks at what others changed', async () => {
  const world = new MemorySpace(suite);
  const [here, there] = [await world.open({ changesPerCommitMax: 1 }), await world.open()];
  const ids = [here.newNodeId(), here.newNodeId()] as const;
  const parent = here.rootFolder;
  const made = ids.map((id, i): SpaceChange => ({ op: 'make-folder', id, parent, name: `${i}` }));
  await here.commit(made, signal);
  await there.pull(signal);
  await there.commit([{ op: 'move', id: ids[1], parent, name: 'theirs' }], signal);
  const moves = ids.map((id): SpaceChange => ({ op: 'move', id, parent, name: `ours ${id}` }));
  const outcomes = await here.commit(moves, signal);
  assert.deepEqual(outcomes[1], { kind: 'stale', why: 'node-changed' });
  assert.equal(outcomes[0]?.kind, 'done');
  const view = here.node(ids[1]);
  assert.equal(view !== undefined && 'name' in view ? view.name : undefined, 'theirs');
});
