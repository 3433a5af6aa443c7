/** How the server does in the hands of who runs it: logs, metrics, slow and greedy clients, its end. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CALL_NAMES, CALLS, type CallName } from '@coffer/protocol/api';
import { encodeSealedCommit } from '@coffer/protocol/model';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { BodyBudget } from './adapters/read-body.ts';
import { createServer, SetupError } from './index.ts';
import { ManualClock } from './testing/clock.ts';
import { createHttpHandle } from './testing/http-handle.ts';
import { signedInPerson } from './testing/person.ts';
import { packOf } from './testing/space-writer.ts';
import { makeCall } from './testing/test-client.ts';

const folder = await mkdtemp(join(tmpdir(), 'coffer-operation-'));
const lines: string[] = [];
const timeouts = { headMs: 300, requestMs: 600, checkMs: 50 };
const server = await createServer({
  dataDir: join(folder, 'main'),
  log: 'info',
  logTo: { write: (line) => lines.push(line) },
  metrics: { host: '127.0.0.1', port: 0 },
  timeouts,
});
const { url, metricsUrl = '' } = await server.listen({ host: '127.0.0.1', port: 0 });
const { hostname, port } = new URL(url);
const handle = createHttpHandle(url);
const suite = await createNodeOpenSuite();
const NAME = 'canary-name@example.org';
const ann = await signedInPerson({ suite, handle, origin: url, time: 0, name: NAME });
const params = { space: ann.drive.space };
after(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const metrics = async () => (await fetch(metricsUrl)).text();
const valueOf = (text: string, sample: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${sample} `))
      ?.split(' ')[1] ?? 0,
  );

test('the log has a line for each request, and no name, token, id of a body or address', async () => {
  const file = ann.drive.file('canary-file', [new TextEncoder().encode('canary-content')]);
  const { token } = ann;
  await makeCall(handle, 'storePack', { token, params, bytes: packOf(file.bodies) });
  const { commit } = ann.drive.commit([file.change]);
  await makeCall(handle, 'propose', { token, params, bytes: encodeSealedCommit(commit) });
  await fetch(`${url}/v1/nowhere?token=${token ?? ''}&name=${NAME}`);
  await fetch(`${url}/${NAME}`, { method: 'POST', body: NAME });
  await makeCall(handle, 'signInStart', { json: { name: NAME, request: 'A'.repeat(128) } });
  const socket = connect(Number(port), hostname);
  socket.resume().end(`GET /${NAME} ${token ?? ''}\r\n\r\n`);
  await once(socket, 'close');
  const entries = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.ok(entries.some((entry) => entry['call'] === 'propose' && entry['status'] === 200));
  assert.ok(entries.every((entry) => typeof entry['time'] === 'number'));
  const log = lines.filter((line) => !line.includes('Server listening')).join('');
  assert.ok(lines.length >= 8);
  const secrets = [NAME, 'canary', token, ann.account, ann.draft.device.device, '127.0.0.1'];
  for (const secret of [...secrets, ann.drive.space, ...file.bodies.map(({ id }) => id)]) {
    assert.ok(secret !== undefined && !log.includes(secret), secret);
  }
});

test('metrics count requests, jobs and streams, and name nobody', async () => {
  const before = await metrics();
  const sample = 'coffer_requests_total{call="spaces",status="200"}';
  await makeCall(handle, 'spaces', { token: ann.token });
  const stream = await fetch(`${url}/v1/events`, {
    headers: { authorization: `Bearer ${ann.token ?? ''}` },
  });
  const text = await metrics();
  assert.equal(valueOf(text, sample), valueOf(before, sample) + 1);
  assert.equal(valueOf(text, 'coffer_event_streams'), 1);
  assert.ok(valueOf(text, 'coffer_request_seconds_count{call="spaces"}') >= 1);
  assert.ok(valueOf(text, 'process_resident_memory_bytes') > 10_000_000);
  for (const secret of [NAME, ann.account, ann.drive.space, ann.token ?? 'none']) {
    assert.ok(!text.includes(secret), secret);
  }
  for (const line of text.trim().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) [a-z_0-9]+ .+|[a-z_0-9]+(\{[^{}]*\})? [0-9.e+-]+)$/);
  }
  await stream.body?.cancel();
});

test('serve runs its jobs by itself, each day', { timeout: 20_000 }, async () => {
  const clock = new ManualClock(Date.now());
  const said: string[] = [];
  const daily = await createServer({
    dataDir: join(folder, 'daily'),
    clock,
    log: 'info',
    logTo: { write: (line) => said.push(line) },
    metrics: { host: '127.0.0.1', port: 0 },
  });
  const { metricsUrl: at = '' } = await daily.listen({ host: '127.0.0.1', port: 0 });
  const finished = (text: string, job: string) =>
    valueOf(text, `coffer_job_runs_total{job="${job}",outcome="finished"}`);
  let text = '';
  for (
    let hour = 0;
    hour < 200 && finished(text, 'collect') + finished(text, 'scrub') < 4;
    hour++
  ) {
    clock.advance(60 * 60 * 1000);
    await sleep(2);
    text = await (await fetch(at)).text();
  }
  assert.ok(finished(text, 'collect') >= 1 && finished(text, 'scrub') >= 1, text);
  assert.ok(said.some((line) => line.includes('"job":"collect"') && line.includes('straysSeen')));
  await daily.close();
});

test('metrics are on an address of their own, and others than this machine need a token', async () => {
  assert.equal((await fetch(`${url}/metrics`)).status, 404);
  const path = metricsUrl.replace('/metrics', '/health');
  assert.equal((await fetch(path)).status, 404);
  assert.equal((await fetch(metricsUrl, { method: 'POST' })).status, 404);
  const dataDir = join(folder, 'open');
  const open = { host: '0.0.0.0', port: 0 };
  await assert.rejects(createServer({ dataDir, metrics: open }), SetupError);
  await assert.rejects(createServer({ dataDir, metrics: { ...open, token: 'short' } }), SetupError);
  const token = 'a token that is long enough';
  const other = await createServer({ dataDir, metrics: { host: '127.0.0.1', port: 0, token } });
  const { metricsUrl: guarded = '' } = await other.listen({ host: '127.0.0.1', port: 0 });
  const ask = async (headers: Record<string, string>) => (await fetch(guarded, { headers })).status;
  assert.equal(await ask({}), 401);
  assert.equal(await ask({ authorization: 'Bearer no' }), 401);
  assert.equal(await ask({ authorization: `Bearer ${token}` }), 200);
  await other.close();
});

/** Everything that the server says until it ends the connection. */
async function converse(start: (socket: Socket) => void): Promise<string> {
  const socket = connect(Number(port), hostname);
  let said = '';
  socket.on('data', (part: Buffer) => (said += part.toString()));
  socket.on('error', () => {});
  start(socket);
  // By an error, too: who writes when the server has hung up is told so.
  await new Promise((resolve) => socket.once('close', resolve));
  return said;
}

const drip = (socket: Socket, text: string) => {
  const timer = setInterval(() => socket.write(text), 40);
  socket.once('close', () => clearInterval(timer));
};

test('a head that never ends is ended, with a code', { timeout: 10_000 }, async () => {
  const said = await converse((socket) => {
    socket.write('GET /health HTTP/1.1\r\nhost: x\r\n');
    drip(socket, 'x-more: 1\r\n');
  });
  assert.match(said, /^HTTP\/1.1 408 /);
  assert.match(said, /"code":"timeout"/);
  assert.match(said, /x-content-type-options: nosniff/);
});

test('who does not hang up after a refusal keeps no connection', { timeout: 10_000 }, async () => {
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.on('error', () => {});
  socket.resume();
  socket.write('GET /health HTTP/1.1\r\nhost: x\r\n');
  drip(socket, 'x-more: 1\r\n');
  // By an error, too: it goes on writing.
  await new Promise((resolve) => socket.once('close', resolve));
});

test(
  'a body that comes byte by byte is ended, for every call that takes one',
  { timeout: 20_000 },
  async () => {
    const slow = CALL_NAMES.filter((name) => CALLS[name].request !== null);
    assert.ok(slow.length > 8);
    const answers = await Promise.all(
      slow.map((name) => {
        const { method, path, request: form } = CALLS[name];
        const type = form === 'binary' ? 'application/octet-stream' : 'application/json';
        return converse((socket) => {
          const target = path.replace(/:(\w+)/g, ann.drive.space);
          socket.write(
            `${method} ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ann.token ?? ''}\r\ncontent-type: ${type}\r\ncontent-length: 1000\r\n\r\n`,
          );
          drip(socket, '0');
        });
      }),
    );
    for (const [i, said] of answers.entries()) {
      assert.match(said, /^HTTP\/1.1 4\d\d /, slow[i]);
      assert.match(said, /"code":"(timeout|not-found|refused|not-signed-in)"/, slow[i]);
    }
    assert.equal((await fetch(`${url}/health`)).status, 200);
  },
);

test(
  'a body without an announced length ends at its limit, for every call',
  { timeout: 20_000 },
  async () => {
    const resident = process.memoryUsage.rss();
    const send = async (name: CallName): Promise<void> => {
      const { method, path, request: form, bodySizeBytesMax } = CALLS[name];
      const type = form === 'binary' ? 'application/octet-stream' : 'application/json';
      const said = await converse((socket) => {
        const target = path.replace(/:(\w+)/g, ann.drive.space);
        socket.write(
          `${method} ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ann.token ?? ''}\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`,
        );
        const part = `10000\r\n${'['.repeat(0x10000)}\r\n`;
        const flood = () => {
          for (let sent = 0; sent <= bodySizeBytesMax + 0x10000; sent += 0x10000)
            socket.write(part);
          drip(socket, part);
        };
        if (form !== null) return flood();
        // Answered at once: a write that fails then would end this side before it reads the answer.
        socket.write('1\r\n[\r\n');
        return void socket.once('data', flood);
      });
      assert.match(said, /^HTTP\/1.1 (4\d\d|200) /, name);
      if (form !== null) assert.match(said, /"code":"[a-z-]+"/, name);
    };
    const small = CALL_NAMES.filter((name) => CALLS[name].bodySizeBytesMax <= 1024 * 1024);
    const [bodiless, others] = [true, false].map((is) =>
      small.filter((name) => (CALLS[name].request === null) === is),
    );
    // Those that take no body answer at once, and end when the time for a request does.
    await Promise.all((bodiless ?? []).map(send));
    for (const name of others ?? []) await send(name);
    assert.ok(process.memoryUsage.rss() - resident < 200 * 1024 * 1024);
  },
);

test('what is no HTTP is refused, with a code', async () => {
  const nonsense = [
    '\0\0\0\0\r\n\r\n',
    'GET\r\n\r\n',
    'GET /health HTTP/9.9\r\n\r\n',
    `GET /health HTTP/1.1\r\nhost: x\r\nlong: ${'a'.repeat(100_000)}\r\n\r\n`,
    'POST /v1/signin/start HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n',
    'POST /v1/signin/start HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
  ];
  for (const text of nonsense) {
    const said = await converse((socket) => socket.write(text));
    assert.match(said, /^HTTP\/1.1 4\d\d /, text.slice(0, 40));
    assert.match(said, /"code":"malformed"/, text.slice(0, 40));
  }
});

test('bodies on their way take a bounded room, for one account and for all', () => {
  const budget = new BodyBudget(100, 60);
  const first = budget.reserve('ann', 50);
  assert.throws(() => budget.reserve('ann', 11), /unavailable/);
  const second = budget.reserve('ben', 50);
  assert.throws(() => budget.reserve('cat', 1), /unavailable/);
  first();
  first();
  assert.throws(() => budget.reserve('cat', 51), /unavailable/);
  budget.reserve('ann', 50)();
  second();
  budget.reserve('cat', 60);
});

test(
  'an account that sends too much at once is told to come again, and others are not',
  { timeout: 20_000 },
  async () => {
    const ben = await signedInPerson({
      suite,
      handle,
      origin: url,
      time: 0,
      name: 'ben@example.org',
    });
    const announced = 16 * 1024 * 1024;
    const opened: Socket[] = [];
    const open = (person: typeof ben) =>
      new Promise<string>((resolve) => {
        const socket = connect(Number(port), hostname);
        opened.push(socket);
        socket.once('data', (part: Buffer) => resolve(part.toString()));
        socket.on('error', () => {});
        socket.write(
          `POST /v1/spaces/${person.drive.space}/packs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${person.token ?? ''}\r\ncontent-type: application/octet-stream\r\ncontent-length: ${announced}\r\n\r\nx`,
        );
      });
    const answers: string[] = [];
    for (let i = 0; i < 12; i++) void open(ben).then((answer) => answers.push(answer));
    while (answers.length < 4) await sleep(5);
    for (const answer of answers) assert.match(answer, /^HTTP\/1.1 503 [^]*"code":"unavailable"/);
    const file = ann.drive.file('other', [new TextEncoder().encode('small')]);
    const reply = await makeCall(handle, 'storePack', {
      token: ann.token,
      params,
      bytes: packOf(file.bodies),
    });
    assert.equal(reply.status, 200);
    for (const socket of opened) socket.destroy();
  },
);

test(
  'closing lets an upload that runs come to its end, and takes no new one',
  { timeout: 20_000 },
  async () => {
    const other = await createServer({ dataDir: join(folder, 'closing') });
    const { url: origin } = await other.listen({ host: '127.0.0.1', port: 0 });
    const handleOther = createHttpHandle(origin);
    const dan = await signedInPerson({
      suite,
      handle: handleOther,
      origin,
      time: 0,
      name: 'dan@example.org',
    });
    const bytes = packOf(dan.drive.file('slow', [new TextEncoder().encode('slow')]).bodies);
    const sent = request(`${origin}/v1/spaces/${dan.drive.space}/packs`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${dan.token ?? ''}`,
        'content-type': 'application/octet-stream',
        'content-length': bytes.length,
      },
    });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      sent.on('response', ({ statusCode }) => resolve(statusCode)).on('error', reject);
    });
    sent.write(bytes.subarray(0, 10));
    await sleep(100);
    const closed = other.close();
    await sleep(100);
    await assert.rejects(fetch(`${origin}/health`));
    sent.end(bytes.subarray(10));
    assert.equal(await answered, 200);
    await closed;
  },
);
