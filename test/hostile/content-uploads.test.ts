/** What a server can say about the contents of files on their way up, and learn from them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesToHex } from '@coffer/protocol/core';
import { readPack, paddedLength } from '@coffer/protocol/content';
import { contentOf, endsWell, MIB, scene } from './content-scene.ts';
import { HONEST } from './evil-server.ts';
import { EvilWorld, signal } from './evil-world.ts';

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
