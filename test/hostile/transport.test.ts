/** What a server can do to the exchange itself: length, encoding, status, order, time, and to waiting. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CALLS } from '@coffer/protocol/api';
import { utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import { HONEST, type Answer, type Mutate } from './evil-server.ts';
import {
  codeOf,
  EvilWorld,
  openFresh,
  refusalOf,
  refuses,
  signal,
  type Victim,
} from './evil-world.ts';

const MIB = 1024 * 1024;

async function scene(): Promise<{ world: EvilWorld; laptop: Victim; desk: Victim }> {
  const world = await EvilWorld.create('laptop', 'desk');
  const laptop = await world.start('laptop');
  const desk = await world.start('desk');
  laptop.write('file', 'first');
  await laptop.sync();
  await desk.sync();
  laptop.write('file', 'second');
  await laptop.sync();
  return { world, laptop, desk };
}

/** Tells an answer of one call another way. */
const on =
  (call: string, answer: () => Answer | Bytes | 'lost'): Mutate =>
  (exchange) =>
    exchange.call === call ? answer() : undefined;

/** Yields for ever; counts what was taken. */
function endless(part: Bytes): { readonly body: AsyncIterable<Bytes>; taken: () => number } {
  let taken = 0;
  return {
    taken: () => taken,
    body: (async function* () {
      for (;;) {
        taken += part.length;
        yield part;
      }
    })(),
  };
}

test('T20 T74 an answer without an end is left at its limit, however it begins', async () => {
  const { world, desk } = await scene();
  await using _ = world;
  const parts: readonly (readonly [string, Bytes])[] = [
    ['spaces', utf8ToBytes(' '.repeat(65_536))],
    ['open brackets', utf8ToBytes('['.repeat(65_536))],
    ['zeros', new Uint8Array(65_536)],
  ];
  for (const [claim, part] of parts) {
    const stream = endless(part);
    await refuses(
      world,
      desk,
      on('head', () => ({ body: stream.body })),
      ['malformed'],
      claim,
    );
    assert.ok(stream.taken() <= 2 * MIB, `${claim}: ${stream.taken()} bytes of a head were taken`);
  }
  const commits = endless(new Uint8Array(MIB));
  world.evil.tell(on('commits', () => ({ body: commits.body })));
  assert.equal(await refusalOf(() => desk.drive.refresh(signal), 'commits'), 'malformed');
  assert.ok(commits.taken() <= 32 * MIB, `${commits.taken()} bytes of commits were taken`);
  const chunks = endless(new Uint8Array(65_536));
  world.evil.tell(HONEST);
  await desk.drive.refresh(signal);
  world.evil.tell(on('read', () => ({ body: chunks.body })));
  const got = desk.drive.get('/file', { write: () => undefined }, {}, signal);
  await assert.rejects(got, { name: 'IntegrityError', code: 'malformed' });
  assert.ok(chunks.taken() <= MIB, `${chunks.taken()} bytes of chunks were taken`);
  world.evil.tell(HONEST);
  await desk.sync();
  assert.equal(desk.read('file'), 'second');
});

test('T20 nothing is decompressed, and a length that is announced too large ends the exchange', async () => {
  const { world, desk } = await scene();
  await using _ = world;
  for (const encoding of ['gzip', 'br', 'deflate', 'zstd']) {
    const lie = on('head', () => ({ headers: { 'content-encoding': encoding } }));
    await refuses(world, desk, lie, ['malformed'], encoding);
  }
  const stream = endless(new Uint8Array(1));
  const announced = { headers: { 'content-length': '999999999999' }, body: stream.body };
  await refuses(
    world,
    desk,
    on('head', () => announced),
    ['malformed'],
    'content-length',
  );
  assert.ok(stream.taken() <= 1);
  await desk.sync();
  assert.equal(desk.read('file'), 'second');
});

test('T25 T74 a redirect is an answer without meaning: nobody follows it', async () => {
  const { world, desk } = await scene();
  await using _ = world;
  const before = world.evil.trace.length;
  for (const status of [301, 302, 303, 307, 308]) {
    const headers = { location: 'http://169.254.169.254/latest/meta-data' };
    // With the body of a good answer, which is not one for that.
    world.evil.tell(on('head', () => ({ status, headers })));
    const code = await refusalOf(() => desk.drive.refresh(signal), String(status));
    assert.ok(code !== undefined, `${status} was believed`);
    assert.ok(world.evil.fired > 0);
  }
  const known = Object.values(CALLS).map(({ path }) => path.split('/')[2]);
  for (const line of world.evil.trace.slice(before)) {
    assert.ok(known.includes(line.split(/[ /?]/)[3]), `${line} is no call of the interface`);
  }
  world.evil.tell(HONEST);
  await desk.sync();
  assert.equal(desk.read('file'), 'second');
});

test('T74 a server that is always busy is asked a bounded number of times, ever more slowly', async () => {
  const { world, desk } = await scene();
  await using _ = world;
  const answers: readonly (readonly [number, object])[] = [
    [503, { code: 'unavailable', message: 'busy' }],
    [429, { code: 'rate-limited', message: 'slow', retryAfterMs: 0 }],
    [429, { code: 'rate-limited', message: 'slow', retryAfterMs: 1 }],
    [429, { code: 'rate-limited', message: 'slow', retryAfterMs: Number.MAX_SAFE_INTEGER }],
    [500, { code: 'internal', message: 'x' }],
    [503, {}],
  ];
  for (const [status, error] of answers) {
    const claim = JSON.stringify(error);
    world.evil.tell(on('head', () => ({ status, body: utf8ToBytes(JSON.stringify({ error })) })));
    const [from, at] = [world.evil.trace.length, world.clock.time];
    const code = await refusalOf(() => desk.drive.refresh(signal), claim);
    assert.ok(code !== undefined, `${claim} was believed`);
    const asked = world.evil.trace.length - from;
    assert.ok(asked <= 6, `${claim}: asked ${asked} times`);
    assert.ok(asked === 1 || world.clock.time - at >= 500 * (asked - 1), `${claim}: in no time`);
    const before = [desk.tree(), world.evil.trace.length];
    const summary = await desk.engine.syncNow({});
    assert.equal(summary.settled, false, claim);
    assert.deepEqual(desk.tree(), before[0], claim);
    assert.ok(world.evil.trace.length - (before[1] as number) < 60, `${claim}: the engine asks on`);
  }
  world.evil.tell(HONEST);
  await desk.sync();
  assert.equal(desk.read('file'), 'second');
});

test('T74 tokens that are never accepted end in a refusal, not in a loop', async () => {
  const { world, desk } = await scene();
  await using _ = world;
  const refused = utf8ToBytes('{"error":{"code":"not-signed-in","message":"no"}}');
  world.evil.tell(on('head', () => ({ status: 401, body: refused })));
  const from = world.evil.trace.length;
  assert.equal(await refusalOf(() => desk.drive.refresh(signal), '401'), 'not-signed-in');
  assert.ok(world.evil.trace.length - from <= 8, `${world.evil.trace.length - from} requests`);
  const summary = await desk.engine.syncNow({});
  assert.deepEqual([summary.settled, summary.cause], [false, 'refused']);
  world.evil.tell(HONEST);
  await desk.sync();
});

test('refusals with fields of every kind are taken for what they are', async () => {
  const { world, desk } = await scene();
  await using _ = world;
  const bodies: readonly string[] = [
    '', '{', 'null', '[]', '{"error":null}', '{"error":{"code":7,"message":"x"}}',
    '{"error":{"code":"toString","message":"x"}}', '{"error":{"code":"__proto__","message":"x"}}',
    `{"error":{"code":"head-moved","message":"x","seq":-1}}`,
    `{"error":{"code":"content-missing","message":"x","ids":["zz"]}}`,
    `{"error":{"code":"content-missing","message":"x","ids":${JSON.stringify(Array(5000).fill('ab'.repeat(32)))}}}`,
    `{"error":{"code":"head-moved","message":"${'x'.repeat(100_000)}"}}`,
    ' '.repeat(600_000),
  ]; // prettier-ignore
  for (const [n, body] of bodies.entries()) {
    for (const status of [400, 404, 409, 413, 418, 422, 500]) {
      world.evil.tell(on('propose', () => ({ status, body: utf8ToBytes(body) })));
      const claim = `body ${n} with ${status}`;
      const put = desk.drive.put('/own', [utf8ToBytes(claim)], { makeParents: true }, signal);
      const outcome = await put.then(
        (result) => (result.ok ? 'was believed' : result.error.code),
        (error: unknown) => codeOf(error, claim),
      );
      assert.notEqual(outcome, 'was believed', claim);
      assert.ok(world.evil.fired > 0);
      world.evil.tell(HONEST);
      await desk.drive.refresh(signal);
    }
  }
  await desk.sync();
  assert.equal(desk.read('file'), 'second');
});

test('heads that always moved and content that is always missing end the attempt', async () => {
  const { world, desk } = await scene();
  await using _ = world;
  await desk.sync();
  const answers: readonly string[] = [
    '{"error":{"code":"head-moved","message":"x","seq":99}}',
    `{"error":{"code":"content-missing","message":"x","ids":["${'cd'.repeat(32)}"]}}`,
    '{"error":{"code":"rule-broken","message":"x","rule":"role"}}',
    '{"error":{"code":"quota-exceeded","message":"x"}}',
  ];
  for (const [n, body] of answers.entries()) {
    const status = [409, 409, 422, 413][n] ?? 400;
    world.evil.tell(on('propose', () => ({ status, body: utf8ToBytes(body) })));
    const from = world.evil.trace.length;
    desk.write(`own ${n}`, `content ${n}`);
    world.clock.time += 1000;
    await desk.engine.syncNow({ timeoutMs: 120_000 });
    assert.ok(world.evil.fired > 0, body);
    assert.ok(
      world.evil.trace.length - from < 400,
      `${body}: ${world.evil.trace.length - from} requests`,
    );
    assert.equal(desk.read(`own ${n}`), `content ${n}`);
  }
  world.evil.tell(HONEST);
  world.clock.time += 60 * 60_000;
  await desk.sync();
  const fresh = await openFresh(world, desk.secrets);
  for (const n of answers.keys()) assert.ok(fresh.resolve(`/own ${n}`).ok, `own ${n}`);
});

test('events of any content wake the client at most, and never change what it believes', async () => {
  const { world, desk } = await scene();
  await using _ = world;
  const space = desk.drive.space.id;
  const streams: readonly string[] = [
    'data: {"cursor":1,"space":"x","seq":1,"era":0}\n\n',
    'data: {\n\n',
    `data: {"cursor":-1,"space":"${space}","seq":1,"era":0}\n\n`,
    `data: {"cursor":1,"space":"${space}","seq":1,"era":0,"more":1}\n\n`,
    `data: ${'x'.repeat(2_000_000)}`,
    'event: \u0000\ndata: []\n\n',
  ];
  for (const text of streams) {
    const until = new AbortController();
    let opened = 0;
    world.evil.tell(({ call }) => {
      if (call !== 'events') return undefined;
      if (++opened > 3) until.abort(new Error('enough'));
      return { body: (async function* () { yield utf8ToBytes(text); })() }; // prettier-ignore
    });
    const before = desk.drive.space.storedHead();
    const heard: unknown[] = [];
    const listening = desk.drive.events({
      onHead: (event) => heard.push(event),
      signal: until.signal,
    });
    await listening.catch((error: unknown) => {
      if (!until.signal.aborted) codeOf(error, text.slice(0, 60));
    });
    assert.ok(opened > 0);
    assert.deepEqual(heard, []);
    assert.deepEqual(desk.drive.space.storedHead(), before);
  }
});
