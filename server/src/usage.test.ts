/** What counts in the quota, from the first upload to the last byte on the disk. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { encodeSealedCommit, type RecordChange } from '@coffer/protocol/model';
import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import { collect, COLLECTION_POLICY } from './jobs/collect.ts';
import { createSeededRandom } from './testing/clock.ts';
import { createFixture } from './testing/fixture.ts';
import { packOf } from './testing/space-writer.ts';
import { makeCall } from './testing/test-client.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
/** A small chunk with its padding and what sealing adds. */
const CHUNK_BYTES = 256 + 52;

const fixture = await createFixture({ seed: 'usage' });
const { server, clock } = fixture;
after(() => server.close());
const text = (value: string) => new TextEncoder().encode(value);

async function signedIn(name: string) {
  const person = await fixture.person(name);
  const place = () => ({ token: person.token, params: { space: person.drive.space } });
  return {
    drive: person.drive,
    pass: async (ms: number) => {
      clock.advance(ms);
      await person.openSession();
    },
    send: async (bodies: Parameters<typeof packOf>[0]) => {
      const reply = await makeCall(server.handle, 'storePack', {
        ...place(),
        bytes: packOf(bodies),
      });
      assert.equal(reply.status, 200);
    },
    commit: async (changes: readonly RecordChange[]) => {
      const commit = person.drive.commit(changes);
      const bytes = encodeSealedCommit(commit.commit);
      const reply = await makeCall(server.handle, 'propose', { ...place(), bytes });
      if (reply.status === 200) person.drive.accept(commit);
      return reply;
    },
    chunksUsed: async () => {
      const { json } = await makeCall(server.handle, 'quota', { token: person.token });
      return Number(json?.['usedBytes']) / CHUNK_BYTES;
    },
  };
}

const collectNow = () =>
  collect(
    {
      store: server.store,
      packs: server.packs,
      suite: createNodeVerifySuite(),
      clock,
      random: createSeededRandom('collect'),
      log: { info: () => {}, error: () => {} },
    },
    COLLECTION_POLICY,
    new AbortController().signal,
  );

const packCount = async () => (await server.store.stats()).packs;

test('versions and the trash count until they are removed, and then leave the disk', async () => {
  const ann = await signedIn('ann@example.org');
  const { drive } = ann;
  const file = drive.file('letter', [text('first')]);
  await ann.send(file.bodies);
  assert.equal((await ann.commit([file.change])).status, 200);
  const keepUntil = clock.now() + 60 * DAY_MS;
  const second = drive.rewrite(file, [text('second')], { keepUntil, time: 0 });
  await ann.send(second.bodies);
  assert.equal((await ann.commit(second.changes)).status, 200);
  await ann.pass(2 * DAY_MS);
  assert.equal(await ann.chunksUsed(), 2, 'the version counts');

  const other = drive.file('other', [text('third')]);
  await ann.send(other.bodies);
  await ann.commit([other.change]);
  assert.equal((await ann.commit(drive.trash(other, keepUntil))).status, 200);
  await ann.pass(2 * DAY_MS);
  assert.equal(await ann.chunksUsed(), 3, 'the trash counts');
  assert.equal((await collectNow())['bodies'], 0);

  assert.equal((await ann.commit(drive.purge(other))).status, 200);
  assert.equal(await ann.chunksUsed(), 2, 'what is purged does not');
  assert.equal(await packCount(), 3);
  await ann.pass(8 * DAY_MS);
  assert.equal((await collectNow())['bodies'], 1);
  await ann.pass(3 * 60 * 60 * 1000);
  await collectNow();
  assert.equal(await packCount(), 2);
  assert.equal(await ann.chunksUsed(), 2);
});

test('a device that comes too late with its commit is told to send again, and can', async () => {
  const ben = await signedIn('ben@example.org');
  const file = ben.drive.file('late', [text('late'), text('later')]);
  await ben.send(file.bodies);
  await ben.pass(3 * DAY_MS);
  assert.equal((await collectNow())['bodies'], 0, 'the lease has ended, the grace has not');
  assert.equal((await ben.commit([file.change])).status, 200);
  await ben.pass(30 * DAY_MS);
  assert.equal((await collectNow())['bodies'], 0);
  const lost = ben.drive.file('lost', [text('lost')]);
  await ben.send(lost.bodies);
  await ben.pass(9 * DAY_MS);
  assert.equal((await collectNow())['bodies'], 1);
  const refused = await ben.commit([lost.change]);
  assert.deepEqual([refused.status, refused.code], [409, 'content-missing']);
  await ben.send(lost.bodies);
  assert.equal((await ben.commit([lost.change])).status, 200);
  assert.equal(await ben.chunksUsed(), 3);
});
