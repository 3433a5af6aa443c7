/** Where two devices meet: the server's part of a pairing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJson, pairingAnswerAnswer, pairingOfferAnswer } from '@coffer/protocol/api';
import { utf8ToBytes, type Bytes, type PairingId } from '@coffer/protocol/core';
import { createFixture } from './testing/fixture.ts';
import type { Person } from './testing/person.ts';
import { makeCall } from './testing/test-client.ts';

const fixture = await createFixture({ seed: 'pairings' });
const { server, clock } = fixture;
const { handle } = server;
after(() => server.close());

let made = 0;
const newId = (): PairingId => (++made).toString(16).padStart(2, '0').repeat(16) as PairingId;
const offer = utf8ToBytes('offer');
const answer = utf8ToBytes('answer');

const open = async (person: Person, pairing: PairingId) =>
  (await makeCall(handle, 'openPairing', { token: person.token, json: { pairing } })).status;
const leave = async (pairing: PairingId, sealed: Bytes, address = '192.0.2.7') => {
  const json = { offer: sealed };
  const reply = await makeCall(handle, 'offerPairing', { params: { pairing }, json, address });
  return reply.code ?? reply.status;
};
const read = async (person: Person, pairing: PairingId) => {
  const reply = await makeCall(handle, 'pairingOffer', {
    params: { pairing },
    token: person.token,
  });
  return reply.status === 200 ? decodeJson(pairingOfferAnswer, reply.bytes).offer : reply.code;
};
const reply = async (person: Person, pairing: PairingId, sealed: Bytes) => {
  const json = { answer: sealed };
  const given = { params: { pairing }, json, token: person.token };
  const replied = await makeCall(handle, 'answerPairing', given);
  return replied.code ?? replied.status;
};
const take = async (pairing: PairingId, address = '192.0.2.7') => {
  const taken = await makeCall(handle, 'pairingAnswer', { params: { pairing }, address });
  return taken.status === 200 ? decodeJson(pairingAnswerAnswer, taken.bytes).answer : taken.code;
};

test('an offer comes to the device that waits for it, and its answer back', async () => {
  const person = await fixture.person('pair@example.org');
  const id = newId();
  assert.equal(await leave(id, offer), 'not-found');
  assert.equal(await open(person, id), 200);
  assert.equal(await open(person, id), 200, 'the answer was lost');
  assert.equal(await read(person, id), null);
  assert.equal(await reply(person, id, answer), 'refused', 'nothing was offered');
  assert.equal(await leave(id, offer), 200);
  assert.equal(await leave(id, offer), 200, 'the answer was lost');
  assert.deepEqual(await read(person, id), offer);
  assert.equal(await take(id), null);
  assert.equal(await reply(person, id, answer), 200);
  assert.equal(await reply(person, id, answer), 200, 'the answer was lost');
  assert.deepEqual(await take(id), answer);
});

test('the first offer and the first answer count', async () => {
  const person = await fixture.person('first@example.org');
  const id = newId();
  await open(person, id);
  await leave(id, offer);
  assert.equal(await leave(id, utf8ToBytes('another')), 'refused');
  await reply(person, id, answer);
  assert.equal(await reply(person, id, utf8ToBytes('another')), 'refused');
  assert.deepEqual([await read(person, id), await take(id)], [offer, answer]);
});

test('a pairing is over after two minutes', async () => {
  const person = await fixture.person('late@example.org');
  const id = newId();
  await open(person, id);
  clock.advance(120_000 - 1);
  assert.equal(await leave(id, offer), 200);
  clock.advance(1);
  assert.equal(await read(person, id), 'not-found');
  assert.equal(await leave(id, offer), 'not-found');
});

test('another account reads, answers and takes over no pairing', async () => {
  const person = await fixture.person('mine@example.org');
  const other = await fixture.person('theirs@example.org');
  const id = newId();
  await open(person, id);
  await leave(id, offer);
  assert.equal(await read(other, id), 'not-found');
  assert.equal(await reply(other, id, answer), 'not-found');
  assert.notEqual(await open(other, id), 200);
});

test('an account has eight pairings at a time', async () => {
  const person = await fixture.person('many@example.org');
  for (let i = 0; i < 8; i++) assert.equal(await open(person, newId()), 200);
  assert.notEqual(await open(person, newId()), 200);
  clock.advance(120_000);
  assert.equal(await open(person, newId()), 200);
});

test('who asks for pairings that are not there is stopped after ten', async () => {
  const person = await fixture.person('guess@example.org');
  const address = '198.51.100.4';
  for (let i = 0; i < 5; i++) assert.equal(await leave(newId(), offer, address), 'not-found');
  for (let i = 0; i < 5; i++) assert.equal(await take(newId(), address), 'not-found');
  assert.equal(await leave(newId(), offer, address), 'rate-limited');
  const id = newId();
  await open(person, id);
  assert.equal(await leave(id, offer, '198.51.100.5'), 200);
});
