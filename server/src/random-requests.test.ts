/**
 * Whatever comes to the real server over the network, it answers with a code of its table or with what
 * was asked for, keeps no memory of it and goes on. The seed is printed; set COFFER_FUZZ_SEED to play a
 * run again.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CALL_NAMES, CALLS, decodeJson, errorAnswer, type Call } from '@coffer/protocol/api';
import { encodeSealedCommit } from '@coffer/protocol/model';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { createServer } from './index.ts';
import { createSeededRandom } from './testing/clock.ts';
import { createHttpHandle } from './testing/http-handle.ts';
import { signedInPerson } from './testing/person.ts';

const ROUNDS = 30;
const RSS_GROWTH_BYTES_MAX = 256 * 1024 * 1024;
const OVERSIZED_BYTES_MAX = 1024 * 1024 + 1;

const folder = await mkdtemp(join(tmpdir(), 'coffer-random-'));
const server = await createServer({ dataDir: folder });
const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
const agent = new Agent({ keepAlive: true });
after(async () => {
  agent.destroy();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const FIELDS =
  'name account device challenge signature message record bundle chain commits entry proposal code offer answer pairing record password keys __proto__ length'.split(
    ' ',
  );

/** Choices that follow from a seed alone. */
class Choices {
  readonly #bytes: (length: number) => Uint8Array;
  constructor(seed: string) {
    this.#bytes = createSeededRandom(seed).bytes;
  }
  bytes(length: number): Buffer {
    return Buffer.from(this.#bytes(length));
  }
  below(end: number): number {
    return this.bytes(6).readUIntBE(0, 6) % end;
  }
  of<T>(...choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }
  text(): string {
    const length = this.of(0, 1, 16, 22, 32, 43, 64, 86, 300);
    return this.of(
      this.bytes(length).toString('base64url'),
      this.bytes(length).toString('latin1'),
      '\u0000'.repeat(length),
      '\ud800',
    );
  }
  json(depth = 3): unknown {
    if (depth === 0 || this.below(3) === 0) {
      return this.of<unknown>(this.text(), this.text(), null, true, -1, 2 ** 60, 0.5, 0);
    }
    const width = this.below(6);
    if (this.below(4) === 0) return Array.from({ length: width }, () => this.json(depth - 1));
    return Object.fromEntries(
      Array.from({ length: width + 1 }, () => [
        FIELDS[this.below(FIELDS.length)] ?? '',
        this.json(depth - 1),
      ]),
    );
  }
}

interface Known {
  readonly token: string;
  readonly space: string;
  readonly account: string;
  /** A body that the server took once: it comes again, whole or with a bit turned. */
  readonly taken: Buffer;
}

interface RandomRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

function randomBody(choices: Choices, { bodySizeBytesMax }: Call, { taken }: Known): Buffer {
  const flipped = Buffer.from(taken);
  const at = choices.below(flipped.length);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << choices.below(8));
  return choices.of<() => Buffer>(
    () => Buffer.alloc(0),
    () => choices.bytes(choices.below(4096)),
    () => choices.bytes(32 * choices.below(64)),
    () => Buffer.from(JSON.stringify(choices.json())),
    () => Buffer.from(JSON.stringify(choices.json()).slice(0, -1)),
    () => Buffer.from('[{"a":'.repeat(choices.below(600))),
    () => Buffer.alloc(Math.min(bodySizeBytesMax, OVERSIZED_BYTES_MAX), choices.of('[', '{', '9')),
    () => Buffer.alloc(Math.min(bodySizeBytesMax + 1, OVERSIZED_BYTES_MAX), 0x80),
    () => taken,
    () => flipped,
    () => taken.subarray(0, at),
  )();
}

function randomPath(choices: Choices, { path }: Call, { space, account }: Known): string {
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) =>
    choices.of(
      name === 'account' ? account : space,
      name === 'account' ? account : space,
      choices.bytes(16).toString('base64url'),
      encodeURIComponent(choices.bytes(12).toString('latin1')),
      choices.of('', '%', '%00', '..', '%2e%2e%2f', 'x'.repeat(3000), '__proto__'),
    ),
  );
  const count = choices.of('0', '1', '-1', '1e3', '9007199254740993', '', 'NaN', '%zz');
  const name = choices.of('from', 'cursor', '__proto__');
  return choices.of(filled, filled, `${filled}?${name}=${count}&${name}=${count}`, `${filled}/`);
}

function randomRequest(choices: Choices, call: Call, known: Known): RandomRequest {
  const isPlain = call.request === null && choices.below(2) === 0;
  const body = isPlain ? Buffer.alloc(0) : randomBody(choices, call, known);
  const noise = choices.bytes(24).toString('base64url');
  const authorization = choices.of(
    `Bearer ${known.token}`,
    `Bearer ${known.token}`,
    `Bearer ${known.token}`,
    `bearer  ${noise}`,
    `Bearer ${'x'.repeat(4000)}`,
    '',
  );
  const type = call.request === 'binary' ? 'application/octet-stream' : 'application/json';
  const headers = {
    authorization,
    'content-type': choices.of(type, type, type, 'text/plain', 'multipart/form-data', ';=', ''),
    ...choices.of<Record<string, string | readonly string[]>>(
      {},
      {},
      {},
      { 'content-encoding': 'gzip', 'x-forwarded-for': noise },
      { 'transfer-encoding': 'chunked' },
      { range: 'bytes=0-', cookie: [noise, noise], accept: noise },
      { host: noise, origin: 'https://elsewhere.example' },
    ),
  };
  const methods = [call.method, call.method, call.method, 'PUT', 'HEAD', 'OPTIONS'] as const;
  return { method: choices.of(...methods), path: randomPath(choices, call, known), headers, body };
}

/** Undefined where the server ends the connection while a refused body is still on its way. */
function send({ method, path, headers, body }: RandomRequest) {
  return new Promise<{ status: number; body: Buffer } | undefined>((resolve, reject) => {
    const length = 'transfer-encoding' in headers ? {} : { 'content-length': String(body.length) };
    const sent = request(url, { method, path, agent, headers: { ...headers, ...length } });
    sent.once('response', (response) => {
      const parts: Buffer[] = [];
      const status = response.statusCode ?? 0;
      const end = () => resolve({ status, body: Buffer.concat(parts) });
      if (response.headers['content-type'] === 'text/event-stream') {
        response.destroy();
        return end();
      }
      response.on('data', (part: Buffer) => parts.push(part));
      response.once('end', end);
      return response.once('error', end);
    });
    sent.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(undefined) : reject(error),
    );
    sent.end(body);
  });
}

test('random requests to every route get a code, and the server goes on', async (t) => {
  const given = process.env['COFFER_FUZZ_SEED'];
  const seed = given === undefined ? randomInt(2 ** 31) : Number(given);
  t.diagnostic(`COFFER_FUZZ_SEED=${seed}`);
  const suite = await createNodeOpenSuite();
  const options = { suite, handle: createHttpHandle(url), origin: url, time: 0 };
  const person = await signedInPerson({ ...options, name: 'ann@example.org' });
  const known: Known = {
    token: person.token ?? '',
    space: person.drive.space,
    account: person.account,
    taken: Buffer.from(encodeSealedCommit(person.drive.genesis)),
  };
  const began = process.memoryUsage().rss;
  let refused = 0;
  let lost = 0;
  for (const name of CALL_NAMES) {
    const call: Call = CALLS[name];
    const choices = new Choices(`${seed} ${name}`);
    for (let round = 0; round < ROUNDS; round++) {
      // The session is to live: only requests that cannot end it come with its token.
      const made = randomRequest(
        choices,
        call,
        name === 'endSession' ? { ...known, token: 'x' } : known,
      );
      const answer = await send(made);
      const what = `seed ${seed}, ${name} ${round}: ${made.method} ${made.path.slice(0, 100)}`;
      if (answer === undefined) lost++;
      else if (answer.status >= 400) {
        refused++;
        assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.body.toString()}`);
        if (made.method !== 'HEAD') decodeJson(errorAnswer, answer.body);
      } else assert.equal(answer.status, 200, what);
    }
  }
  const total = CALL_NAMES.length * ROUNDS;
  t.diagnostic(`${total} requests, ${refused} refused, ${lost} cut off`);
  assert.ok(refused > total / 2 && lost < total / 10, `${refused} refused, ${lost} cut off`);
  const health = await send({ method: 'GET', path: '/health', headers: {}, body: Buffer.alloc(0) });
  assert.equal(health?.status, 200);
  assert.equal((await person.openSession()).status, 200, 'and people can still sign in');
  const grown = process.memoryUsage().rss - began;
  assert.ok(grown < RSS_GROWTH_BYTES_MAX, `grew by ${grown} bytes`);
});
