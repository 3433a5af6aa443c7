import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlFailure } from '../contract/index.ts';
import { AccountDesk } from './account-desk.ts';

const NEVER = new AbortController().signal;
const WHERE = { server: 'http://127.0.0.1:1', email: 'me@example.org' };
const WORDS = Array.from({ length: 23 }, () => 'abandon')
  .concat('art')
  .join(' ');

/** A desk of a computer where nobody is signed in; whatever goes out fails the test. */
function desk(): AccountDesk {
  return new AccountDesk({
    keyStore: {
      load: async () => undefined,
      save: async () => assert.fail('nothing is to be kept'),
      clear: async () => undefined,
    },
    connect: () => assert.fail('nothing is to be sent'),
    suite: async () => assert.fail('nothing is to be sealed'),
    clock: { now: () => 0, sleep: async () => undefined },
    random: { bytes: (length) => new Uint8Array(length) },
    computer: { name: 'atelier', home: '/home/me' },
  });
}

async function failureOf(action: Promise<unknown>): Promise<ControlFailure> {
  const error = await action.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof ControlFailure, String(error));
  return error;
}

test('words that are no recovery words are refused before anything is sent, and never repeated', async () => {
  for (const words of ['', 'abandon', WORDS.replace('art', 'abandon'), `${WORDS} art`]) {
    const given = { ...WHERE, words, newPassword: 'a long password' };
    const { code, message, hint } = await failureOf(desk().recoverAccount(given, NEVER));
    assert.equal(code, 'wrong-recovery-key');
    assert.doesNotMatch(`${message} ${hint}`, /abandon|art|a long password/);
  }
});

test('a short new password is refused before anything is sent', async () => {
  const given = { ...WHERE, words: WORDS, newPassword: 'short' };
  assert.equal((await failureOf(desk().recoverAccount(given, NEVER))).code, 'usage');
  const { code } = await failureOf(desk().signUp({ ...WHERE, password: 'short' }, NEVER));
  assert.equal(code, 'usage');
});

test('words that are no pairing are refused before anything is sent', async () => {
  for (const words of ['', WORDS, 'coffer-pair:https://drive.example.org']) {
    const { code } = await failureOf(desk().joinByPairing({ ...WHERE, words }, NEVER));
    assert.equal(code, 'usage');
  }
});

test('the text of a pairing may not lead to plain http on another machine', async () => {
  const words = 'coffer-pair:http://drive.example.org#AAAAAAAAAAAAAAA';
  const { code } = await failureOf(desk().joinByPairing({ ...WHERE, words }, NEVER));
  assert.equal(code, 'refused');
});
