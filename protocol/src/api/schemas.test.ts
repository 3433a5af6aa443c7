import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { AccountId, DeviceId } from '../core/index.ts';
import * as api from './index.ts';

const account = '11'.repeat(16) as AccountId;
const device = '22'.repeat(16) as DeviceId;

test('a request is read back as it was written', () => {
  const request = { account, device, challenge: new Uint8Array(32), signature: new Uint8Array(64) };
  const travels: unknown = JSON.parse(JSON.stringify(z.encode(api.sessionRequest(), request)));
  assert.deepEqual(z.decode(api.sessionRequest(), travels as never), request);
});

test('an unknown field, a poisoned one, a reserved id and long bytes are refused', () => {
  const refused = [
    '{"account":"A","device":"D","extra":1}',
    '{"account":"A","device":"D","__proto__":{"x":1}}',
    '{"account":"A"}',
    '[]',
    'null',
  ].map((text) => text.replace('"A"', `"${account}"`).replace('"D"', `"${device}"`));
  refused.push(JSON.stringify({ account: '0'.repeat(32), device }));
  refused.push(JSON.stringify({ account: account.toUpperCase().replace(/1/g, 'A'), device }));
  for (const text of refused) {
    const parsed = api.sessionChallengeRequest().safeParse(JSON.parse(text));
    assert.equal(parsed.success, false, text);
  }
  assert.equal(
    api.sessionChallengeAnswer().safeParse({ challenge: 'A'.repeat(44) }).success,
    false,
  );
  assert.equal(api.sessionChallengeAnswer().safeParse({ challenge: 'A'.repeat(43) }).success, true);
  assert.equal(
    api.sessionChallengeAnswer().safeParse({ challenge: 'B'.repeat(43) }).success,
    false,
  );
});

test('names with blanks, controls or invisible characters are refused', () => {
  const named = (name: string) =>
    api.recoveryBundleRequest().safeParse({ name, recoveryAuth: 'A'.repeat(43) }).success;
  assert.equal(named('ana@example.org'), true);
  assert.equal(named('ünï@exämple.org'), true);
  for (const name of ['', 'a b', 'a\u0000b', 'a\u200bb', 'a\ud800', 'x'.repeat(255)]) {
    assert.equal(named(name), false, JSON.stringify(name));
  }
});

test('listed commits are read back, with and without a body', () => {
  const answer = {
    era: 1,
    headSeq: 7,
    commits: [
      { header: Uint8Array.of(1), signature: new Uint8Array(64), body: Uint8Array.of(2, 3) },
      { header: Uint8Array.of(4), signature: new Uint8Array(64), body: null },
    ],
  };
  const read = api.decodeCommitsAnswer(api.encodeCommitsAnswer(answer));
  assert.equal(read.headSeq, 7);
  assert.deepEqual([...(read.commits[0]?.body ?? [])], [2, 3]);
  assert.equal(read.commits[1]?.body, null);
  assert.throws(() => api.decodeCommitsAnswer(Uint8Array.of(0x83, 0, 0)), /not CBOR/);
});
