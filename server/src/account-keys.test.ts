/** Passwords, rotations, recoveries and the end of accounts, by calls. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  decodeJson,
  recoveryBundleAnswer,
  registerPasswordAnswer,
  type RequestOf,
} from '@coffer/protocol/api';
import { digestFromBytes, utf8ToBytes, type DeviceId, type Digest } from '@coffer/protocol/core';
import { encodePack } from '@coffer/protocol/content';
import { sign } from '@coffer/protocol/crypto/open';
import {
  accountBundleDigest,
  decodeAccountBundle,
  encodeAccountBundle,
  encodeAccountBundleBody,
  encodeSealedCommit,
  verifyKeyChain,
} from '@coffer/protocol/model';
import {
  addDeviceToBundle,
  certifyDevice,
  changePassword,
  createDeviceSecrets,
  devicePublicKeys,
  openAccountByKey,
  recoveryAuth,
  rotateAccountKey,
  signNewIdentity,
  type OpenedAccount,
} from '@coffer/protocol/model/open';
import { createFixture } from './testing/fixture.ts';
import type { Person } from './testing/person.ts';
import { makeCall } from './testing/test-client.ts';

const fixture = await createFixture({ seed: 'account keys' });
const { server, clock, suite } = fixture;
const { handle } = server;
after(() => server.close());

const RECORD = 'B'.repeat(256);
type Replace = RequestOf<'replaceKeys'>;

async function tokenFor(person: Person, proof?: 'recovery'): Promise<string> {
  const { sessions } = server.application.services;
  return (await sessions.startEnrolment(person.account, proof)).token;
}

/** The account as the server has it now. */
async function openNow(person: Person): Promise<OpenedAccount> {
  const stored = await server.store.getAccount(person.account);
  const entries = await server.store.getChain(person.account, 0);
  assert.ok(stored);
  const chain = verifyKeyChain(suite, person.account, entries);
  const opened = openAccountByKey(suite, { bundle: stored.bundle, chain }, person.draft.accountKey);
  assert.ok(opened);
  return opened;
}

async function passwordChange(person: Person): Promise<Replace> {
  const opened = await openNow(person);
  const bundle = changePassword(suite, opened, suite.randomBytes(64));
  return {
    entries: [],
    bundle,
    previous: accountBundleDigest(suite, person.bundle),
    record: RECORD,
  };
}

/** A rotation, with devices that go and one that comes if they are given. */
async function rotation(
  person: Person,
  given: { readonly revoke?: readonly DeviceId[]; readonly record?: string } = {},
) {
  const stored = await openNow(person);
  const device = createDeviceSecrets(suite);
  const { identitySeed } = stored.secrets;
  const chain = certifyDevice(suite, {
    chain: stored.chain,
    identitySeed,
    device: devicePublicKeys(suite, device),
    expires: null,
    time: 0,
  });
  const recoveryKey = suite.randomBytes(32);
  const rotated = rotateAccountKey(
    suite,
    { ...stored, chain },
    { revoke: given.revoke ?? [], exportKey: suite.randomBytes(64), recoveryKey, time: 0 },
  );
  const request: Replace = {
    entries: rotated.chain.entries.slice(stored.chain.seq + 1),
    bundle: rotated.bundle,
    previous: accountBundleDigest(suite, person.bundle),
    ...(given.record === undefined ? {} : { record: given.record }),
  };
  return { request, recoveryKey, device, rotated };
}

/** The bundle as an identity could sign it that leaves a device out. */
function withoutLastEnvelope({ secrets }: OpenedAccount, request: Replace): Replace {
  const whole = decodeAccountBundle(request.bundle);
  const deviceEnvelopes = whole.deviceEnvelopes.slice(0, -1);
  const body = encodeAccountBundleBody({ ...whole, deviceEnvelopes });
  const signature = sign(suite, secrets.identitySeed, 'account-bundle', body);
  return { ...request, bundle: encodeAccountBundle(body, signature) };
}

const replace = async (token: string, json: Replace) => {
  const { status, code } = await makeCall(handle, 'replaceKeys', { token, json });
  return status === 200 ? 200 : code;
};
const spaces = async (person: Person) =>
  (await makeCall(handle, 'spaces', { token: person.token })).status;

test('a new password replaces record and wrap at once, and signed-in devices stay signed in', async () => {
  const person = await fixture.person('password@example.org');
  const token = await tokenFor(person);
  const request = 'A'.repeat(43);
  const answer = await makeCall(handle, 'registerPassword', { token, json: { request } });
  // What the test sends is no message of the protocol.
  assert.equal(answer.code, 'malformed');
  const change = await passwordChange(person);
  assert.equal(await replace(token, change), 200);
  const stored = await server.store.getAccount(person.account);
  assert.deepEqual([stored?.passwordRecord, stored?.bundle], [RECORD, Buffer.from(change.bundle)]);
  assert.equal(await replace(token, change), 200, 'the answer was lost');
  assert.equal(await spaces(person), 200);
  const other = { ...change, record: 'C'.repeat(256) };
  assert.equal(await replace(token, other), 'bundle-moved');
});

test('with a new password nothing else may change', async () => {
  const person = await fixture.person('only@example.org');
  const token = await tokenFor(person);
  const change = await passwordChange(person);
  const { record: _, ...withoutRecord } = change;
  assert.equal(await replace(token, withoutRecord), 'refused');
  const { request } = await rotation(person, { record: RECORD });
  assert.equal(await replace(token, { ...request, entries: [] }), 'refused');
  const sameWords = await rotation(person);
  const stale = { ...sameWords.request, previous: digestFromBytes<Digest>(new Uint8Array(32)) };
  assert.equal(await replace(token, stale), 'bundle-moved');
  assert.equal(await replace(token, change), 200);
});

test('other enrolments end with a change of the keys, the one that made it does not', async () => {
  const person = await fixture.person('enrolments@example.org');
  const [token, other] = [await tokenFor(person), await tokenFor(person)];
  assert.equal(await replace(token, await passwordChange(person)), 200);
  const read = async (by: string) =>
    (await makeCall(handle, 'accountBundle', { token: by })).status;
  assert.deepEqual([await read(token), await read(other)], [200, 401]);
});

test('a rotation takes a device out in the moment in which it is stored', async () => {
  const person = await fixture.person('lost@example.org');
  const lost = person.draft.device.device;
  const events = await handle({
    method: 'GET',
    path: '/v1/events',
    headers: { authorization: `Bearer ${person.token ?? ''}` },
  });
  const lines = events.body[Symbol.asyncIterator]();
  assert.equal((await lines.next()).done, false);
  const token = await tokenFor(person);
  const { request, device } = await rotation(person, { revoke: [lost] });
  assert.equal(await replace(token, request), 200);
  assert.equal((await lines.next()).done, true, 'its event stream ends');
  assert.equal(await spaces(person), 401);
  const again = await person.openSession();
  assert.deepEqual([again.status, again.code], [401, 'device-revoked']);
  assert.equal(await replace(token, request), 200, 'the answer was lost');
  const chain = await server.application.services.chains.load(person.account);
  assert.deepEqual(
    chain?.devices().map(({ device: id }) => id),
    [device.device],
  );
});

test('that a device was removed is told to the device alone', async () => {
  const person = await fixture.person('told@example.org');
  const { request } = await rotation(person, { revoke: [person.draft.device.device] });
  assert.equal(await replace(await tokenFor(person), request), 200);
  const proof = person.signChallenge(await person.challenge());
  const signature = Uint8Array.from(proof.signature, (byte, i) => (i === 9 ? byte ^ 1 : byte));
  assert.equal((await person.startSession({ ...proof, signature })).code, 'not-signed-in');
  assert.equal((await person.startSession(proof)).code, 'device-revoked');
});

test('a commit that was on its way when its device was removed is refused', async () => {
  const person = await fixture.person('way@example.org');
  const file = person.drive.file('late', []);
  const commit = encodeSealedCommit(person.drive.commit([file.change]).commit);
  const { request } = await rotation(person, { revoke: [person.draft.device.device] });
  // The session was looked at before the body came.
  const admitted = await server.application.admit({
    method: 'POST',
    path: `/v1/spaces/${person.drive.space}/commits`,
    headers: {
      authorization: `Bearer ${person.token ?? ''}`,
      'content-type': 'application/octet-stream',
    },
  });
  assert.ok('authorized' in admitted);
  assert.equal(await replace(await tokenFor(person), request), 200);
  const answer = await server.application.perform(admitted, commit, new AbortController().signal);
  assert.equal(answer.status, 401);
});

test('a rotation is whole: next generation, new words, a new KEM key last, every device', async () => {
  const person = await fixture.person('whole@example.org');
  const token = await tokenFor(person);
  const opened = await openNow(person);
  const good = await rotation(person);
  const { entries } = good.request;
  assert.equal(await replace(token, { ...good.request, entries: entries.slice(0, 1) }), 'refused');
  assert.equal(await replace(token, { ...good.request, entries: entries.slice(1) }), 'chain-moved');
  const seeds = { old: opened.secrets.identitySeed, new: suite.randomBytes(32) };
  const identity = signNewIdentity(suite, opened.chain, seeds, 0);
  assert.equal(await replace(token, { ...good.request, entries: [identity] }), 'malformed');
  assert.equal(await replace(token, withoutLastEnvelope(opened, good.request)), 'refused');
  const other = await fixture.person('other-whole@example.org');
  assert.equal(await replace(await tokenFor(other), good.request), 'bundle-moved');
  assert.equal(await replace(token, good.request), 200);
  const second = await rotation(await fixture.person('second@example.org'));
  assert.equal(await replace(token, second.request), 'bundle-moved');
});

test('recovery words give a token that replaces the keys and does nothing else', async () => {
  const person = await fixture.person('words@example.org');
  const auth = recoveryAuth(suite, person.account, person.draft.recoveryKey);
  const json = { name: person.name, recoveryAuth: auth };
  const recovered = await makeCall(handle, 'recoveryBundle', { json });
  const { enrolToken: token } = decodeJson(recoveryBundleAnswer, recovered.bytes);
  assert.equal((await makeCall(handle, 'deleteAccount', { token })).status, 403);
  const next = await rotation(person, { record: RECORD });
  const opened = await openNow(person);
  const [entry = new Uint8Array()] = next.request.entries;
  const bundle = addDeviceToBundle(suite, opened, devicePublicKeys(suite, next.device));
  const device = { entry, bundle, previous: next.request.previous };
  const added = await makeCall(handle, 'addDevice', { token, json: device });
  assert.equal(added.code, 'refused');
  assert.equal(await replace(token, await passwordChange(person)), 'refused', 'words stay');
  const { record: _, ...withoutRecord } = next.request;
  assert.equal(await replace(token, withoutRecord), 'refused', 'the password stays');
  assert.equal(await replace(token, next.request), 200);
  assert.equal((await makeCall(handle, 'recoveryBundle', { json })).code, 'wrong-recovery-key');
  const fresh = recoveryAuth(suite, person.account, next.recoveryKey);
  const again = await makeCall(handle, 'recoveryBundle', {
    json: { name: person.name, recoveryAuth: fresh },
  });
  assert.equal(again.status, 200);
});

test('an account that is deleted is gone at once, and its name is free', async () => {
  const person = await fixture.person('gone@example.org');
  const token = await tokenFor(person);
  assert.equal((await makeCall(handle, 'deleteAccount', { token })).status, 200);
  assert.equal(await spaces(person), 401);
  assert.equal((await makeCall(handle, 'accountBundle', { token })).status, 401);
  assert.equal((await person.openSession()).status, 401);
  assert.equal(await server.store.getHead(person.drive.space), undefined);
  assert.deepEqual(await server.store.getChain(person.account, 0), []);
  const other = await fixture.person('gone@example.org');
  assert.equal(await spaces(other), 200);
});

test('of content that an account leaves behind only bodies are left, and nothing needs them', async () => {
  const person = await fixture.person('content@example.org');
  const { bodies } = person.drive.file('kept', [utf8ToBytes('some content')]);
  const pack = encodePack(bodies);
  const ids = bodies.map(({ id }) => id);
  const params = { space: person.drive.space };
  const stored = await makeCall(handle, 'storePack', { params, bytes: pack, token: person.token });
  assert.equal(stored.status, 200, stored.code);
  const before = await server.store.findBodies(person.drive.space, ids);
  assert.ok(before.every((place) => place !== undefined));
  await makeCall(handle, 'deleteAccount', { token: await tokenFor(person) });
  assert.equal((await server.store.usage(person.account, clock.now())).usedBytes, 0);
  assert.equal(await server.store.getRole(person.drive.space, person.account), undefined);
});

test('a registration answers for the account of its token', async () => {
  const { client, ready } = await import('@serenity-kit/opaque');
  await ready;
  const person = await fixture.person('register@example.org');
  const { registrationRequest: request } = client.startRegistration({ password: 'new one' });
  const token = await tokenFor(person);
  const reply = await makeCall(handle, 'registerPassword', { token, json: { request } });
  assert.equal(decodeJson(registerPasswordAnswer, reply.bytes).response.length, 86);
});
