import assert from 'node:assert/strict';
import test from 'node:test';
import type { NodeId } from '@coffer/protocol/core';
import {
  decodeRecord,
  encodeRecord,
  memberKey,
  recordKey,
  SPACE_KEY,
  type MemberRecord,
  type NodeRecord,
  type SpaceRecord,
} from '@coffer/protocol/model';
import {
  addEpoch,
  createCommit,
  sealMemberEnvelope,
  sealOldEpochs,
  type SpaceKeys,
} from '@coffer/protocol/model/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import type { ChangeOutcome, SpaceChange } from '../space-changes.ts';
import type { FullSpaceClient } from './full-space-client.ts';
import { MemorySpace, signal, textBytes } from './testing/memory-space.ts';

const suite = await createNodeOpenSuite();
const meta = { mtimeMs: 1, executable: false };

/** What a manager's client does when a member goes: a new epoch, sealed to who is left. */
function makeEpoch(world: MemorySpace, before: SpaceKeys): SpaceKeys {
  const seq = world.commits.length + 1;
  const keys = addEpoch(suite, before, seq);
  const { account, device } = world.draft;
  const space = recordAt(world, SPACE_KEY) as SpaceRecord;
  const member = recordAt(world, memberKey(account)) as MemberRecord;
  const place = { space: space.space, epoch: seq, account, role: member.role };
  const records = [
    {
      ...space,
      rev: space.rev + 1,
      epoch: seq,
      oldEpochs: sealOldEpochs(suite, space.space, keys),
    },
    {
      ...member,
      rev: member.rev + 1,
      epoch: seq,
      envelope: sealMemberEnvelope(suite, world.chain.kem, place, keys),
    },
  ];
  const { commit } = createCommit({
    suite,
    view: world.state,
    head: world.head,
    space: space.space,
    changes: records.map((record) => [recordKey(record), encodeRecord(record)]),
    author: { account, device: device.device, deviceSeed: device.seed },
    time: world.time,
    note: null,
  });
  assert.equal(world.accept(commit), undefined);
  return keys;
}

function recordAt(world: MemorySpace, key: typeof SPACE_KEY) {
  const bytes = world.state.getRecord(key);
  assert.ok(bytes !== undefined);
  return decodeRecord(key, bytes);
}

function nodeAt(world: MemorySpace, id: NodeId): NodeRecord {
  const key = world.state.findNode(id);
  assert.ok(key !== undefined);
  return recordAt(world, key) as NodeRecord;
}

async function commitAll(
  client: FullSpaceClient,
  ...changes: readonly SpaceChange[]
): Promise<void> {
  const outcomes = await client.commit(changes, signal);
  const notDone = outcomes.filter(({ kind }: ChangeOutcome) => kind !== 'done');
  assert.deepEqual(notDone, []);
}

function names(client: FullSpaceClient, parent: NodeId): readonly string[] {
  return client
    .children(parent)
    .map((node) => ('unreadable' in node ? `unreadable ${node.id}` : node.name))
    .sort();
}

/** docs/ with a and b, and other/ with c. */
async function filled(world: MemorySpace) {
  const client = await world.open();
  const [docs, other, a, b, c] = [0, 0, 0, 0, 0].map(() => client.newNodeId());
  assert.ok(docs && other && a && b && c);
  const content = await client.createUploader().add(textBytes('first'), signal);
  const file = (id: NodeId, parent: NodeId, name: string): SpaceChange => ({
    op: 'make-file',
    id,
    parent,
    name,
    content,
    meta,
    copyOf: null,
  });
  const root = client.rootFolder;
  await commitAll(
    client,
    { op: 'make-folder', id: docs, parent: root, name: 'docs' },
    { op: 'make-folder', id: other, parent: root, name: 'other' },
    file(a, docs, 'a'),
    file(b, docs, 'b'),
    file(c, other, 'c'),
  );
  return { client, docs, other, a, b, c };
}

test('after a new epoch a folder is rotated by who puts something into it, and only then', async () => {
  const world = new MemorySpace(suite);
  const { client, docs, other, a, c } = await filled(world);
  const keys = makeEpoch(world, world.genesis.keys);
  await client.pull(signal);
  assert.deepEqual(names(client, docs), ['a', 'b']);
  const before = { docs: nodeAt(world, docs), other: nodeAt(world, other), a: nodeAt(world, a) };
  await commitAll(client, { op: 'make-folder', id: client.newNodeId(), parent: docs, name: 'new' });
  const root = nodeAt(world, client.rootFolder);
  const after = { docs: nodeAt(world, docs), other: nodeAt(world, other), a: nodeAt(world, a) };
  assert.equal(root.kr, keys.epoch);
  assert.ok(after.docs.kr >= keys.epoch && before.docs.kr < keys.epoch);
  assert.equal(after.a.pk, after.docs.kr);
  assert.equal(after.a.rev, before.a.rev);
  assert.equal(after.other.pk, root.kr);
  assert.equal(after.other.kr, before.other.kr);
  assert.equal(nodeAt(world, c).pk, before.other.kr);
  const fresh = await world.open();
  assert.deepEqual(names(fresh, docs), ['a', 'b', 'new']);
  assert.deepEqual(names(fresh, other), ['c']);
});

test('a file gets its new key with its next write, and its versions still open', async () => {
  const world = new MemorySpace(suite);
  const { client, a } = await filled(world);
  makeEpoch(world, world.genesis.keys);
  await client.pull(signal);
  const content = await client.createUploader().add(textBytes('second'), signal);
  const before = nodeAt(world, a).kr;
  await commitAll(client, { op: 'write', id: a, rev: 1, content, meta, keepVersion: true });
  assert.ok(nodeAt(world, a).kr > before);
  const fresh = await world.open();
  const versions = fresh.contents.versions(a);
  assert.deepEqual(
    versions.map(({ number, size }) => [number, size]),
    [
      [1, 5],
      [2, 6],
    ],
  );
  const [first] = versions;
  assert.ok(first !== undefined);
  const old = await fresh.contents.uploadedContent({ id: a, rev: first.rev }, signal);
  assert.deepEqual([old.size, old.chunks.length], [5, 1]);
});

test('trash, restore, rename and a second epoch keep every node readable', async () => {
  const world = new MemorySpace(suite);
  const { client, docs, other, b } = await filled(world);
  await commitAll(client, { op: 'trash', id: docs });
  const second = makeEpoch(world, world.genesis.keys);
  await client.pull(signal);
  await commitAll(client, { op: 'trash', id: other });
  makeEpoch(world, second);
  await client.pull(signal);
  assert.deepEqual(names(client, client.trash), ['docs', 'other']);
  const parent = client.rootFolder;
  await commitAll(
    client,
    { op: 'restore', id: docs, parent, name: 'papers' },
    { op: 'move', id: b, parent, name: 'c' },
    { op: 'restore', id: other, parent: docs, name: 'inner' },
  );
  for (const reader of [client, await world.open()]) {
    assert.deepEqual(names(reader, parent), ['c', 'papers']);
    assert.deepEqual(names(reader, docs), ['a', 'inner']);
    assert.deepEqual(names(reader, other), ['c']);
    assert.deepEqual(names(reader, reader.trash), []);
  }
});

test('a folder with more children than one commit may wrap anew is rotated in several', async () => {
  const world = new MemorySpace(suite);
  const { client, docs } = await filled(world);
  const many = Array.from({ length: 5100 }, (_, i): SpaceChange => {
    return { op: 'make-folder', id: client.newNodeId(), parent: docs, name: `f${i}` };
  });
  await commitAll(client, ...many);
  makeEpoch(world, world.genesis.keys);
  await client.pull(signal);
  const before = world.commits.length;
  await commitAll(client, { op: 'make-folder', id: client.newNodeId(), parent: docs, name: 'new' });
  assert.equal(world.commits.length - before, 2);
  const { kr } = nodeAt(world, docs);
  const children = client.children(docs);
  assert.equal(children.length, 5103);
  assert.ok(children.every(({ id }) => nodeAt(world, id).pk === kr));
  assert.ok(!children.some((node) => 'unreadable' in node));
});
