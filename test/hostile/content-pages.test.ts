/** Pages and totals that do not belong to the file, from a server or from a member who signed them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesToHex, type Bytes } from '@coffer/protocol/core';
import { openPages, sealPages, type ChunkRef } from '@coffer/protocol/content/open';
import type { NodeRecord } from '@coffer/protocol/model';
import { contentOf, keepsOld, MIB, OLD, scene, framesOf, toAnswer } from './content-scene.ts';
import { EvilPeer } from './evil-peer.ts';
import { flip, type Mutate } from './evil-server.ts';
import { signal } from './evil-world.ts';

test('T9 T19 T56 pages and totals that a member signed over another content are refused', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, desk } = here;
  const peer = await EvilPeer.of(world, laptop.secrets, laptop.drive.space.id);
  const { suite, space } = peer;
  const files = peer.children(peer.root).filter(({ kind }) => kind === 'file');
  const big = files.find(({ content }) => (content?.chunkCount ?? 0) > 1);
  assert.ok(big?.content, 'the big file');
  const chunks = openPages(
    suite,
    { space, node: big.id, keyOf: () => peer.keyOf(big.id) },
    big.content,
    [],
  );
  assert.ok(chunks.length >= 2);
  const bytes = laptop.user.read(laptop.at('big'));
  const honest = { size: bytes.length, sha256: suite.sha256(bytes) };
  const sealed = (list: readonly ChunkRef[]) => (place: Parameters<typeof sealPages>[1]) =>
    sealPages(suite, place, list).content;
  const [a, b, ...rest] = chunks;
  assert.ok(a !== undefined && b !== undefined);
  const cases: readonly (readonly [string, NodeRecord, string])[] = [
    [
      'page of another node',
      file('page', { ...honest, content: () => big.content }),
      'open-failed',
    ],
    [
      'another hash',
      file('hash', { ...honest, sha256: new Uint8Array(32), content: sealed(chunks) }),
      'digest-mismatch',
    ],
    [
      'another size',
      file('size', { ...honest, size: bytes.length - 1, content: sealed(chunks) }),
      'page-mismatch',
    ],
    [
      '2^53 bytes',
      file('huge', { ...honest, size: Number.MAX_SAFE_INTEGER, content: sealed(chunks) }),
      'page-mismatch',
    ],
    [
      'chunks in another order',
      file('order', { ...honest, content: sealed([b, a, ...rest]) }),
      'digest-mismatch',
    ],
    [
      'another key for a chunk',
      file('key', { ...honest, content: sealed([{ ...a, key: b.key }, b, ...rest]) }),
      'open-failed',
    ],
  ];
  function file(
    name: string,
    node: Omit<Parameters<EvilPeer['newNode']>[0], 'kind' | 'name'>,
  ): NodeRecord {
    return peer.newNode({ kind: 'file', name, ...node }).record;
  }
  await peer.publishAll(cases.map(([, record]) => record));
  await desk.drive.refresh(signal);
  for (const [claim, { id }, code] of cases) {
    const listed = desk.drive.space.node(id);
    assert.ok(listed !== undefined && !('unreadable' in listed), claim);
    const get = desk.drive.get(`/${listed.name}`, { write: () => undefined }, {}, signal);
    await assert.rejects(get, { name: 'IntegrityError', code }, claim);
  }
  await desk.engine.syncNow({ timeoutMs: 60_000 });
  const names = Object.keys(desk.tree());
  for (const name of ['page', 'hash', 'size', 'huge', 'order', 'key']) {
    assert.ok(!names.includes(name), `${name} reached the disk`);
  }
  assert.equal(desk.read('other'), 'a chunk of another file');
  desk.write('own', 'goes up all the same');
  desk.clock.time += 1000;
  const summary = await desk.engine.syncNow({});
  assert.deepEqual([summary.settled, summary.stalls], [true, cases.length]);
  await laptop.drive.refresh(signal);
  assert.ok(laptop.drive.resolve('/own').ok, 'nobody else’s file stops this one');
});

test('T9 T17 pages of a long file that are lost, changed, cut or of another file are refused', async () => {
  const here = await scene(48 * MIB);
  await using _ = here.world;
  const { world, laptop, desk } = here;
  const peer = await EvilPeer.of(world, laptop.secrets, laptop.drive.space.id);
  const big = peer.children(peer.root).find(({ content }) => (content?.pages.length ?? 0) > 0);
  assert.ok(big?.content, 'a file with a list of pages');
  const pages = new Set<string>(big.content.pages);
  const onPages =
    (change: (page: Bytes) => Bytes): Mutate =>
    ({ call, request, status, body }) => {
      const [first] = request.body === undefined ? [] : [bytesToHex(request.body.slice(0, 32))];
      if (call !== 'read' || status !== 200 || !pages.has(first ?? '')) return undefined;
      const [page, ...rest] = framesOf(body);
      return page === undefined
        ? undefined
        : toAnswer([{ id: page.id, body: change(page.body) }, ...rest]);
    };
  const cases: readonly (readonly [string, Mutate, readonly string[]])[] = [
    ['lost', onPages(() => new Uint8Array()), ['data-missing']],
    ['a flipped bit', onPages((page) => flip(page, 500)), ['page-mismatch']],
    ['an entry less', onPages((page) => page.subarray(0, -36)), ['page-mismatch', 'malformed']],
    ['noise', onPages((page) => contentOf(page.length, 5)), ['page-mismatch', 'malformed']],
  ];
  for (const [claim, lie, codes] of cases) await keepsOld(here, lie, codes, claim);
  // A member who names the pages of this file in the record of another.
  const { size, sha256 } = { size: 48 * MIB, sha256: new Uint8Array(32) };
  const { content } = big;
  await peer.publishAll([
    peer.newNode({ kind: 'file', name: 'thief', size, sha256, content: () => content }).record,
  ]);
  await desk.drive.refresh(signal);
  const get = desk.drive.get('/thief', { write: () => undefined }, {}, signal);
  await assert.rejects(get, { name: 'IntegrityError', code: 'open-failed' });
  assert.equal(desk.read('big'), OLD);
});
