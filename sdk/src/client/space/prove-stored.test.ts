import assert from 'node:assert/strict';
import test from 'node:test';
import type { Bytes } from '@coffer/protocol/core';
import { childrenRange, commitId } from '@coffer/protocol/model';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { createMemorySpaceStore } from '../../testing/index.ts';
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
  const whole = client.proveStored();
  assert.deepEqual([whole.seq, whole.broken], [2, []]);
  assert.ok(whole.records > 100);

  const { id } = client;
  const head = client.storedHead();
  const [record] = [...store.view(id).listRecords(...childrenRange(parent))];
  assert.ok(record !== undefined);
  const [key, bytes] = record;
  const damaged = bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1);
  const put = (value: Bytes | null, of = head): readonly string[] => {
    store.apply(id, of, { records: [[key, value]], treeNodes: [] });
    return client.proveStored().broken;
  };
  assert.deepEqual(put(damaged), ['state']);
  assert.deepEqual(put(null), ['state'], 'a record that is missing');
  assert.deepEqual(put(bytes), [], 'and is whole again');
  const signature = head.signature.with(0, (head.signature.at(0) ?? 0) ^ 1);
  assert.deepEqual(put(bytes, { ...head, signature }), ['signature']);
  const genesis = world.genesis.commit;
  const older = { ...head, header: genesis.header, signature: genesis.signature };
  assert.deepEqual(put(bytes, older), ['head', 'state']);
  assert.deepEqual(put(bytes, { ...head, id: commitId(suite, genesis.header) }), ['head']);
  assert.deepEqual(put(bytes, { ...head, seq: head.seq + 1 }), ['head']);
});
