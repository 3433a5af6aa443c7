import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { encodeSessionProof } from '@coffer/protocol/api';
import {
  base64UrlToBytes,
  bytesToUtf8,
  utf8ToBytes,
  type AccountId,
  type Bytes,
  type DeviceId,
} from '@coffer/protocol/core';
import { verifySignature } from '@coffer/protocol/crypto';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { systemRandom } from '../../adapters/node/index.ts';
import {
  networkFault,
  RemoteFault,
  type HttpRequest,
  type HttpResponse,
} from '../../ports/index.ts';
import { ApiClient } from './api-client.ts';
import { Session } from './session.ts';

const suite = await createNodeOpenSuite();
const never = new AbortController().signal;
const device = {
  server: 'https://coffer.example',
  account: 'a1'.repeat(16) as AccountId,
  device: 'd1'.repeat(16) as DeviceId,
  deviceSeed: suite.randomBytes(32),
};

/** A server that knows one token at a time, and takes each challenge once. */
class TokenServer {
  sessions = 0;
  valid = '';
  readonly proofs: { challenge: Bytes; signature: Bytes }[] = [];
  /** How many answers about new sessions do not arrive. */
  toLose = 0;
  #challenges = 0;
  #open = '';

  readonly client = new ApiClient({
    transport: {
      request: async (request) => {
        await Promise.resolve();
        const answer = this.#answer(request);
        if (!request.path.endsWith('/sessions') || this.toLose === 0) return answer;
        this.toLose--;
        throw networkFault('the answer was lost', undefined);
      },
    },
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    random: systemRandom,
  });

  #answer({ path, headers, body }: HttpRequest): HttpResponse {
    if (path.endsWith('/challenge')) {
      this.#open = String.fromCharCode(65 + (this.#challenges++ % 26)).repeat(42) + 'A';
      return json(200, { challenge: this.#open });
    }
    if (path.endsWith('/sessions')) {
      const sent = JSON.parse(bytesToUtf8(body ?? new Uint8Array())) as Record<string, string>;
      if (sent['challenge'] !== this.#open) return notSignedIn();
      this.#open = '';
      const challenge = base64UrlToBytes(sent['challenge'] ?? '');
      this.proofs.push({ challenge, signature: base64UrlToBytes(sent['signature'] ?? '') });
      this.valid = `token-number-0000${++this.sessions}`;
      return json(200, { token: this.valid, expiresAt: 1 });
    }
    if (headers['authorization'] === `Bearer ${this.valid}`) return json(200, { spaces: [] });
    return notSignedIn();
  }
}

function notSignedIn(): HttpResponse {
  return json(401, { error: { code: 'not-signed-in', message: '' } });
}

function json(status: number, value: unknown): HttpResponse {
  async function* body(): AsyncGenerator<Bytes> {
    yield await Promise.resolve(utf8ToBytes(JSON.stringify(value)));
  }
  return { status, headers: {}, body: body() };
}

test('the device signs the challenge together with the origin', async () => {
  const server = new TokenServer();
  const session = new Session(server.client, suite, device);
  await session.run(async () => {}, never);
  const [proof] = server.proofs;
  assert.ok(proof !== undefined);
  const { challenge, signature } = proof;
  const signed = encodeSessionProof({ ...device, origin: device.server, challenge });
  const publicKey = suite.ed25519PublicKey(device.deviceSeed);
  assert.ok(verifySignature(suite, publicKey, 'session', signed, signature));
});

test('concurrent requests share one session, and one renewal of it', async () => {
  const server = new TokenServer();
  const session = new Session(server.client, suite, device);
  const ask = () => session.run((token) => server.client.call('spaces', { token }, never), never);
  await Promise.all([ask(), ask(), ask()]);
  assert.equal(server.sessions, 1);
  server.valid = 'of another life';
  await Promise.all([ask(), ask(), ask()]);
  assert.equal(server.sessions, 2);
});

test('a request that is refused with a new token too fails', async () => {
  const server = new TokenServer();
  const session = new Session(server.client, suite, device);
  let tries = 0;
  const refused = new RemoteFault('not-signed-in', 'no', {
    retry: { kind: 'after-user-action' },
    details: { status: 401 },
  });
  const running = session.run(() => {
    tries++;
    return Promise.reject(refused);
  }, never);
  await assert.rejects(running, refused);
  assert.equal(tries, 2);
});

test('a session whose answer was lost is asked for with a new challenge', async () => {
  const server = new TokenServer();
  const session = new Session(server.client, suite, device);
  server.toLose = 3;
  assert.equal(await session.run((token) => Promise.resolve(token), never), 'token-number-00004');
  server.toLose = 4;
  server.valid = '';
  const ask = () => session.run((token) => server.client.call('spaces', { token }, never), never);
  await assert.rejects(ask(), { code: 'network' });
  assert.deepEqual(await ask(), { spaces: [] });
});

test('one who gives up does not fail the others that wait for the same session', async () => {
  const server = new TokenServer();
  const session = new Session(server.client, suite, device);
  const ending = new AbortController();
  const reason = new Error('enough');
  const impatient = session.run((token) => Promise.resolve(token), ending.signal);
  const patient = session.run((token) => Promise.resolve(token), never);
  ending.abort(reason);
  await assert.rejects(impatient, reason);
  assert.equal(await patient, 'token-number-00001');
});

test('one who gave up before asks the server for nothing, and leaves no rejection behind', async () => {
  const server = new TokenServer();
  server.toLose = 100;
  const session = new Session(server.client, suite, device);
  const reason = new Error('enough');
  const strays: unknown[] = [];
  const onStray = (error: unknown): void => void strays.push(error);
  process.on('unhandledRejection', onStray);
  try {
    const given = session.run((token) => Promise.resolve(token), AbortSignal.abort(reason));
    await assert.rejects(given, reason);
    for (let turn = 0; turn < 10; turn++) await setImmediate();
  } finally {
    process.off('unhandledRejection', onStray);
  }
  assert.deepEqual([strays, server.proofs.length], [[], 0]);
});
