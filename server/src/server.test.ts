import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CALL_NAMES, CALLS, decodeJson, spacesAnswer } from '@coffer/protocol/api';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { originsOf } from './adapters/listener.ts';
import { createServer, SetupError } from './index.ts';
import { createHttpHandle } from './testing/http-handle.ts';
import { Person, signedInPerson } from './testing/person.ts';
import { makeCall } from './testing/test-client.ts';

const folder = await mkdtemp(join(tmpdir(), 'coffer-server-'));
const dataDir = join(folder, 'main');
const server = await createServer({ dataDir });
const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
const handle = createHttpHandle(url);
const suite = await createNodeOpenSuite();
after(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const personOptions = { suite, handle, origin: url, time: 0 };
const MIB = 1024 * 1024;

test('a person signs up and opens a session over HTTP, by each name of this machine', async () => {
  const person = await signedInPerson({ ...personOptions, name: 'ann@example.org' });
  const spaces = await makeCall(handle, 'spaces', { token: person.token });
  assert.equal(decodeJson(spacesAnswer, spaces.bytes).spaces.length, 2);
  const local = url.replace('127.0.0.1', 'localhost');
  assert.equal((await person.openSession(local)).status, 200);
  assert.equal((await person.openSession('https://elsewhere.example')).status, 401);
});

test('every answer carries the security headers, errors and unknown paths too', async () => {
  const answers = await Promise.all([
    fetch(`${url}/health`),
    fetch(`${url}/nowhere`),
    fetch(`${url}/v1/spaces`),
    fetch(`${url}/v1/signin/start`, { method: 'POST', body: 'x'.repeat(MIB) }),
    fetch(`${url}/v1/spaces/%zz/head`),
  ]);
  for (const answer of answers) {
    const { headers } = answer;
    assert.equal(headers.get('x-content-type-options'), 'nosniff', answer.url);
    assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(headers.get('referrer-policy'), 'no-referrer');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('access-control-allow-origin'), null);
    assert.match(headers.get('content-type') ?? '', /^application\/json/);
  }
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 404, 401, 413, 400],
  );
});

test('no call takes a body above its limit, or one of another form', async () => {
  const person = await signedInPerson({ ...personOptions, name: 'ben@example.org' });
  for (const name of CALL_NAMES) {
    const { method, path, request: form, bodySizeBytesMax, caller } = CALLS[name];
    if (form === null) continue;
    const send = async (body: Uint8Array<ArrayBuffer>, type: string) => {
      const answer = await fetch(url + path.replace(':space', person.drive.space), {
        method,
        headers: { authorization: `Bearer ${person.token ?? ''}`, 'content-type': type },
        body,
      });
      const { error } = (await answer.json()) as { error?: { code: string } };
      return [answer.status, error?.code];
    };
    const type = form === 'binary' ? 'application/octet-stream' : 'application/json';
    const other = form === 'binary' ? 'application/json' : 'application/octet-stream';
    const small = new Uint8Array(7);
    if (caller === 'enrol' || caller === 'password') {
      assert.deepEqual(await send(small, type), [403, 'refused'], name);
      continue;
    }
    assert.deepEqual(await send(small, type), [400, 'malformed'], name);
    assert.deepEqual(await send(small, other), [400, 'malformed'], name);
    assert.deepEqual(await send(new TextEncoder().encode('{"__proto__":{}}'), type), [
      400,
      'malformed',
    ]);
    if (bodySizeBytesMax > MIB) continue;
    const large = new Uint8Array(bodySizeBytesMax + 1).fill(0x5b);
    assert.deepEqual(await send(large, type), [413, 'too-large'], name);
    const nested = new Uint8Array(bodySizeBytesMax).fill(0x5b);
    if (form !== 'binary') assert.deepEqual(await send(nested, type), [400, 'malformed'], name);
  }
});

test('a body that announces too much is refused before it is read', async () => {
  const { hostname, port } = new URL(url);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request({
      hostname,
      port,
      path: '/v1/signin/start',
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 10 ** 9 },
    });
    sent.on('response', (answer) => {
      resolve(answer.statusCode);
      sent.destroy();
    });
    sent.on('error', reject);
    sent.write('{');
  });
  assert.equal(status, 413);
});

test('a large body of somebody who may not send it is refused and not kept', async () => {
  const path = `${url}/v1/spaces/${'ab'.repeat(16)}/packs`;
  const headers = { 'content-type': 'application/octet-stream' };
  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      fetch(path, { method: 'POST', headers, body: new Uint8Array(16 * MIB) }),
    ),
  );
  for (const { status } of answers) assert.equal(status, 401);
});

test('room for bodies is given back, whether they were whole or broke off', async () => {
  const person = await signedInPerson({ ...personOptions, name: 'cid@example.org' });
  const path = `${url}/v1/spaces/${person.drive.space}/packs`;
  const headers = {
    authorization: `Bearer ${person.token ?? ''}`,
    'content-type': 'application/octet-stream',
  };
  const length = { 'content-length': String(16 * MIB) };
  const send = async () => {
    const answer = await fetch(path, { method: 'POST', headers, body: new Uint8Array(16 * MIB) });
    await answer.arrayBuffer();
    return answer.status;
  };
  const breakOff = () =>
    new Promise((resolve) => {
      const sent = request(path, { method: 'POST', headers: { ...headers, ...length } });
      sent.on('error', () => undefined);
      sent.once('close', resolve);
      sent.write(new Uint8Array(64 * 1024), () => sent.destroy());
    });
  // An account has room for eight: the ninth finds none where one was kept.
  for (let n = 0; n < 9; n++) await breakOff();
  for (let n = 0; n < 9; n++) assert.equal(await send(), 400, `body ${n}`);
});

test('the data folder is private, and its secret is what lets the server start', async () => {
  const path = join(folder, 'secret');
  const first = await createServer({ dataDir: path });
  const person = new Person({
    suite,
    handle: first.handle,
    origin: 'http://none.example',
    name: 'cat@example.org',
    time: 0,
  });
  assert.equal((await person.signUp()).status, 200);
  await first.close();
  const secret = join(path, 'password-setup');
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  for (const file of ['password-setup', 'metadata.sqlite']) {
    assert.equal((await stat(join(path, file))).mode & 0o777, 0o600, file);
  }
  await chmod(secret, 0o644);
  await assert.rejects(createServer({ dataDir: path }), SetupError);
  await chmod(secret, 0o600);
  const kept = await readFile(secret);
  await rm(secret);
  await assert.rejects(createServer({ dataDir: path }), /missing, but there are accounts/);
  await writeFile(secret, kept, { mode: 0o600 });
  await (await createServer({ dataDir: path })).close();
});

test('one server at a time works on a data folder', async () => {
  await assert.rejects(createServer({ dataDir }), /another server works on/);
  const path = join(folder, 'locked');
  await (await createServer({ dataDir: path })).close();
  await (await createServer({ dataDir: path })).close();
});

test('closing ends event streams and lets requests that run come to their end', async () => {
  const path = join(folder, 'closing');
  const other = await createServer({ dataDir: path });
  const address = await other.listen({ host: '127.0.0.1', port: 0 });
  const handleOther = createHttpHandle(address.url);
  const options = { ...personOptions, handle: handleOther, origin: address.url };
  const person = await signedInPerson({ ...options, name: 'dan@example.org' });
  const stream = await fetch(`${address.url}/v1/events`, {
    headers: { authorization: `Bearer ${person.token ?? ''}` },
  });
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), ': ready\n\n');
  const running = makeCall(handleOther, 'spaces', { token: person.token });
  await running;
  await other.close();
  let ended = false;
  while (!ended) ended = (await reader.read()).done;
  await assert.rejects(fetch(`${address.url}/health`));
});

test('origins are the public URL, or what the server listens on', async () => {
  assert.deepEqual(originsOf({ host: '192.0.2.7', port: 80 }), ['http://192.0.2.7']);
  const own = originsOf({ host: '127.0.0.1', port: 8420 });
  assert.deepEqual(own, ['http://127.0.0.1:8420', 'http://[::1]:8420', 'http://localhost:8420']);
  assert.ok(originsOf({ host: '0.0.0.0', port: 8420 }).includes('http://localhost:8420'));
  const path = join(folder, 'public');
  const behind = await createServer({ dataDir: path, publicUrl: 'https://drive.example/x' });
  const options = { ...personOptions, handle: behind.handle, origin: 'https://drive.example' };
  const person = await signedInPerson({ ...options, name: 'eve@example.org' });
  assert.equal((await person.openSession('http://127.0.0.1:8420')).status, 401);
  await behind.close();
});
