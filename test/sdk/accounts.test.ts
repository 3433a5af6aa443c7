/** Signing up and in with real OPAQUE, against the real server in this process. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import {
  networkFault,
  parseRecoveryWords,
  signIn,
  signUp,
  type AccountPorts,
  type HttpRequest,
  type HttpResponse,
  type KeyStore,
} from '@coffer/sdk';
import { systemClock, systemRandom } from '@coffer/sdk/node';
import { createMemoryKeyStore } from '@coffer/sdk/testing';
import { createMemoryServer, type MemoryServer } from '@coffer/server/testing';
import { signal } from './harness.ts';

const suite = await createNodeOpenSuite();

function portsOf(server: MemoryServer, keyStore: KeyStore, sent: string[] = []): AccountPorts {
  return {
    connect: () => ({
      request: (request, until) => {
        sent.push(request.path, new TextDecoder().decode(request.body));
        return server.handle(request, until);
      },
    }),
    keyStore,
    suite,
    clock: systemClock,
    random: systemRandom,
  };
}

test('an account signs up, its password signs a new device in, and another password does not', async () => {
  const server = await createMemoryServer({ clock: systemClock, random: systemRandom });
  const input = { server: server.origin, email: ' Ana@Example.org ', deviceName: 'laptop' };
  const sent: string[] = [];
  const first = createMemoryKeyStore();
  const password = 'correct horse battery staple';
  const up = await signUp(portsOf(server, first, sent), { ...input, password }, signal);
  assert.ok(up.ok && up.value.active);
  assert.deepEqual(parseRecoveryWords(up.value.recoveryWords.join(' ')), up.value.recoveryKey);
  assert.deepEqual(await first.load(), up.value.secrets);
  assert.equal(up.value.secrets.email, 'ana@example.org');

  const second = createMemoryKeyStore();
  const login = { ...input, email: 'ana@EXAMPLE.org', deviceName: 'desk' };
  const signedIn = await signIn(portsOf(server, second, sent), { ...login, password }, signal);
  assert.ok(signedIn.ok);
  const { secrets } = signedIn.value;
  assert.equal(secrets.account, up.value.secrets.account);
  assert.notEqual(secrets.device, up.value.secrets.device);
  assert.deepEqual(secrets.accountKey, up.value.secrets.accountKey);

  const third = createMemoryKeyStore();
  const wrong = { ...login, password: 'Correct horse battery staple' };
  const refused = await signIn(portsOf(server, third, sent), wrong, signal);
  assert.equal(refused.ok ? '' : refused.error.code, 'wrong-password');
  const unknown = { ...login, email: 'eve@example.org', password };
  const alike = await signIn(portsOf(server, third, sent), unknown, signal);
  assert.equal(alike.ok ? '' : alike.error.code, 'wrong-password');
  assert.equal(await third.load(), undefined);

  const twice = await signUp(portsOf(server, third, sent), { ...input, password }, signal);
  assert.equal(twice.ok ? '' : twice.error.code, 'name-taken');
  const there = await signUp(portsOf(server, first, sent), { ...input, password }, signal);
  assert.equal(there.ok ? '' : there.error.code, 'already-signed-in');
  assert.ok(!sent.some((text) => text.toLowerCase().includes('battery')));
  await server.close();
});

/** Ports whose first answer to `path` is lost after the server did its work. */
function losing(server: MemoryServer, path: string): AccountPorts & { lost: number } {
  const honest = portsOf(server, createMemoryKeyStore());
  const ports = {
    ...honest,
    lost: 0,
    clock: { ...systemClock, sleep: () => Promise.resolve() },
    connect: (origin: string) => ({
      request: async (request: HttpRequest, until: AbortSignal): Promise<HttpResponse> => {
        const response = await honest.connect(origin).request(request, until);
        if (request.method !== 'POST' || request.path !== path || ports.lost++ > 0) return response;
        throw networkFault('the answer was lost', undefined);
      },
    }),
  };
  return ports;
}

test('a device that lost the answer to its enrolment finds itself enrolled', async () => {
  const server = await createMemoryServer({ clock: systemClock, random: systemRandom });
  const input = {
    server: server.origin,
    email: 'ana@example.org',
    password: 'pw',
    deviceName: 'a',
  };
  assert.ok((await signUp(portsOf(server, createMemoryKeyStore()), input, signal)).ok);
  const ports = losing(server, '/v1/account/devices');
  const signedIn = await signIn(ports, input, signal);
  assert.ok(signedIn.ok && ports.lost > 1);
  await server.close();
});

test('an account that lost the answer to its sign-up is signed up', async () => {
  const server = await createMemoryServer({ clock: systemClock, random: systemRandom });
  const input = {
    server: server.origin,
    email: 'ana@example.org',
    password: 'pw',
    deviceName: 'a',
  };
  const ports = losing(server, '/v1/signup/finish');
  const up = await signUp(ports, input, signal);
  assert.ok(up.ok && ports.lost > 1);
  assert.deepEqual(await ports.keyStore.load(), up.value.secrets);
  await server.close();
});
