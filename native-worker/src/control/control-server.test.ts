import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as send, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import {
  ControlFailure,
  type ControlCommandName,
  type ControlTarget,
  type EngineEvent,
  type NumberedEvent,
} from '../contract/index.ts';
import { createSystemClock } from '../adapters/index.ts';
import { ControlServer } from './control-server.ts';

const TOKEN = 'a1'.repeat(32);

/** An engine that a test speaks for. */
class SpokenTarget implements ControlTarget {
  readonly calls: [ControlCommandName, unknown][] = [];
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  answer: (name: ControlCommandName) => unknown = () => ({});

  readonly call = async (name: ControlCommandName, input: unknown): Promise<unknown> => {
    this.calls.push([name, input]);
    return this.answer(name);
  };

  readonly subscribe = (listener: (event: NumberedEvent) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  emit(event: EngineEvent): void {
    for (const listener of this.#listeners) listener({ number: 1, event });
  }
}

interface Served extends AsyncDisposable {
  readonly target: SpokenTarget;
  readonly server: ControlServer;
  readonly passed: { nowMs: number };
  readonly ask: (asked: Asked) => Promise<Answer>;
  readonly page: string;
}

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Sent instead of the right one; null for none. */
  readonly token?: string | null;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function served(): Promise<Served> {
  const target = new SpokenTarget();
  const page = mkdtempSync(join(tmpdir(), 'coffer-page-'));
  const passed = { nowMs: 1_000_000 };
  let drawn = 0;
  const server = new ControlServer({
    target,
    token: TOKEN,
    clock: { ...createSystemClock(), now: () => passed.nowMs },
    random: { bytes: (length) => new Uint8Array(length).fill(++drawn) },
    hello: { version: '1.2.3' },
    ownRoutes: { 'POST /v1/own': async (_, response) => void response.end('"own"') },
    pageFolder: page,
  });
  await server.listen();
  return {
    target,
    server,
    passed,
    page,
    ask: (asked) => ask(server.port, asked),
    [Symbol.asyncDispose]: async () => {
      rmSync(page, { recursive: true });
      await server[Symbol.asyncDispose]();
    },
  };
}

async function ask(port: number, { method = 'POST', path, headers, body, token }: Asked) {
  const given = token === undefined ? TOKEN : token;
  const request = send({
    host: '127.0.0.1',
    port,
    method,
    path,
    agent: false,
    headers: {
      host: `127.0.0.1:${port}`,
      'content-type': 'application/json',
      ...(given === null ? {} : { authorization: `Bearer ${given}` }),
      ...headers,
    },
  });
  request.on('error', () => undefined); // The server ends a connection that sends too much.
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response as AsyncIterable<Buffer>) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  return { status: response.statusCode ?? 0, headers: response.headers, body: text };
}

const STATUS = { path: '/v1/call/status' };

test('a call with the token is answered, and its failure keeps its code', async () => {
  await using world = await served();
  world.target.answer = () => ({ pairs: [], transfers: [] });
  const answer = await world.ask({ ...STATUS, body: '{"pairs":["p"]}' });
  assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, { pairs: [], transfers: [] }]);
  assert.deepEqual(world.target.calls, [['status', { pairs: ['p'] }]]);
  world.target.answer = () => {
    throw new ControlFailure({ code: 'not-found', message: 'no such pair', hint: 'look' });
  };
  const failed = await world.ask(STATUS);
  assert.equal(failed.status, 404);
  assert.deepEqual(JSON.parse(failed.body), {
    error: { code: 'not-found', message: 'no such pair', hint: 'look' },
  });
});

const REFUSED: Readonly<Record<string, Asked & { readonly status: number }>> = {
  'no token': { ...STATUS, token: null, status: 401 },
  'a wrong token': { ...STATUS, token: 'b1'.repeat(32), status: 401 },
  'an empty token': { ...STATUS, token: '', status: 401 },
  'another host name (rebinding)': { ...STATUS, headers: { host: 'evil.test' }, status: 403 },
  'our address under another port': { ...STATUS, headers: { host: '127.0.0.1:1' }, status: 403 },
  'a foreign origin': { ...STATUS, headers: { origin: 'https://evil.test' }, status: 403 },
  'an origin of another port': {
    ...STATUS,
    headers: { origin: 'http://127.0.0.1:1' },
    status: 403,
  },
  'a page without origin': { ...STATUS, headers: { origin: 'null' }, status: 403 },
  'a request of another site': {
    ...STATUS,
    headers: { 'sec-fetch-site': 'cross-site' },
    status: 403,
  },
  'a request of another port': {
    ...STATUS,
    headers: { 'sec-fetch-site': 'same-site' },
    status: 403,
  },
  'a form': { ...STATUS, headers: { 'content-type': 'text/plain' }, body: '{}', status: 400 },
  'an oversized body': { ...STATUS, body: JSON.stringify('x'.repeat(1024 * 1024)), status: 413 },
  'no JSON': { ...STATUS, body: '{', status: 400 },
  'an unknown call': { path: '/v1/call/constructor', status: 404 },
  'a call by GET': { ...STATUS, method: 'GET', status: 404 },
  'a route of the program without token': { path: '/v1/own', token: null, status: 401 },
};

for (const [what, { status, ...asked }] of Object.entries(REFUSED)) {
  test(`the control server refuses ${what}`, async () => {
    await using world = await served();
    const answer = await world.ask(asked);
    assert.deepEqual([answer.status, world.target.calls], [status, []]);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.ok(!answer.body.includes(TOKEN));
  });
}

test('a body that never says its length is cut off at the same size', async () => {
  await using world = await served();
  const body = JSON.stringify('x'.repeat(3 * 1024 * 1024));
  const answer = await world.ask({ ...STATUS, body, headers: { 'transfer-encoding': 'chunked' } });
  assert.deepEqual([answer.status, world.target.calls], [413, []]);
});

test('a one-time word becomes a cookie once, in time, and the cookie serves our own page alone', async () => {
  await using world = await served();
  const { url } = JSON.parse((await world.ask({ path: '/v1/ui' })).body) as { url: string };
  const path = url.slice(world.server.url.length);
  const own = { 'sec-fetch-site': 'same-origin' };
  const opened = await world.ask({ method: 'GET', path, token: null });
  assert.deepEqual([opened.status, opened.headers.location], [303, '/']);
  const [cookie = ''] = opened.headers['set-cookie'] ?? [];
  assert.match(cookie, /; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.equal((await world.ask({ method: 'GET', path, token: null })).status, 401);
  const [given = ''] = cookie.split(';');
  const asPage = { ...STATUS, token: null };
  assert.equal((await world.ask({ ...asPage, headers: { cookie: given, ...own } })).status, 200);
  const origin = { cookie: given, origin: world.server.url };
  assert.equal((await world.ask({ ...asPage, headers: origin })).status, 200);
  assert.equal((await world.ask({ ...asPage, headers: { cookie: given } })).status, 401);
  const beyond = { path: '/v1/own', token: null, headers: { cookie: given, ...own } };
  assert.equal((await world.ask(beyond)).status, 401);
  world.passed.nowMs += 13 * 3_600_000;
  assert.equal((await world.ask({ ...asPage, headers: { cookie: given, ...own } })).status, 401);

  const late = JSON.parse((await world.ask({ path: '/v1/ui' })).body) as { url: string };
  world.passed.nowMs += 61_000;
  const tooLate = { method: 'GET', path: late.url.slice(world.server.url.length), token: null };
  assert.equal((await world.ask(tooLate)).status, 401);
});

test('the page is shown to its session alone, with strict headers, and no path leads out of its folder', async () => {
  await using world = await served();
  const { url } = JSON.parse((await world.ask({ path: '/v1/ui' })).body) as { url: string };
  const path = url.slice(world.server.url.length);
  const opened = await world.ask({ method: 'GET', path, token: null });
  const headers = { cookie: String(opened.headers['set-cookie']).split(';')[0] ?? '' };
  const get = (path: string) => world.ask({ method: 'GET', path, token: null, headers });
  assert.match((await get('/')).body, /Coffer is running/);
  mkdirSync(join(world.page, 'assets'));
  writeFileSync(join(world.page, 'index.html'), '<p>page</p>');
  writeFileSync(join(world.page, 'assets', 'app.js'), 'let x;');
  const index = await get('/');
  assert.deepEqual([index.status, index.body], [200, '<p>page</p>']);
  assert.match(String(index.headers['content-security-policy']), /default-src 'none'/);
  assert.equal(
    (await get('/assets/app.js')).headers['content-type'],
    'text/javascript; charset=utf-8',
  );
  for (const path of ['/../package.json', '/%2e%2e/x.json', '/assets/', '/etc/passwd', '//x']) {
    assert.notEqual((await get(path)).status, 200, path);
  }
  assert.equal((await world.ask({ method: 'GET', path: '/', token: null })).status, 401);
});

/** The batches that a client of the stream gets; ends with the connection. */
async function listen(port: number): Promise<{ batches: NumberedEvent[][]; end: () => void }> {
  const headers = { host: `127.0.0.1:${port}`, authorization: `Bearer ${TOKEN}` };
  const request = send({ host: '127.0.0.1', port, path: '/v1/events', agent: false, headers });
  request.on('error', () => undefined);
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const batches: NumberedEvent[][] = [];
  let text = '';
  response.on('error', () => undefined);
  response.on('data', (part: Buffer) => {
    text += part.toString('utf8');
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      const [, data] = /^id: \d+\ndata: (.*)$/s.exec(message) ?? [];
      if (data !== undefined) batches.push(JSON.parse(data) as NumberedEvent[]);
    }
  });
  return { batches, end: () => request.destroy() };
}

async function soon(isSo: () => boolean): Promise<void> {
  const clock = createSystemClock();
  for (let turn = 0; turn < 500; turn++) {
    if (isSo()) return;
    await clock.sleep(10);
  }
  assert.fail('it did not happen');
}

const activity = (path: string): EngineEvent => ({
  kind: 'activity',
  activity: { at: '2026-01-01T00:00:00Z', op: 'upload', path, device: 'd' },
});
const status: EngineEvent = { kind: 'status', status: { pairs: [], transfers: [] } };

test('two clients hear the same in the same order, coalesced, and gaps show in the numbers', async () => {
  await using world = await served();
  const { target, server } = world;
  const one = await listen(server.port);
  const two = await listen(server.port);
  await soon(() => target.isHeard);
  for (let n = 0; n < 500; n++) {
    target.emit(status);
    target.emit(activity(`/f${n}`));
  }
  await soon(() => one.batches.length > 0 && two.batches.length > 0);
  target.emit(activity('/last'));
  await soon(() => one.batches.length > 1 && two.batches.length > 1);
  assert.deepEqual(one.batches, two.batches);
  const [first = [], second = []] = one.batches;
  const kinds = first.map(({ event }) => event.kind);
  assert.equal(kinds.filter((kind) => kind === 'status').length, 1);
  assert.equal(kinds.filter((kind) => kind === 'activity').length, 100);
  assert.deepEqual([first.at(-1)?.number, second[0]?.number], [1000, 1001]);
  assert.ok((first[0]?.number ?? 0) > 1, 'what was left out is missing in the numbers');
  one.end();
  two.end();
  await soon(() => !target.isHeard);
});

test('many events become at most ten batches a second', async () => {
  await using world = await served();
  const { target, server } = world;
  const client = await listen(server.port);
  await soon(() => target.isHeard);
  const clock = createSystemClock();
  const began = clock.now();
  while (clock.now() - began < 1000) {
    target.emit(status);
    await clock.sleep(5);
  }
  assert.ok(client.batches.length >= 3 && client.batches.length <= 10, `${client.batches.length}`);
  client.end();
});
