import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { client, ready } from '@serenity-kit/opaque';
import {
  accountBundleAnswer,
  decodeJson,
  devicesAnswer,
  signInFinishAnswer,
  signInStartAnswer,
  signUpStartAnswer,
} from '@coffer/protocol/api';
import { base64UrlToBytes, bytesToHex, type AccountId } from '@coffer/protocol/core';
import {
  accountBundleDigest,
  encodeSealedCommit,
  extendKeyChain,
  verifyKeyChain,
} from '@coffer/protocol/model';
import {
  addDeviceToBundle,
  createDeviceSecrets,
  devicePublicKeys,
  draftAccount,
  openAccountByPassword,
  recoveryAuth,
  signKeyChainEntry,
  type OpenedAccount,
} from '@coffer/protocol/model/open';
import { createFixture } from './testing/fixture.ts';
import { Person } from './testing/person.ts';
import { makeCall } from './testing/test-client.ts';

const fixture = await createFixture({ seed: 'accounts' });
const { server, clock, suite } = fixture;
const { handle } = server;
after(() => server.close());
await ready;

const KEY_STRETCHING = 'memory-constrained';

/** Signs up with a password as a client does. */
async function signUpWithPassword(name: string, password: string) {
  const draft = draftAccount(suite);
  const started = client.startRegistration({ password });
  const json = { name, account: draft.account, request: started.registrationRequest };
  const reply = await makeCall(handle, 'signUpStart', { json });
  const { response } = decodeJson(signUpStartAnswer, reply.bytes);
  const finished = client.finishRegistration({
    password,
    registrationResponse: response,
    clientRegistrationState: started.clientRegistrationState,
    keyStretching: KEY_STRETCHING,
  });
  const person = new Person(
    {
      suite,
      handle,
      origin: server.origin,
      name,
      time: clock.now(),
      exportKey: base64UrlToBytes(finished.exportKey),
      record: finished.registrationRecord,
    },
    draft,
  );
  assert.equal((await person.signUp()).status, 200);
  return person;
}

async function startSignIn(name: string, password: string, address = '192.0.2.1') {
  const started = client.startLogin({ password });
  const json = { name, request: started.startLoginRequest };
  const reply = await makeCall(handle, 'signInStart', { json, address });
  assert.equal(reply.status, 200, reply.code);
  return { ...started, ...decodeJson(signInStartAnswer, reply.bytes) };
}

function finishAtClient(started: Awaited<ReturnType<typeof startSignIn>>, password: string) {
  return client.finishLogin({
    clientLoginState: started.clientLoginState,
    loginResponse: started.answer,
    password,
    keyStretching: KEY_STRETCHING,
  });
}

const finish = (handle_: string, message: string) =>
  makeCall(handle, 'signInFinish', { json: { handle: handle_, finish: message } });

test('a password opens the account on a new device, which certifies itself', async () => {
  const person = await signUpWithPassword('Ana@Example.org', 'correct horse');
  const started = await startSignIn('ana@example.ORG', 'correct horse');
  assert.equal(started.account, person.account);
  const login = finishAtClient(started, 'correct horse');
  assert.ok(login);
  const finished = await finish(started.handle, login.finishLoginRequest);
  const { enrolToken, expiresAt } = decodeJson(signInFinishAnswer, finished.bytes);
  assert.equal(expiresAt, clock.now() + 5 * 60_000);

  const read = await makeCall(handle, 'accountBundle', { token: enrolToken });
  const { bundle, chain } = decodeJson(accountBundleAnswer, read.bytes);
  const opened = openAccountByPassword(
    suite,
    { bundle, chain: verifyKeyChain(suite, person.account, chain) },
    base64UrlToBytes(login.exportKey),
  );
  const added = addDevice(opened, bundle);
  assert.equal(
    (await makeCall(handle, 'addDevice', { token: enrolToken, json: added.json })).status,
    200,
  );
  // The answer was lost: the same request is answered the same way.
  assert.equal(
    (await makeCall(handle, 'addDevice', { token: enrolToken, json: added.json })).status,
    200,
  );

  const second = new Person(
    { suite, handle, origin: server.origin, name: 'x', time: 0 },
    {
      ...person.draft,
      device: added.device,
    },
  );
  assert.equal((await second.openSession()).status, 200);
  const devices = await makeCall(handle, 'devices', { token: second.token });
  const ids = decodeJson(devicesAnswer, devices.bytes).devices.map(({ id }) => id);
  assert.deepEqual(ids.sort(), [person.draft.device.device, added.device.device].sort());

  // One of two devices that enrol at the same time has to start over.
  const late = addDevice(opened, bundle);
  const lost = await makeCall(handle, 'addDevice', { token: enrolToken, json: late.json });
  assert.deepEqual([lost.status, lost.code], [409, 'chain-moved']);
  const grown = { ...opened, chain: extendKeyChain(suite, opened.chain, [added.json.entry]) };
  const stale = addDevice(grown, bundle);
  const moved = await makeCall(handle, 'addDevice', { token: enrolToken, json: stale.json });
  assert.deepEqual([moved.status, moved.code], [409, 'bundle-moved']);

  clock.advance(5 * 60_000);
  const ended = await makeCall(handle, 'accountBundle', { token: enrolToken });
  assert.deepEqual([ended.status, ended.code], [401, 'not-signed-in']);
});

function addDevice(opened: OpenedAccount, previous: Uint8Array) {
  const device = createDeviceSecrets(suite);
  const keys = devicePublicKeys(suite, device);
  const change = { type: 'device-added', ...keys, expires: null } as const;
  const entry = signKeyChainEntry(suite, opened.chain, opened.secrets.identitySeed, {
    time: clock.now(),
    change,
  });
  const bundle = addDeviceToBundle(suite, opened, keys);
  return { device, json: { entry, bundle, previous: accountBundleDigest(suite, previous) } };
}

test('an enrol token opens nothing but keys', async () => {
  await signUpWithPassword('eve@example.org', 'pw');
  const started = await startSignIn('eve@example.org', 'pw');
  const login = finishAtClient(started, 'pw');
  const finished = await finish(started.handle, login?.finishLoginRequest ?? '');
  const { enrolToken } = decodeJson(signInFinishAnswer, finished.bytes);
  const spaces = await makeCall(handle, 'spaces', { token: enrolToken });
  assert.deepEqual([spaces.status, spaces.code], [403, 'refused']);
});

test('an unknown name is answered like a known one, each time with the same account', async () => {
  const first = await startSignIn('nobody@example.org', 'pw');
  const second = await startSignIn('NOBODY@example.org', 'other');
  assert.equal(first.account, second.account);
  assert.notEqual(first.handle, second.handle);
  assert.equal(finishAtClient(first, 'pw'), undefined);
  const finished = await finish(first.handle, 'A'.repeat(86));
  assert.deepEqual([finished.status, finished.code], [401, 'wrong-password']);
});

test('wrong passwords, broken messages, used and late handles give one error', async () => {
  await signUpWithPassword('bob@example.org', 'right');
  const started = await startSignIn('bob@example.org', 'wrong');
  assert.equal(finishAtClient(started, 'wrong'), undefined);
  const replies = [await finish(started.handle, 'A'.repeat(86))];

  const right = await startSignIn('bob@example.org', 'right');
  const login = finishAtClient(right, 'right');
  assert.ok(login);
  assert.equal((await finish(right.handle, login.finishLoginRequest)).status, 200);
  replies.push(await finish(right.handle, login.finishLoginRequest));

  const late = await startSignIn('bob@example.org', 'right');
  const lateLogin = finishAtClient(late, 'right');
  clock.advance(60_000);
  replies.push(await finish(late.handle, lateLogin?.finishLoginRequest ?? ''));
  replies.push(await finish('unknown_handle_of_nobody', 'A'.repeat(86)));
  for (const { status, bytes } of replies) {
    assert.equal(status, 401);
    assert.deepEqual(bytes, replies[0]?.bytes);
  }
});

test('tries are limited for a name at an address, and nobody locks out another address', async () => {
  const attempt = (address: string) => {
    const { startLoginRequest } = client.startLogin({ password: 'x' });
    const json = { name: 'victim@example.org', request: startLoginRequest };
    return makeCall(handle, 'signInStart', { json, address });
  };
  for (let i = 0; i < 10; i++) assert.equal((await attempt('2001:db8::1')).status, 200);
  const refused = await attempt('2001:db8::ffff:2');
  assert.deepEqual([refused.status, refused.code], [429, 'rate-limited']);
  const retryAfterMs = refused.error?.retryAfterMs ?? 0;
  assert.ok(retryAfterMs > 0 && retryAfterMs <= 15 * 60_000);
  assert.equal((await attempt('2001:db8:0:1::1')).status, 200);
  clock.advance(retryAfterMs);
  assert.equal((await attempt('2001:db8::1')).status, 200);
});

test('a recovery key gets the bundle; a wrong one or name gets one error', async () => {
  const person = await fixture.person('rita@example.org');
  const auth = recoveryAuth(suite, person.account, person.draft.recoveryKey);
  const recover = (name: string, recoveryAuth: Uint8Array) =>
    makeCall(handle, 'recoveryBundle', { json: { name, recoveryAuth } });
  const reply = await recover('rita@example.org', auth);
  assert.equal(reply.status, 200);
  assert.equal(reply.json?.['account'], person.account);
  const wrong = [
    await recover('rita@example.org', new Uint8Array(32)),
    await recover('nobody@example.org', auth),
  ];
  for (const { status, bytes } of wrong) {
    assert.equal(status, 401);
    assert.deepEqual(bytes, wrong[0]?.bytes);
  }
});

test('a sign-up is one transaction: it can be repeated, and a taken name leaves nothing', async () => {
  const first = fixture.stranger('carl@example.org');
  assert.deepEqual((await first.signUp()).json, { active: true });
  assert.deepEqual((await first.signUp()).json, { active: true });
  const other = fixture.stranger('CARL@example.org');
  const taken = await other.signUp();
  assert.deepEqual([taken.status, taken.code], [409, 'name-taken']);
  assert.equal(await server.store.getAccount(other.account), undefined);
  assert.equal(await server.store.getHead(other.drive.space), undefined);
  const renamed = await first.signUp({ name: 'other@example.org' });
  assert.deepEqual([renamed.status, renamed.code], [403, 'refused']);
});

test('a sign-up with parts that do not belong together is refused', async () => {
  const good = fixture.stranger('dora@example.org');
  const other = fixture.stranger('dave@example.org');
  const json = {
    name: 'dora@example.org',
    account: good.account,
    record: 'A'.repeat(256),
    bundle: good.bundle,
    chain: [...good.chain.entries],
    commits: [new Uint8Array(3), new Uint8Array(3)],
  };
  const wrong = [
    { ...json },
    { ...json, account: other.account },
    { ...json, bundle: other.bundle },
    { ...json, chain: [...json.chain].reverse() },
    { ...json, account: bytesToHex(suite.randomBytes(16)) as AccountId },
  ];
  for (const changed of wrong) {
    const reply = await makeCall(handle, 'signUpFinish', { json: changed });
    assert.deepEqual([reply.status, reply.code], [400, 'malformed']);
  }
  assert.equal(await server.store.getAccount(good.account), undefined);
  const twice = fixture.stranger('erik@example.org');
  const drive = encodeSealedCommit(twice.drive.genesis);
  assert.equal((await twice.signUp({ commits: [drive, drive] })).status, 400);
});
