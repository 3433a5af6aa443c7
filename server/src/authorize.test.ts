/** Every call × everyone who may try it: generated from the table, so no call can be forgotten. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CALL_NAMES, CALLS, type Caller, type CallName } from '@coffer/protocol/api';
import type { DeviceId, PairingId } from '@coffer/protocol/core';
import { accountBundleDigest } from '@coffer/protocol/model';
import { signKeyChainEntry } from '@coffer/protocol/model/open';
import { createFixture } from './testing/fixture.ts';
import type { Person } from './testing/person.ts';
import { makeCall, readReply } from './testing/test-client.ts';

const fixture = await createFixture({ seed: 'authorize' });
const { server, clock } = fixture;
after(() => server.close());

const owner = await fixture.person('owner@example.org');
const other = await fixture.person('other@example.org');
const viewer = await fixture.person('viewer@example.org');
await giveToken('cof_enrol_of_the_owner', owner);
await giveToken('cof_enrol_by_the_words', owner, 'recovery');
const PAIRING = 'cd'.repeat(16) as PairingId;
await makeCall(server.handle, 'openPairing', { json: { pairing: PAIRING }, token: owner.token });
// A viewer cannot be made by a commit before sharing is there: the member row alone is what counts.
const { getRole } = server.store;
Object.assign(server.store, {
  getRole: async (...[space, account]: Parameters<typeof getRole>) =>
    account === viewer.account && space === owner.drive.space ? 'viewer' : getRole(space, account),
});

function digestOf(token: string) {
  return server.application.services.sessions.digestOf(token);
}

function giveToken(token: string, { account }: Person, proof?: 'recovery') {
  const session = { tokenDigest: digestOf(token), account, device: null };
  const expiresAt = clock.now() + 60_000;
  const kind = proof === undefined ? {} : { proof };
  return server.store.createSession({ ...session, expiresAt, ...kind }, clock.now());
}

const REVOKED = 'cof_sess_that_never_was_one';
const CALLERS = [
  'nobody',
  'owner',
  'other',
  'viewer',
  'enrol token',
  'recovery token',
  'wrong token',
] as const;
type Tried = (typeof CALLERS)[number];

const tokens: Record<Tried, string | undefined> = {
  nobody: undefined,
  owner: owner.token,
  other: other.token,
  viewer: viewer.token,
  'enrol token': 'cof_enrol_of_the_owner',
  'recovery token': 'cof_enrol_by_the_words',
  'wrong token': REVOKED,
};

/** Status that refuses, or null where the call goes on to look at what was sent. */
const EXPECTED: Record<Caller, Record<Tried, number | null>> = {
  anyone: {
    nobody: null,
    owner: null,
    other: null,
    viewer: null,
    'enrol token': null,
    'recovery token': null,
    'wrong token': null,
  },
  session: {
    nobody: 401,
    owner: null,
    other: null,
    viewer: null,
    'enrol token': 403,
    'recovery token': 403,
    'wrong token': 401,
  },
  'enrol-or-session': {
    nobody: 401,
    owner: null,
    other: null,
    viewer: null,
    'enrol token': null,
    'recovery token': null,
    'wrong token': 401,
  },
  enrol: {
    nobody: 401,
    owner: 403,
    other: 403,
    viewer: 403,
    'enrol token': null,
    'recovery token': null,
    'wrong token': 401,
  },
  password: {
    nobody: 401,
    owner: 403,
    other: 403,
    viewer: 403,
    'enrol token': null,
    'recovery token': 403,
    'wrong token': 401,
  },
  member: {
    nobody: 401,
    owner: null,
    other: 404,
    viewer: null,
    'enrol token': 403,
    'recovery token': 403,
    'wrong token': 401,
  },
  writer: {
    nobody: 401,
    owner: null,
    other: 404,
    viewer: 403,
    'enrol token': 403,
    'recovery token': 403,
    'wrong token': 401,
  },
};

/** The least that a caller may be, told apart from the table once more: a slip there shows here. */
const CALLER_BY_CALL: Record<CallName, Caller> = {
  health: 'anyone',
  signUpStart: 'anyone',
  signUpFinish: 'anyone',
  signUpConfirm: 'anyone',
  signInStart: 'anyone',
  signInFinish: 'anyone',
  recoveryBundle: 'anyone',
  accountBundle: 'enrol-or-session',
  addDevice: 'enrol-or-session',
  account: 'session',
  registerPassword: 'enrol',
  replaceKeys: 'enrol',
  startSecondFactor: 'password',
  confirmSecondFactor: 'password',
  endSecondFactor: 'password',
  deleteAccount: 'password',
  openPairing: 'session',
  pairingOffer: 'session',
  offerPairing: 'anyone',
  answerPairing: 'session',
  pairingAnswer: 'anyone',
  devices: 'session',
  sessionChallenge: 'anyone',
  startSession: 'anyone',
  endSession: 'session',
  chain: 'session',
  spaces: 'session',
  head: 'member',
  commits: 'member',
  propose: 'member',
  proof: 'member',
  missing: 'writer',
  storePack: 'writer',
  read: 'member',
  events: 'session',
  quota: 'session',
};

/** Sends what no call takes, so that whoever is let in gets 400 (or 200 where nothing is sent). */
async function attempt(name: CallName, token: string | undefined, space = owner.drive.space) {
  const { method, path, request } = CALLS[name];
  const params: Record<string, string> = { space, account: owner.account, pairing: PAIRING };
  const gone = new AbortController();
  const reply = await server.handle(
    {
      method,
      path: path.replace(/:(\w+)/g, (_, key: string) => params[key] ?? ''),
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        'content-type': request === 'binary' ? 'application/octet-stream' : 'application/json',
      },
      ...(request === null ? {} : { body: new Uint8Array([0]) }),
      address: '192.0.2.9',
    },
    gone.signal,
  );
  if (CALLS[name].answer === 'events') gone.abort();
  return readReply(reply);
}

for (const name of CALL_NAMES) {
  test(`${name} lets in whom it should, and nobody else`, async () => {
    assert.equal(CALLS[name].caller, CALLER_BY_CALL[name]);
    const expected = EXPECTED[CALLER_BY_CALL[name]];
    for (const tried of CALLERS) {
      // The one call that uses its session up goes through with one of its own.
      const isEnd = name === 'endSession' && expected[tried] === null;
      const isLast = name === 'deleteAccount' && expected[tried] === null;
      const token = isEnd
        ? await freshToken(tried)
        : isLast
          ? await tokenOfSomebody()
          : tokens[tried];
      const { status } = await attempt(name, token);
      const isForeign = name === 'pairingOffer' && (tried === 'other' || tried === 'viewer');
      const open = isForeign ? 404 : CALLS[name].request === null ? 200 : 400;
      const wanted = expected[tried] ?? open;
      assert.equal(status, wanted, `${name} by ${tried}`);
    }
  });
}

/** An enrol token of an account that may end. */
async function tokenOfSomebody(): Promise<string> {
  await giveToken('cof_enrol_of_somebody', await fixture.person('somebody@example.org'));
  return 'cof_enrol_of_somebody';
}

async function freshToken(tried: Tried): Promise<string | undefined> {
  const people: Partial<Record<Tried, Person>> = { owner, other, viewer };
  const person = people[tried];
  if (person === undefined) return tokens[tried];
  const before = person.token;
  await person.openSession();
  const fresh = person.token;
  person.token = before;
  return fresh;
}

test('a foreign, an unknown and an impossible space are answered alike', async () => {
  const spaces = [owner.drive.space, 'ab'.repeat(16), 'nonsense', '..', '0'.repeat(32)];
  for (const name of CALL_NAMES) {
    if (!['member', 'writer'].includes(CALLS[name].caller)) continue;
    const replies = await Promise.all(
      spaces.map((space) => attempt(name, other.token, space as typeof owner.drive.space)),
    );
    for (const { status, bytes } of replies) {
      assert.equal(status, 404);
      assert.deepEqual(bytes, replies[0]?.bytes, name);
    }
  }
});

test('a session ends when it is ended, and after its time', async () => {
  const person = await fixture.person('once@example.org');
  assert.equal((await attempt('spaces', person.token)).status, 200);
  assert.equal((await attempt('endSession', person.token)).status, 200);
  assert.equal((await attempt('spaces', person.token)).status, 401);
  await person.openSession();
  clock.advance(15 * 60_000 - 1);
  assert.equal((await attempt('spaces', person.token)).status, 200);
  clock.advance(1);
  assert.equal((await attempt('spaces', person.token)).status, 401);
});

test('a challenge opens one session, for one device, at this origin, within a minute', async () => {
  const person = await fixture.person('proof@example.org');
  const elsewhere = await person.openSession('https://server.test');
  assert.deepEqual([elsewhere.status, elsewhere.code], [401, 'not-signed-in']);

  const proof = person.signChallenge(await person.challenge());
  assert.equal((await person.startSession(proof)).status, 200);
  for (const time of ['second', 'third', 'fourth']) {
    assert.equal((await person.startSession(proof)).status, 401, `used a ${time} time`);
  }

  const late = person.signChallenge(await person.challenge());
  clock.advance(60_000);
  assert.equal((await person.startSession(late)).status, 401, 'late');

  const foreign = person.signChallenge(await other.challenge());
  assert.equal((await person.startSession(foreign)).status, 401, 'of another device');
  const made = person.signChallenge(new Uint8Array(32).fill(0x7f));
  assert.equal((await person.startSession(made)).status, 401, 'made by the client');
  const forged = person.signChallenge(await person.challenge());
  const signature = Uint8Array.from(forged.signature, (byte, i) => (i === 3 ? byte ^ 1 : byte));
  assert.equal((await person.startSession({ ...forged, signature })).status, 401, 'forged');
});

test('a device that has expired opens no session and keeps none', async () => {
  const person = fixture.stranger('guest@example.org', { deviceExpires: clock.now() + 60_000 });
  assert.equal((await person.signUp()).status, 200);
  assert.equal((await person.openSession()).status, 200);
  assert.equal((await attempt('spaces', person.token)).status, 200);
  clock.advance(60_000);
  assert.equal((await attempt('spaces', person.token)).status, 401);
  assert.equal((await person.openSession()).status, 401);
});

test('a device that the chain revokes loses its session at once', async () => {
  const person = await fixture.person('revoked@example.org');
  assert.equal((await attempt('spaces', person.token)).status, 200);
  const { account, device, secrets } = person.draft;
  const change = { type: 'device-revoked', device: device.device } as const;
  const entry = signKeyChainEntry(fixture.suite, person.chain, secrets.identitySeed, {
    time: 0,
    change,
  });
  // Written where a call writes it: what calls do besides is tested in account-keys.test.ts.
  await server.store.addDevice({
    account,
    device: 'ab'.repeat(16) as DeviceId,
    chainSeq: person.chain.seq + 1,
    entry,
    previous: accountBundleDigest(fixture.suite, person.bundle),
    bundle: person.bundle,
    bundleDigest: accountBundleDigest(fixture.suite, person.bundle),
    now: 0,
  });
  server.application.services.chains.forget(account);
  assert.equal((await attempt('spaces', person.token)).status, 401);
  assert.equal((await person.openSession()).status, 401);
});

test('tokens rest as digests only', async () => {
  const person = await fixture.person('digest@example.org');
  const session = await server.store.getSession(digestOf(person.token ?? ''));
  assert.equal(session?.account, person.account);
  assert.ok(!JSON.stringify(session).includes(person.token ?? 'none'));
});
