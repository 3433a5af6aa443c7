import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  decodeMissing,
  decodeReadFrame,
  encodeIds,
  READ_FRAME_SIZE_BYTES,
  type BodyId,
} from '@coffer/protocol/api';
import { concatBytes, type Bytes, type ChunkId } from '@coffer/protocol/core';
import { encodeSealedCommit } from '@coffer/protocol/model';
import { planReads } from './services/read-plan.ts';
import { createFixture } from './testing/fixture.ts';
import type { Person } from './testing/person.ts';
import { packOf } from './testing/space-writer.ts';
import { makeCall } from './testing/test-client.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const fixture = await createFixture({ seed: 'content' });
const { server, clock } = fixture;
const { handle } = server;
after(() => server.close());

const inDrive = (person: Person) => ({
  token: person.token,
  params: { space: person.drive.space },
});
const storePack = (person: Person, bytes: Bytes) =>
  makeCall(handle, 'storePack', { ...inDrive(person), bytes });

function bodiesOf(person: Person, contents: readonly string[]) {
  return contents.map((content) => {
    const { ref, parts } = person.drive.chunk(new TextEncoder().encode(content));
    return { id: ref.id, isPage: false, parts };
  });
}

/** Bodies in the order of the stream; empty for absent ones. */
function parseStream(bytes: Bytes): { id: BodyId; body: Bytes }[] {
  const found: { id: BodyId; body: Bytes }[] = [];
  for (let at = 0; at < bytes.length;) {
    const frame = decodeReadFrame(bytes.subarray(at, at + READ_FRAME_SIZE_BYTES));
    at += READ_FRAME_SIZE_BYTES + frame.lengthBytes;
    found.push({ id: frame.id, body: bytes.subarray(at - frame.lengthBytes, at) });
  }
  return found;
}

async function read(person: Person, ids: readonly BodyId[]) {
  const reply = await makeCall(handle, 'read', { ...inDrive(person), bytes: encodeIds(ids) });
  assert.equal(reply.status, 200);
  return parseStream(reply.bytes);
}

async function missing(person: Person, ids: readonly BodyId[]): Promise<boolean[]> {
  const reply = await makeCall(handle, 'missing', { ...inDrive(person), bytes: encodeIds(ids) });
  assert.equal(reply.status, 200);
  return decodeMissing(reply.bytes, ids.length);
}

test('what was stored is read in the order asked, with nothing for what is absent', async () => {
  const person = await fixture.person('ann@example.org');
  const first = bodiesOf(person, ['a', 'b', 'c']);
  const second = bodiesOf(person, ['d', 'e']);
  await storePack(person, packOf(first));
  await storePack(person, packOf(second));
  const absent = 'ab'.repeat(32) as ChunkId;
  const [a, b, c] = first.map(({ id }) => id);
  const [d, e] = second.map(({ id }) => id);
  assert.ok(a && b && c && d && e);
  const ids = [e, a, absent, c, d, b, a];
  const found = await read(person, ids);
  assert.deepEqual(
    found.map(({ id }) => id),
    ids,
  );
  const all = [...first, ...second];
  for (const { id, body } of found) {
    const sent = all.find((one) => one.id === id);
    assert.deepEqual(Buffer.from(body), Buffer.from(concatBytes(...(sent?.parts ?? []))));
  }
  assert.deepEqual(await missing(person, [a, absent, e]), [false, true, false]);
});

test('a pack with a wrong hash, a cut, or a page that is none stores nothing', async () => {
  const person = await fixture.person('bob@example.org');
  const bodies = bodiesOf(person, ['x', 'y']);
  const pack = packOf(bodies);
  const flipped = Uint8Array.from(pack, (byte, i) => (i === pack.length - 1 ? byte ^ 1 : byte));
  const falsePage = packOf(bodies.map((body) => ({ ...body, isPage: true })));
  for (const wrong of [flipped, pack.subarray(0, pack.length - 1), falsePage, new Uint8Array(0)]) {
    const reply = await storePack(person, wrong);
    assert.deepEqual([reply.status, reply.code], [400, 'malformed']);
  }
  const ids = bodies.map(({ id }) => id);
  assert.deepEqual(await missing(person, ids), [true, true]);
});

test('known bodies are not stored again, and the new ones beside them are found', async () => {
  const person = await fixture.person('cat@example.org');
  const [a, b, c] = bodiesOf(person, ['a', 'b', 'c'.repeat(3000)]);
  assert.ok(a && b && c);
  const first = await storePack(person, packOf([a, b]));
  assert.equal(first.json?.['stored'], 2);
  const second = await storePack(person, packOf([b, c, a]));
  assert.equal(second.json?.['stored'], 1);
  const again = await storePack(person, packOf([a, b, c]));
  assert.deepEqual(again.json, { stored: 0, storedBytes: 0 });
  const found = await read(person, [c.id, a.id]);
  assert.deepEqual(Buffer.from(found[0]?.body ?? []), Buffer.from(concatBytes(...c.parts)));
});

test('the same pack twice at once counts once', async () => {
  const person = await fixture.person('dot@example.org');
  const bodies = bodiesOf(person, ['one', 'two']);
  const replies = await Promise.all([1, 2, 3].map(() => storePack(person, packOf(bodies))));
  const stored = replies.map(({ json }) => Number(json?.['stored']));
  assert.equal(
    stored.reduce((sum, count) => sum + count, 0),
    2,
  );
  const { json } = await makeCall(handle, 'quota', { token: person.token });
  const size = bodies.reduce((sum, { parts }) => sum + concatBytes(...parts).length, 0);
  assert.equal(json?.['usedBytes'], size);
});

test('a space does not give out what another one has', async () => {
  const eve = await fixture.person('eve@example.org');
  const fay = await fixture.person('fay@example.org');
  const bodies = bodiesOf(eve, ['secret']);
  const ids = bodies.map(({ id }) => id);
  await storePack(eve, packOf(bodies));
  assert.deepEqual(await missing(fay, ids), [true]);
  assert.equal((await read(fay, ids))[0]?.body.length, 0);
  const foreign = await makeCall(handle, 'read', {
    token: fay.token,
    params: { space: eve.drive.space },
    bytes: encodeIds(ids),
  });
  assert.deepEqual([foreign.status, foreign.code], [404, 'not-found']);
});

test('what is neither referenced nor leased any more does not count, and can come back', async () => {
  const person = await fixture.person('gil@example.org');
  const file = person.drive.file('f', [new TextEncoder().encode('lease')]);
  await storePack(person, packOf(file.bodies));
  const used = async () => {
    const { json } = await makeCall(handle, 'quota', { token: person.token });
    return Number(json?.['usedBytes']);
  };
  const size = await used();
  assert.ok(size > 0);
  clock.advance(DAY_MS);
  await person.openSession();
  assert.equal(await used(), 0);
  const commit = person.drive.commit([file.change]);
  const reply = await makeCall(handle, 'propose', {
    ...inDrive(person),
    bytes: encodeSealedCommit(commit.commit),
  });
  assert.equal(reply.status, 200);
  assert.equal(await used(), size);
});

test('uploads at the same time never pass the quota', async () => {
  const size = 256 + 52;
  const small = await createFixture({ seed: 'quota', policy: { quotaBytes: 5 * size } });
  const person = await small.person('hal@example.org');
  const packs = Array.from({ length: 12 }, (_, i) => packOf(bodiesOf(person, [`body ${i}`])));
  const replies = await Promise.all(
    packs.map((bytes) => makeCall(small.server.handle, 'storePack', { ...inDrive(person), bytes })),
  );
  assert.equal(replies.filter(({ status }) => status === 200).length, 5);
  assert.equal(replies.filter(({ code }) => code === 'quota-exceeded').length, 7);
  const { json } = await makeCall(small.server.handle, 'quota', { token: person.token });
  assert.deepEqual(json, {
    usedBytes: 5 * size,
    totalBytes: 5 * size,
    transferUsedBytes: 0,
    transferTotalBytes: null,
  });
  small.clock.advance(DAY_MS);
  await person.openSession();
  const later = packs[11] ?? new Uint8Array(0);
  const reply = await makeCall(small.server.handle, 'storePack', {
    ...inDrive(person),
    bytes: later,
  });
  assert.equal(reply.status, 200, 'leases that have ended make room');
  await small.server.close();
});

test('reads count as transfer of the space', async () => {
  const person = await fixture.person('ida@example.org');
  const bodies = bodiesOf(person, ['count me']);
  await storePack(person, packOf(bodies));
  const ids = bodies.map(({ id }) => id);
  await read(person, ids);
  await read(person, ids);
  const { json } = await makeCall(handle, 'quota', { token: person.token });
  assert.equal(json?.['transferUsedBytes'], 2 * (256 + 52));
});

test('reads are merged over small gaps, in windows that stay small', () => {
  const MIB = 1024 * 1024;
  const place = (pack: string, offset: number, lengthBytes: number) => ({
    pack,
    offset,
    lengthBytes,
  });
  const places = [
    place('p', 500_000, 100),
    undefined,
    place('q', 0, 10),
    place('p', 10, 100),
    place('p', 200, 100),
  ];
  const [window, ...rest] = planReads(places);
  assert.deepEqual(rest, []);
  assert.deepEqual([window?.from, window?.to], [0, 5]);
  const ranges = window?.reads.map(({ pack, ranges }) => [
    pack,
    ranges.map(({ offset, lengthBytes }) => [offset, lengthBytes]),
  ]);
  assert.deepEqual(ranges, [
    [
      'p',
      [
        [10, 290],
        [500_000, 100],
      ],
    ],
    ['q', [[0, 10]]],
  ]);
  const large = Array.from({ length: 5 }, (_, i) => place('p', i * 4 * MIB, 4 * MIB));
  assert.deepEqual(
    [...planReads(large)].map(({ from, to }) => [from, to]),
    [
      [0, 2],
      [2, 4],
      [4, 5],
    ],
  );
});
