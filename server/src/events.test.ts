import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJson, headMovedEvent } from '@coffer/protocol/api';
import { encodeSealedCommit } from '@coffer/protocol/model';
import { createFixture } from './testing/fixture.ts';
import type { Person } from './testing/person.ts';
import { makeCall } from './testing/test-client.ts';

const fixture = await createFixture({ seed: 'events' });
const { server, clock } = fixture;
const { handle } = server;
after(() => server.close());

const utf8 = new TextDecoder();

/** One event stream, read entry by entry. */
async function openStream(person: Person, query = '') {
  const gone = new AbortController();
  const request = {
    method: 'GET',
    path: `/v1/events${query}`,
    headers: { authorization: `Bearer ${person.token ?? ''}` },
  };
  const reply = await handle(request, gone.signal);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-type'], 'text/event-stream');
  const entries = reply.body[Symbol.asyncIterator]();
  const next = async (): Promise<string | undefined> => {
    const { value, done } = await entries.next();
    return done === true ? undefined : utf8.decode(value);
  };
  const nextEvent = async () => {
    const entry = await next();
    const json = /^data: (.*)\n\n$/.exec(entry ?? '')?.[1];
    assert.ok(json, entry);
    return decodeJson(headMovedEvent, new TextEncoder().encode(json));
  };
  return { next, nextEvent, leave: () => gone.abort() };
}

async function change(person: Person, name: string): Promise<number> {
  const { drive } = person;
  const commit = drive.commit([drive.file(name, []).change]);
  const reply = await makeCall(handle, 'propose', {
    token: person.token,
    params: { space: drive.space },
    bytes: encodeSealedCommit(commit.commit),
  });
  assert.equal(reply.status, 200);
  drive.accept(commit);
  return commit.head.seq;
}

test('a move after `ready` is told, others wait for a cursor, nobody hears of foreign spaces', async () => {
  const ann = await fixture.person('ann@example.org');
  const ben = await fixture.person('ben@example.org');
  const stream = await openStream(ann);
  assert.equal(await stream.next(), ': ready\n\n');
  await change(ben, 'foreign');
  const seq = await change(ann, 'own');
  const event = await stream.nextEvent();
  assert.deepEqual([event.space, event.seq, event.era], [ann.drive.space, seq, 0]);
  stream.leave();
  assert.equal(await stream.next(), undefined);

  await change(ann, 'meanwhile');
  const last = await change(ann, 'again');
  const later = await openStream(ann, `?cursor=${event.cursor}`);
  assert.equal(await later.next(), ': ready\n\n');
  const missed = await later.nextEvent();
  assert.equal(missed.seq, last, 'moves of one space come as one');
  const first = await openStream(ann, '?cursor=0');
  await first.next();
  assert.deepEqual(
    [(await first.nextEvent()).space, (await first.nextEvent()).space].sort(),
    [ann.accountSpace.space, ann.drive.space].sort(),
  );
  later.leave();
  first.leave();
});

test('an idle stream breathes every 20 seconds', async () => {
  const person = await fixture.person('cat@example.org');
  const stream = await openStream(person);
  await stream.next();
  const breath = stream.next();
  await new Promise(setImmediate);
  clock.advance(20_000);
  assert.equal(await breath, ': \n\n');
  stream.leave();
  assert.equal(await stream.next(), undefined);
});

test('a stream ends with its session: by time, and at once when it is ended', async () => {
  const person = await fixture.person('dan@example.org');
  const stream = await openStream(person);
  await stream.next();
  const end = stream.next();
  await new Promise(setImmediate);
  await makeCall(handle, 'endSession', { token: person.token });
  assert.equal(await end, undefined);

  await person.openSession();
  const timed = await openStream(person);
  await timed.next();
  clock.advance(15 * 60_000);
  assert.equal(await timed.next(), undefined);
});

test('a cursor that is no number is refused', async () => {
  const person = await fixture.person('eve@example.org');
  for (const cursor of ['-1', 'x', '1.5', '99999999999999999999', '']) {
    const reply = await makeCall(handle, 'events', {
      token: person.token,
      query: `cursor=${cursor}`,
    });
    assert.equal(reply.status, 400, cursor);
  }
});

test('closing the server ends its streams', async () => {
  const other = await createFixture({ seed: 'closing' });
  const person = await other.person('fay@example.org');
  const reply = await other.server.handle({
    method: 'GET',
    path: '/v1/events',
    headers: { authorization: `Bearer ${person.token ?? ''}` },
  });
  const entries = reply.body[Symbol.asyncIterator]();
  await entries.next();
  const end = entries.next();
  await other.server.close();
  assert.equal((await end).done, true);
});
