/** What a server can do to the contents of files, on their way up and down. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesToHex, concatBytes, u32be, type Bytes } from '@coffer/protocol/core';
import { paddedLength, readPack } from '@coffer/protocol/content';
import { openPages, sealPages, type ChunkRef } from '@coffer/protocol/content/open';
import type { NodeRecord } from '@coffer/protocol/model';
import { EvilPeer } from './evil-peer.ts';
import { flip, HONEST, type Mutate } from './evil-server.ts';
import { codeOf, EvilWorld, signal, type Victim } from './evil-world.ts';
import { assertNothingLeaked, keysOf, textsOf } from './leaks.ts';

const MIB = 1024 * 1024;
const OLD = 'what was there before';

interface Scene {
  readonly world: EvilWorld;
  readonly laptop: Victim;
  readonly desk: Victim;
}

/** The desk has the old version of a file; the new one has several chunks, and another file one more. */
async function scene(bytes = 3 * MIB): Promise<Scene> {
  const world = await EvilWorld.create('laptop', 'desk');
  const laptop = await world.start('laptop');
  const desk = await world.start('desk');
  laptop.write('big', OLD);
  laptop.write('other', 'a chunk of another file');
  await laptop.sync();
  await desk.sync();
  laptop.user.write(laptop.at('big'), contentOf(bytes, 7));
  await laptop.sync();
  return { world, laptop, desk };
}

/** Bytes that no compression and no chunk boundary repeats. */
function contentOf(length: number, seed: number): Bytes {
  const out = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

interface Frame {
  readonly id: Bytes;
  readonly body: Bytes;
}

function framesOf(answer: Bytes): readonly Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < answer.length;) {
    const length = new DataView(answer.buffer, answer.byteOffset + at + 32).getUint32(0);
    const end = at + 36 + length;
    frames.push({ id: answer.subarray(at, at + 32), body: answer.subarray(at + 36, end) });
    at = end;
  }
  return frames;
}

function toAnswer(frames: readonly Frame[]): Bytes {
  return concatBytes(...frames.flatMap(({ id, body }) => [id, u32be(body.length), body]));
}

/** Changes answers that bring the chunks of the big file: those of more than 100 KiB. */
function onRead(change: (frames: readonly Frame[]) => readonly Frame[] | Bytes): Mutate {
  return ({ call, status, body }) => {
    if (call !== 'read' || status !== 200 || body.length < 100_000) return undefined;
    const changed = change(framesOf(body));
    return changed instanceof Uint8Array ? changed : toAnswer(changed);
  };
}

const onFirst = (change: (body: Bytes) => Bytes): Mutate =>
  onRead(([first, ...rest]) =>
    first === undefined ? [] : [{ id: first.id, body: change(first.body) }, ...rest],
  );

/** Neither command nor sync takes what is told; the old version of the file stays where it is. */
async function keepsOld(
  { world, desk }: Scene,
  lie: Mutate,
  codes: readonly string[],
  claim: string,
  path = 'big',
): Promise<void> {
  world.evil.tell(HONEST);
  // What was given up for a while is tried again.
  desk.clock.time += 10 * 60_000;
  await desk.drive.refresh(signal);
  const before = desk.tree();
  world.evil.tell(lie);
  const parts: Bytes[] = [];
  const got = await desk.drive
    .get(`/${path}`, { write: (part) => void parts.push(part) }, {}, signal)
    .then(
      () => 'was believed',
      (error: unknown) => codeOf(error, claim),
    );
  assert.ok(codes.includes(got), `${claim}: ${got}`);
  const summary = await desk.engine.syncNow({});
  assert.ok(world.evil.fired >= 2, `${claim}: was told to both`);
  const stalls = await desk.engine.stalls({});
  assert.ok(!summary.settled || stalls.length > 0, `${claim}: says that something is wrong`);
  assert.equal(desk.tree()['big'], before['big'], claim);
  assert.deepEqual(desk.disk.programs.readFolder(desk.at('.coffer/staging')), [], claim);
  world.evil.tell(HONEST);
}

/** The honest server brings the new version. */
async function endsWell({ world, laptop, desk }: Scene): Promise<void> {
  world.evil.tell(HONEST);
  desk.clock.time += 10 * 60_000;
  await desk.sync();
  const [got, wanted] = [desk, laptop].map((victim) => victim.tree()['big']?.split(' ')[0]);
  assert.equal(got, wanted);
  assert.deepEqual(await desk.engine.stalls({}), []);
  const peer = await EvilPeer.of(world, laptop.secrets, laptop.drive.space.id);
  assertNothingLeaked(
    world.evil.sent,
    keysOf(laptop.secrets, peer.keys),
    textsOf(OLD, 'a chunk of another'),
  );
  const head = laptop.user.read(laptop.at('big')).slice(0, 64);
  assertNothingLeaked(world.evil.sent, { 'the first bytes of the file': head });
}

test('T15 a flipped bit in any part of a chunk is refused and the old file stays', async () => {
  const here = await scene();
  await using _ = here.world;
  const places: readonly (readonly [string, (length: number) => number])[] = [
    ['version', () => 0],
    ['header', () => 3],
    ['commitment', () => 20],
    ['first byte of the body', () => 36],
    ['middle of the body', (length) => length >> 1],
    ['tag', (length) => length - 1],
  ];
  for (const [claim, place] of places) {
    const lie = onFirst((body) => flip(body, place(body.length), 0x10));
    await keepsOld(here, lie, ['digest-mismatch'], claim);
  }
  await keepsOld(
    here,
    onFirst((body) => new Uint8Array(body.length)),
    ['digest-mismatch'],
    'zeros',
  );
  await endsWell(here);
});

test('T17 T18 T20 chunks cut, swapped, doubled, foreign, too long or too short are refused', async () => {
  const here = await scene();
  await using _ = here.world;
  let foreign: Bytes = new Uint8Array();
  here.world.evil.tell(({ call, body }) => {
    if (call === 'read' && body.length < 100_000) foreign = body;
    return undefined;
  });
  await here.laptop.drive.get('/other', { write: () => undefined }, {}, signal);
  const other = framesOf(foreign)[0];
  assert.ok(other !== undefined);
  const swapBodies = ([a, b, ...rest]: readonly Frame[]): readonly Frame[] =>
    a === undefined || b === undefined
      ? []
      : [{ id: a.id, body: b.body }, { id: b.id, body: a.body }, ...rest];
  const cases: readonly (readonly [string, Mutate, readonly string[]])[] = [
    ['the last chunk left out', onRead((frames) => frames.slice(0, -1)), ['malformed']],
    ['the first chunk left out', onRead((frames) => frames.slice(1)), ['malformed']],
    [
      'two chunks swapped',
      onRead(([a, b, ...rest]) => (a && b ? [b, a, ...rest] : [])),
      ['malformed'],
    ],
    ['two bodies swapped', onRead(swapBodies), ['malformed', 'digest-mismatch']],
    ['one chunk twice', onRead(([a, , ...rest]) => (a ? [a, a, ...rest] : [])), ['malformed']],
    [
      'a chunk of another file',
      onRead(([a, ...rest]) => (a ? [other, ...rest] : [])),
      ['malformed'],
    ],
    [
      'the body of another file’s chunk',
      onRead(([a, ...rest]) => (a ? [{ id: a.id, body: other.body }, ...rest] : [])),
      ['malformed'],
    ],
    [
      'a byte more in a chunk',
      onFirst((body) => concatBytes(body, Uint8Array.of(0))),
      ['malformed'],
    ],
    ['a byte less in a chunk', onFirst((body) => body.subarray(0, -1)), ['malformed']],
    [
      '4 GiB announced',
      onRead(([a]) => concatBytes(a?.id ?? new Uint8Array(), u32be(2 ** 32 - 1))),
      ['malformed'],
    ],
    [
      'an answer cut in a chunk',
      onRead((frames) => toAnswer(frames).subarray(0, -1000)),
      ['malformed'],
    ],
    ['nothing', onRead(() => new Uint8Array()), ['malformed']],
    ['noise', onRead(() => contentOf(200_000, 3)), ['malformed']],
  ];
  for (const [claim, lie, codes] of cases) await keepsOld(here, lie, codes, claim);
  await endsWell(here);
});

test('T44 chunks that the server lost are reported, and what is on the disk stays', async () => {
  const here = await scene();
  await using _ = here.world;
  const gone = onRead((frames) => frames.map(({ id }) => ({ id, body: new Uint8Array() })));
  await keepsOld(here, gone, ['data-missing'], 'all chunks gone');
  const { desk } = here;
  assert.deepEqual(
    (await desk.engine.stalls({})).map(({ reason }) => reason),
    ['Undecryptable'],
  );
  assert.equal(desk.read('other'), 'a chunk of another file');
  await endsWell(here);
});

test('T44 a server that claims to have what it never got is not believed by the next server', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop, desk } = here;
  await desk.sync();
  world.evil.tell(({ call, body }) =>
    call === 'missing' ? new Uint8Array(body.length) : undefined,
  );
  laptop.write('never sent', 'the only copy is here');
  laptop.clock.time += 1000;
  await laptop.engine.syncNow({ timeoutMs: 60_000 });
  assert.ok(world.evil.fired > 0);
  assert.equal(laptop.read('never sent'), 'the only copy is here');
  world.evil.tell(HONEST);
  laptop.clock.time += 10 * 60_000;
  await laptop.sync();
  await desk.sync();
  assert.equal(desk.read('never sent'), 'the only copy is here');
  await endsWell(here);
});

test('a bitmap of another length or with stray bits is malformed', async () => {
  const here = await scene();
  await using _ = here.world;
  const { world, laptop } = here;
  const bitmaps = [new Uint8Array(), new Uint8Array(2), Uint8Array.of(0x81), new Uint8Array(600)];
  for (const [n, bitmap] of bitmaps.entries()) {
    world.evil.tell(({ call }) => (call === 'missing' ? bitmap : undefined));
    const source = [new TextEncoder().encode(`new words ${n}`)];
    const put = laptop.drive.put(`/m${n}`, source, { makeParents: true }, signal);
    await assert.rejects(put, { name: 'IntegrityError', code: 'malformed' });
    assert.ok(world.evil.fired > 0);
  }
  await endsWell(here);
});

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

test('T35 two accounts with the same file share no chunk, and no id follows from its content alone', async () => {
  const content = contentOf(2 * MIB, 11);
  const ids: Set<string>[] = [];
  for (let account = 0; account < 2; account++) {
    await using world = await EvilWorld.create('laptop');
    const laptop = await world.start('laptop');
    laptop.user.write(laptop.at('same'), content);
    laptop.write('small', 'equal small file');
    await laptop.sync();
    const packs = world.evil.sent.filter(
      (bytes) => new TextDecoder().decode(bytes.subarray(0, 4)) === 'CFPK',
    );
    const found = packs.flatMap((pack) =>
      readPack(world.suite, pack).map(({ id }) => id as string),
    );
    assert.ok(found.length >= 2);
    const small = new TextEncoder().encode('equal small file');
    const padded = new Uint8Array(paddedLength(small.length));
    padded.set(small);
    for (const guess of [small, padded, content]) {
      assert.ok(!found.includes(bytesToHex(world.suite.sha256(guess))));
    }
    ids.push(new Set(found));
  }
  assert.ok(ids[0]?.isDisjointFrom(ids[1] ?? new Set()));
});
