/** What a server can do to the chunks of a file on their way down. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { concatBytes, u32be, type Bytes } from '@coffer/protocol/core';
import {
  contentOf,
  endsWell,
  keepsOld,
  onFirst,
  onRead,
  scene,
  framesOf,
  toAnswer,
  type Frame,
} from './content-scene.ts';
import { flip, type Mutate } from './evil-server.ts';
import { signal } from './evil-world.ts';

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
