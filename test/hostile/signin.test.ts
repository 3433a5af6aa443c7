/** Signing up and in at a server that lies, forgets or breaks off, with the real password protocol. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeJson, CALLS, decodeJson, type CallName } from '@coffer/protocol/api';
import { bytesToBase64Url, utf8ToBytes, type Bytes } from '@coffer/protocol/core';
import { verifyKeyChain } from '@coffer/protocol/model';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { signIn, signUp, type DeviceSecrets, type KeyStore } from '@coffer/sdk';
import { systemRandom } from '@coffer/sdk/node';
import { createMemoryKeyStore } from '@coffer/sdk/testing';
import { createMemoryServer } from '@coffer/server/testing';
import { EvilServer, HONEST, type Mutate } from './evil-server.ts';
import { JumpingClock, refusalOf, signal } from './evil-world.ts';
import { HonestCalls } from './honest-calls.ts';
import { mutateJson } from './json-mutations.ts';
import { assertNothingLeaked, keysOf, textsOf } from './leaks.ts';

const EMAIL = 'rosalind@example.org';
const PASSWORD = 'photograph fifty-one';

const suite = await createNodeOpenSuite();

/** A server with the account, and ways to sign in there. */
async function scene(password = PASSWORD) {
  const clock = new JumpingClock();
  const server = await createMemoryServer({ clock, random: systemRandom });
  const evil = new EvilServer(server);
  const ports = (keyStore: KeyStore) => ({
    connect: () => evil.transport,
    keyStore,
    suite,
    clock,
    random: systemRandom,
  });
  const input = { server: server.origin, email: EMAIL, password, deviceName: 'laptop' };
  const made = await signUp(ports(createMemoryKeyStore()), input, signal);
  assert.ok(made.ok);
  const { secrets } = made.value;
  return {
    evil,
    secrets,
    /** What became of a sign-in: the code of its refusal, or undefined when it succeeded. */
    signIn: async (keyStore: KeyStore = createMemoryKeyStore(), claim = 'sign-in') => {
      // Long enough for the server's limit on tries to be over.
      clock.time += 24 * 3600 * 1000;
      let refused: string | undefined;
      const thrown = await refusalOf(async () => {
        const result = await signIn(ports(keyStore), { ...input, password: PASSWORD }, signal);
        if (!result.ok) refused = result.error.code;
      }, claim);
      return thrown ?? refused;
    },
    signUp: (keyStore: KeyStore, email: string) => {
      clock.time += 24 * 3600 * 1000;
      return signUp(ports(keyStore), { ...input, email }, signal);
    },
    devices: async () => {
      const calls = new HonestCalls(server, suite, secrets);
      const path = CALLS.accountBundle.path;
      const { chain } = decodeJson(CALLS.accountBundle.answer, await calls.get('GET', path));
      return verifyKeyChain(suite, secrets.account, chain).devices().length;
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

const on =
  (call: CallName, answer: (body: Bytes) => ReturnType<Mutate>): Mutate =>
  (exchange) =>
    exchange.call === call ? answer(exchange.body) : undefined;

test('T25 without OPAQUE there is no sign-in: nothing else is tried, and the password stays here', async () => {
  await using here = await scene();
  const { evil } = here;
  const from = evil.trace.length;
  const other = { status: 200, body: utf8ToBytes('{"method":"password","version":0}') };
  const refusals: readonly ReturnType<Mutate>[] = [
    { status: 404, body: utf8ToBytes('{"error":{"code":"not-found","message":"x"}}') },
    { status: 501, body: new Uint8Array() },
    { status: 301, headers: { location: 'http://plain.example/' }, body: new Uint8Array() },
    other,
  ];
  for (const refusal of refusals) {
    evil.tell(on('signInStart', () => refusal));
    assert.ok((await here.signIn()) !== undefined);
    assert.ok(evil.fired > 0);
  }
  for (const line of evil.trace.slice(from)) assert.match(line, /^POST \/v1\/signin\/start \d+$/);
  assertNothingLeaked(evil.sent, textsOf(PASSWORD), keysOf(here.secrets));
});

test('T8 an account that the server made under the same name is not signed in to', async () => {
  await using here = await scene('a password that the server chose');
  const from = here.evil.trace.length;
  assert.equal(await here.signIn(), 'wrong-password');
  assert.deepEqual(
    here.evil.trace.slice(from).map((line) => line.split(' ')[1]),
    ['/v1/signin/start'],
  );
  assertNothingLeaked(here.evil.sent, textsOf(PASSWORD));
});

test('T7 answers to sign-in of another form are refused before a password is tried', async () => {
  await using here = await scene();
  const { evil } = here;
  let honest: Bytes | undefined;
  evil.tell(on('signInStart', (body) => {
    honest = body;
    return 'lost';
  })); // prettier-ignore
  await here.signIn();
  assert.ok(honest !== undefined);
  for (const { what, keepsShape, body } of mutateJson(honest)) {
    if (keepsShape) continue;
    evil.tell(on('signInStart', () => body));
    assert.equal(await here.signIn(undefined, what), 'malformed', what);
    assert.ok(evil.fired > 0, what);
  }
  const { answer } = CALLS.signInStart;
  const said = decodeJson(answer, honest);
  const values: readonly (typeof said)[] = [
    { ...said, answer: bytesToBase64Url(new Uint8Array(320)) },
    { ...said, answer: bytesToBase64Url(suite.randomBytes(320)) },
  ];
  for (const value of values) {
    evil.tell(on('signInStart', () => encodeJson(answer, value)));
    assert.equal(await here.signIn(), 'wrong-password');
  }
  evil.tell(HONEST);
  assert.equal(await here.signIn(), undefined);
  assertNothingLeaked(evil.sent, textsOf(PASSWORD), keysOf(here.secrets));
});

test('T77 wherever a sign-in breaks off, nothing is half there and the next one succeeds', async () => {
  await using here = await scene();
  const { evil } = here;
  const places = [
    ['signInStart', 'for ever'],
    ['signInFinish', 'once'],
    ['accountBundle', 'for ever'],
    ['addDevice', 'once'],
    ['addDevice', 'for ever'],
  ] as const;
  for (const [call, how] of places) {
    const keyStore = createMemoryKeyStore();
    const devices = await here.devices();
    let lost = 0;
    evil.tell(on(call, () => (how === 'once' && lost++ > 0 ? undefined : 'lost')));
    const code = await here.signIn(keyStore, call);
    assert.ok(evil.fired > 0);
    evil.tell(HONEST);
    const saved = await keyStore.load();
    assert.equal(saved !== undefined, code === undefined, `${call} ${how}: ${code}`);
    if (code !== undefined) assert.equal(await here.signIn(keyStore), undefined);
    assert.ok((await here.devices()) <= devices + 2, 'each attempt adds one device at most');
  }
});

test('T77 a device whose keys cannot be saved is not signed in, and can be later', async () => {
  await using here = await scene();
  let saved: DeviceSecrets | undefined;
  let isFull = true;
  const keyStore: KeyStore = {
    load: () => Promise.resolve(saved),
    save: (secrets) => {
      if (isFull) return Promise.reject(new Error('no space left'));
      saved = secrets;
      return Promise.resolve();
    },
    clear: () => Promise.resolve(),
  };
  await assert.rejects(here.signIn(keyStore));
  assert.equal(saved, undefined);
  isFull = false;
  assert.equal(await here.signIn(keyStore), undefined);
  assert.ok(saved !== undefined);
});

test('T7 answers to sign-up of another form leave nothing here', async () => {
  await using here = await scene();
  const { evil } = here;
  const bodies = [
    '',
    '{}',
    '{"response":7}',
    '{"response":"AA"}',
    `{"response":"${'A'.repeat(86)}"}`,
  ];
  for (const [n, body] of bodies.entries()) {
    evil.tell(on('signUpStart', () => utf8ToBytes(body)));
    const keyStore = createMemoryKeyStore();
    const made = await here
      .signUp(keyStore, `new${n}@example.org`)
      .catch((error: unknown) => error);
    assert.ok(evil.fired > 0);
    assert.ok(
      made instanceof Error ||
        (typeof made === 'object' && made !== null && 'ok' in made && made.ok === false),
      body,
    );
    assert.equal(await keyStore.load(), undefined);
  }
  for (const [n, body] of ['', '{"active":"yes"}', '{"active":true,"more":1}'].entries()) {
    evil.tell(on('signUpFinish', () => utf8ToBytes(body)));
    const keyStore = createMemoryKeyStore();
    await assert.rejects(here.signUp(keyStore, `late${n}@example.org`), { code: 'malformed' });
    assert.equal(await keyStore.load(), undefined);
  }
});
