import assert from 'node:assert/strict';
import test from 'node:test';
import type { Bytes } from '@coffer/protocol/core';
import { childrenRange, commitId } from '@coffer/protocol/model';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { yieldNodeTurn } from '../../adapters/node/index.ts';
import { createMemorySpaceStore } from '../../testing/index.ts';
import type { SpaceChange } from '../space-changes.ts';
import type { FullSpaceClient } from './full-space-client.ts';
import { MemorySpace, signal } from './testing/memory-space.ts';

const suite = await createNodeOpenSuite();

test('a stored state is proved, and one whose record, header or signature is another is not', async () => {
  const world = new MemorySpace(suite);
  const store = createMemorySpaceStore();
  const client = await world.open({ store });
  const parent = client.rootFolder;
  const folders = Array.from({ length: 100 }, (_, i) => `folder ${i}`);
  await client.commit(
    folders.map((name) => ({ op: 'make-folder', id: client.newNodeId(), parent, name }) as const),
    signal,
  );
  const whole = await client.proveStored(signal);
  assert.deepEqual([whole.seq, whole.broken], [2, []]);
  assert.ok(whole.records > 100);

  const { id } = client;
  const head = client.storedHead();
  const [record] = [...store.view(id).listRecords(...childrenRange(parent))];
  assert.ok(record !== undefined);
  const [key, bytes] = record;
  const damaged = bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
  const put = async (value: Bytes | null, of = head): Promise<readonly string[]> => {
    store.apply(id, of, { records: [[key, value]], treeNodes: [] });
    return (await client.proveStored(signal)).broken;
  };
  assert.deepEqual(await put(damaged), ['state']);
  assert.deepEqual(await put(null), ['state'], 'a record that is missing');
  assert.deepEqual(await put(bytes), [], 'and is whole again');
  const rows = (hash: Bytes | null): readonly [string, Bytes | null][] => [['root', hash]];
  const root = store.view(id).getTreeNode('root');
  assert.ok(root !== undefined);
  for (const row of [root.with(0, (root.at(0) ?? 0) ^ 1), null]) {
    store.apply(id, head, { records: [], treeNodes: rows(row) });
    assert.deepEqual((await client.proveStored(signal)).broken, ['tree']);
  }
  store.apply(id, head, { records: [], treeNodes: rows(root) });
  const signature = head.signature.with(0, (head.signature.at(0) ?? 0) ^ 1);
  assert.deepEqual(await put(bytes, { ...head, signature }), ['signature']);
  const genesis = world.genesis.commit;
  const older = { ...head, header: genesis.header, signature: genesis.signature };
  assert.deepEqual(await put(bytes, older), ['head', 'state']);
  assert.deepEqual(await put(bytes, { ...head, id: commitId(suite, genesis.header) }), ['head']);
  assert.deepEqual(await put(bytes, { ...head, seq: head.seq + 1 }), ['head']);
});

/** A clock by which every look at it takes 10 ms: each slice has an end. */
async function slowDevice(folders: number): Promise<FullSpaceClient> {
  const world = new MemorySpace(suite);
  const client = await world.open();
  await client.commit(
    Array.from({ length: folders }, (_, i) => makeFolder(client, `folder ${i}`)),
    signal,
  );
  let now = world.time;
  Object.defineProperty(world, 'time', {
    get: () => (now += 10),
    set: (later: number) => {
      now = later;
    },
  });
  return client;
}

function makeFolder(client: FullSpaceClient, name: string): SpaceChange {
  return { op: 'make-folder', id: client.newNodeId(), parent: client.rootFolder, name };
}

test('others have their turn while it is proved, and hear how far it is', async () => {
  const client = await slowDevice(300);
  let turns = 0;
  const ending = new AbortController();
  const others = (async () => {
    for (; !ending.signal.aborted; turns++) await yieldNodeTurn();
  })();
  const told: number[] = [];
  const { records, broken } = await client.proveStored(signal, (looked) => told.push(looked));
  ending.abort();
  await others;
  assert.deepEqual(broken, []);
  assert.ok(records > 300);
  assert.ok(told.length > 3 && told.length < records / 32, `${told.length} slices`);
  assert.deepEqual(
    told,
    told.toSorted((a, b) => a - b),
  );
  assert.ok(turns >= told.length, `${turns} turns of others`);
});

test('what others write meanwhile is proved too, and however much they write, it ends', async () => {
  const client = await slowDevice(300);
  const writes: Promise<unknown>[] = [];
  const write = (): void => {
    writes.push(client.commit([makeFolder(client, `written ${writes.length}`)], signal));
  };
  const { seq, broken } = await client.proveStored(signal, write);
  assert.deepEqual(broken, []);
  assert.ok(writes.length > 4, `${writes.length} writes`);
  assert.ok(seq > 2 && seq < 2 + writes.length, `proved ${seq}`);
  await Promise.all(writes);
  assert.equal(client.storedHead().seq, 2 + writes.length, 'nothing that waited is lost');
});

test('who interrupts the proof gets none', async () => {
  const client = await slowDevice(300);
  const ending = new AbortController();
  const proof = client.proveStored(ending.signal, () => ending.abort());
  await assert.rejects(proof, { name: 'AbortError' });
});
