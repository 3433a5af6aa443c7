/** The second factor at sign-in, with the real password protocol. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  accountAnswer,
  BACKUP_CODES,
  decodeJson,
  recoveryBundleAnswer,
  signInStartAnswer,
  startSecondFactorAnswer,
} from '@coffer/protocol/api';
import {
  base64UrlToBytes,
  bytesToBase64Url,
  digestFromBytes,
  utf8ToBytes,
  type Bytes,
  type Digest,
} from '@coffer/protocol/core';
import { recoveryAuth } from '@coffer/protocol/model/open';
import { oneTimeCode } from './services/one-time-code.ts';
import { createFixture } from './testing/fixture.ts';
import type { Person } from './testing/person.ts';
import { makeCall } from './testing/test-client.ts';

const filler = (length: number): string => bytesToBase64Url(new Uint8Array(length).fill(1));
/** Every password is right: what is tested is what comes after it. */
const fixture = await createFixture({
  seed: 'second factor',
  passwords: {
    registrationResponse: () => filler(64),
    startLogin: () => ({ state: 'state', answer: filler(320) }),
    finishLogin: () => true,
    secretDigest: (text) => fixtureHmac(utf8ToBytes(text)),
  },
});
const { server, clock, suite } = fixture;
const { handle } = server;
after(() => server.close());

function fixtureHmac(text: Bytes): Bytes {
  return suite.hmacSha256(new Uint8Array(32).fill(9), text);
}

const STEP_MS = 30_000;
const codeNow = (secret: Bytes): string => oneTimeCode(secret, Math.floor(clock.now() / STEP_MS));

async function signIn(person: Person, code?: string) {
  const json = { name: person.name, request: filler(96) };
  const started = await makeCall(handle, 'signInStart', { json });
  const { handle: login } = decodeJson(signInStartAnswer, started.bytes);
  const finish = { handle: login, finish: filler(64), ...(code === undefined ? {} : { code }) };
  const reply = await makeCall(handle, 'signInFinish', { json: finish });
  return { code: reply.status === 200 ? 200 : reply.code, token: reply.json?.['enrolToken'] };
}

async function tokenOf(person: Person, code?: string): Promise<string> {
  const { token, code: status } = await signIn(person, code);
  assert.equal(status, 200);
  return String(token);
}

const BACKUP = Array.from({ length: BACKUP_CODES }, (_, i) => `abcdefgh2${'234567abcd'[i] ?? ''}`);
const backupCodes = BACKUP.map((code) => digestFromBytes<Digest>(suite.sha256(utf8ToBytes(code))));

/** Turns the second factor on; the step in which it was confirmed is over then. */
async function turnOn(person: Person): Promise<Bytes> {
  const token = await tokenOf(person);
  const started = await makeCall(handle, 'startSecondFactor', { token });
  const { secret } = decodeJson(startSecondFactorAnswer, started.bytes);
  const json = { code: codeNow(secret), backupCodes };
  assert.equal((await makeCall(handle, 'confirmSecondFactor', { token, json })).status, 200);
  assert.equal((await makeCall(handle, 'confirmSecondFactor', { token, json })).status, 200);
  clock.advance(2 * STEP_MS);
  return secret;
}

const stateOf = async (person: Person) => {
  await person.openSession();
  const reply = await makeCall(handle, 'account', { token: person.token });
  return decodeJson(accountAnswer, reply.bytes);
};

test('a second factor counts once a code of it was shown, not before', async () => {
  const person = await fixture.person('on@example.org');
  const token = await tokenOf(person);
  const started = await makeCall(handle, 'startSecondFactor', { token });
  const { secret } = decodeJson(startSecondFactorAnswer, started.bytes);
  assert.equal((await signIn(person)).code, 200);
  const wrong = { code: codeNow(secret) === '000000' ? '000001' : '000000', backupCodes };
  assert.equal(
    (await makeCall(handle, 'confirmSecondFactor', { token, json: wrong })).code,
    'wrong-code',
  );
  assert.equal((await signIn(person)).code, 200);
  const json = { code: codeNow(secret), backupCodes };
  assert.equal((await makeCall(handle, 'confirmSecondFactor', { token, json })).status, 200);
  assert.equal((await signIn(person)).code, 'second-factor-needed');
  assert.deepEqual(await stateOf(person), {
    name: person.name,
    secondFactor: true,
    backupCodesLeft: 10,
  });
  assert.equal((await makeCall(handle, 'startSecondFactor', { token })).code, 'refused');
});

test('a code signs in once, and no code before it any more', async () => {
  const person = await fixture.person('replay@example.org');
  const secret = await turnOn(person);
  const code = codeNow(secret);
  const step = Math.floor(clock.now() / STEP_MS);
  assert.equal((await signIn(person, code)).code, 200);
  assert.equal((await signIn(person, code)).code, 'wrong-code');
  assert.equal((await signIn(person, oneTimeCode(secret, step - 1))).code, 'wrong-code');
  clock.advance(STEP_MS);
  assert.equal((await signIn(person, codeNow(secret))).code, 200);
});

test('of fifty who show one code at once, one is let in', async () => {
  const person = await fixture.person('fifty@example.org');
  const secret = await turnOn(person);
  const { secondFactors } = server.application.services;
  const shown = await Promise.allSettled(
    Array.from({ length: 50 }, () => secondFactors.check(person.account, codeNow(secret))),
  );
  assert.equal(shown.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('the code that confirmed the second factor does not sign in', async () => {
  const person = await fixture.person('confirmed@example.org');
  const token = await tokenOf(person);
  const started = await makeCall(handle, 'startSecondFactor', { token });
  const { secret } = decodeJson(startSecondFactorAnswer, started.bytes);
  const json = { code: codeNow(secret), backupCodes };
  await makeCall(handle, 'confirmSecondFactor', { token, json });
  assert.equal((await signIn(person, codeNow(secret))).code, 'wrong-code');
});

test('five codes are tried, then a right one waits too, for this account alone', async () => {
  const person = await fixture.person('tries@example.org');
  const secret = await turnOn(person);
  const wrong = codeNow(secret) === '123456' ? '654321' : '123456';
  for (let i = 0; i < 5; i++) assert.equal((await signIn(person, wrong)).code, 'wrong-code');
  assert.equal((await signIn(person, codeNow(secret))).code, 'rate-limited');
  const other = await fixture.person('patient@example.org');
  const otherSecret = await turnOn(other);
  assert.equal((await signIn(other, codeNow(otherSecret))).code, 200);
  clock.advance(15 * 60_000);
  assert.equal((await signIn(person, codeNow(secret))).code, 200);
});

test('a backup code signs in once', async () => {
  const person = await fixture.person('backup@example.org');
  await turnOn(person);
  const [first = '', second = ''] = BACKUP;
  assert.equal((await signIn(person, first)).code, 200);
  assert.equal((await signIn(person, first)).code, 'wrong-code');
  assert.equal((await stateOf(person)).backupCodesLeft, 9);
  assert.equal((await signIn(person, second)).code, 200);
});

test('a second factor that is off is asked for no more', async () => {
  const person = await fixture.person('off@example.org');
  const secret = await turnOn(person);
  const token = await tokenOf(person, codeNow(secret));
  assert.equal((await makeCall(handle, 'endSecondFactor', { token })).status, 200);
  assert.equal((await makeCall(handle, 'endSecondFactor', { token })).status, 200);
  assert.equal((await signIn(person)).code, 200);
  assert.deepEqual(await stateOf(person), {
    name: person.name,
    secondFactor: false,
    backupCodesLeft: 0,
  });
});

test('a second factor outlives a restart, and its secret is nowhere in the store', async () => {
  const person = await fixture.person('restart@example.org');
  const secret = await turnOn(person);
  const { database } = await server.snapshot();
  for (const hidden of [Buffer.from(secret), Buffer.from(BACKUP[2] ?? 'none')]) {
    assert.ok(!database.includes(hidden));
  }
  await server.restart();
  assert.equal((await signIn(person)).code, 'second-factor-needed');
  assert.equal((await signIn(person, codeNow(secret))).code, 200);
});

test('the recovery words ask for no code', async () => {
  const person = await fixture.person('words@example.org');
  await turnOn(person);
  const auth = recoveryAuth(suite, person.account, person.draft.recoveryKey);
  const json = { name: person.name, recoveryAuth: auth };
  const reply = await makeCall(handle, 'recoveryBundle', { json });
  const { enrolToken } = decodeJson(recoveryBundleAnswer, reply.bytes);
  assert.ok(base64UrlToBytes(enrolToken.slice('cof_enrol_'.length)).length > 0);
  // The code goes once the keys are replaced: account-keys.test.ts, recover.test.ts.
  assert.equal((await stateOf(person)).secondFactor, true);
});
