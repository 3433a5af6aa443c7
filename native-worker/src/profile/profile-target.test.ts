import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineThread } from '../thread/index.ts';
import type { AccountDesk } from './account-desk.ts';
import { ProfileTarget } from './profile-target.ts';

const NEVER = new AbortController().signal;
const WORDS = { server: 'http://127.0.0.1:1', email: 'a@b.c', password: 'a long password' };

/** A profile whose account, lock and engine a test speaks for. */
function world({ isSignedIn = false, failsToSignIn = false } = {}) {
  const told: string[] = [];
  let signedIn = isSignedIn;
  const held = Promise.withResolvers<undefined>();
  const asked = Promise.withResolvers<undefined>();
  const desk = {
    account: async () => ({ signedIn }),
    signIn: async () => {
      if (failsToSignIn) throw new Error('no');
      signedIn = true;
    },
    recoverAccount: async () => ({ change: 'c', recoveryWords: ['new'] }),
    settleRecovery: async ({ isKept }: { isKept: boolean }) => {
      signedIn = isKept;
    },
    [Symbol.dispose]: () => undefined,
  } as unknown as AccountDesk;
  const engine = {
    start: async () => void told.push('engine starts'),
    stop: async () => void told.push('engine ends'),
    subscribe: () => () => undefined,
  } as unknown as EngineThread;
  const target = new ProfileTarget({
    desk,
    createEngine: () => engine,
    signOut: async () => {
      signedIn = false;
    },
    hold: async () => {
      asked.resolve(undefined);
      await held.promise;
      told.push('held');
      return { [Symbol.dispose]: () => void told.push('let go') };
    },
  });
  return { target, told, asked: asked.promise, letHold: () => held.resolve(undefined) };
}

test('the profile is held while somebody is signed in, and let go at the end', async () => {
  const { target, told, letHold } = world({ isSignedIn: true });
  letHold();
  await target.start();
  await target.start();
  await target.stop(1);
  assert.deepEqual(told, ['held', 'engine starts', 'engine ends', 'let go']);
});

test('while nobody is signed in nothing is held', async () => {
  const { target, told, letHold } = world();
  letHold();
  await target.start();
  assert.deepEqual(told, []);
  await target.call('signIn', WORDS, NEVER);
  await target.call('signOut', {}, NEVER);
  assert.deepEqual(told, ['held', 'engine starts', 'engine ends', 'let go', 'held', 'let go']);
});

test('a sign-in that fails lets the profile go again', async () => {
  const { target, told, letHold } = world({ failsToSignIn: true });
  letHold();
  await assert.rejects(target.call('signIn', WORDS, NEVER));
  assert.deepEqual(told, ['held', 'let go']);
});

test('an end that comes while another program has the profile starts no engine afterwards', async () => {
  const { target, told, asked, letHold } = world({ isSignedIn: true });
  const started = target.start();
  await asked;
  await target.stop(1);
  letHold();
  await started;
  assert.deepEqual(told, ['held', 'let go']);
  assert.equal(target.engine, undefined);
});

test('a recovery gives new words first; once they are kept the profile is, for the engine', async () => {
  const { target, told, letHold } = world();
  letHold();
  const given = { ...WORDS, words: 'old', newPassword: 'another password' };
  const offer = { change: 'c', recoveryWords: ['new'] };
  assert.deepEqual(await target.call('recoverAccount', given, NEVER), offer);
  await target.call('settleRecovery', { change: 'c', isKept: false }, NEVER);
  assert.deepEqual(told, []);
  await target.call('settleRecovery', { change: 'c', isKept: true }, NEVER);
  assert.deepEqual(told, ['held', 'engine starts']);
});
