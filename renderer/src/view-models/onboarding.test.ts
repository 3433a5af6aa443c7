import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import {
  canGoBack,
  onboardingAfter,
  onboardingStart,
  passwordFault,
  positionsToAsk,
  remoteFor,
  wordsOf,
  wrongAnswers,
  type OnboardingEvent,
  type OnboardingState,
} from './onboarding.ts';

const WORDS = Array.from({ length: 24 }, (_, i) => `word${i}`);
const after = (events: readonly OnboardingEvent[], start = onboardingStart(undefined)) =>
  events.reduce(onboardingAfter, start);
const MADE = {
  kind: 'words-made',
  email: 'me@example.org',
  recoveryWords: WORDS,
  isActive: true,
} as const;
const TO_WORDS: readonly OnboardingEvent[] = [
  { kind: 'started' },
  { kind: 'server-checked', server: 'https://drive.example.org' },
  { kind: 'started' },
  MADE,
];

describe('the first run', () => {
  test('goes from the server over the account, the words and the folder to its end', () => {
    const steps: string[] = [];
    let state: OnboardingState = onboardingStart(undefined);
    const events: readonly OnboardingEvent[] = [
      ...TO_WORDS,
      { kind: 'check-wanted', asked: [1, 9, 20] },
      { kind: 'words-kept' },
      { kind: 'folder-added', folder: '/home/me/Coffer' },
    ];
    for (const event of events) {
      state = onboardingAfter(state, event);
      steps.push(state.step);
    }
    assert.deepEqual(steps, ['server', 'account', 'account', 'words', 'words', 'folder', 'ready']);
    assert.equal(state.folder, '/home/me/Coffer');
  });

  test('forgets the words as soon as they are kept', () => {
    const state = after([
      ...TO_WORDS,
      { kind: 'check-wanted', asked: [0] },
      { kind: 'words-kept' },
    ]);
    assert.deepEqual([state.recoveryWords, state.asked], [[], []]);
  });

  test('shows no words to who signs in, and begins at the folder for who is signed in', () => {
    const signedIn = after([
      ...TO_WORDS.slice(0, 2),
      { kind: 'signed-in', email: 'me@example.org' },
    ]);
    assert.equal(signedIn.step, 'folder');
    assert.equal(onboardingStart('me@example.org').step, 'folder');
  });

  test('stays where it is when something fails, with what was answered', () => {
    const failure = { code: 'network', message: '', hint: '' };
    const state = after([...TO_WORDS.slice(0, 3), { kind: 'failed', failure }]);
    assert.deepEqual(
      [state.step, state.server, state.isBusy, state.failure],
      ['account', 'https://drive.example.org', false, failure],
    );
    assert.equal(onboardingAfter(state, { kind: 'started' }).failure, undefined);
  });

  test('asks for the code of a second factor, once without calling it a failure', () => {
    const failure = { code: 'second-factor-needed', message: '', hint: '' };
    const signIn: OnboardingEvent = { kind: 'mode-chosen', mode: 'sign-in' };
    const asked = after([...TO_WORDS.slice(0, 2), signIn, { kind: 'failed', failure }]);
    assert.deepEqual([asked.asksCode, asked.failure], [true, undefined]);
    assert.equal(onboardingAfter(asked, { kind: 'failed', failure }).failure, failure);
    assert.equal(onboardingAfter(asked, { kind: 'mode-chosen', mode: 'sign-up' }).asksCode, false);
  });

  test('leads back to the words, never back over an account that was made', () => {
    const words = after(TO_WORDS);
    const asked = onboardingAfter(words, { kind: 'check-wanted', asked: [0, 8, 16] });
    assert.equal(canGoBack(words), false);
    assert.equal(canGoBack(asked), true);
    assert.deepEqual(onboardingAfter(asked, { kind: 'back' }), words);
    assert.equal(onboardingAfter(words, { kind: 'back' }).step, 'words');
  });
});

test('a lost password leads over the 24 words to new ones, and back to the sign-in', () => {
  const asked = after([
    ...TO_WORDS.slice(0, 2),
    { kind: 'mode-chosen', mode: 'sign-in' },
    { kind: 'mode-chosen', mode: 'recover', email: 'me@example.org' },
  ]);
  assert.deepEqual([asked.step, asked.mode, asked.email], ['account', 'recover', 'me@example.org']);
  const back = onboardingAfter(asked, { kind: 'back' });
  assert.deepEqual([back.step, back.mode], ['account', 'sign-in']);
  assert.equal(onboardingAfter(back, { kind: 'back' }).step, 'server');
  const made = onboardingAfter(asked, { ...MADE, change: 'c1' });
  assert.deepEqual([made.step, made.change, canGoBack(made)], ['words', 'c1', true]);
  const given = onboardingAfter(made, { kind: 'back' });
  assert.deepEqual(
    [given.step, given.mode, given.change, given.recoveryWords],
    ['account', 'recover', undefined, []],
  );
  const kept = onboardingAfter(made, { kind: 'words-kept' });
  assert.deepEqual([kept.step, kept.change, kept.recoveryWords], ['folder', undefined, []]);
});

test('a recovery whose end nobody knows is left for the sign-in, without its words', () => {
  const made = onboardingAfter(after(TO_WORDS.slice(0, 2)), { ...MADE, change: 'c1' });
  const failure = { code: 'network', message: '', hint: '' };
  const failed = onboardingAfter(made, { kind: 'failed', failure });
  assert.deepEqual([failed.step, failed.failure], ['words', failure], 'they stay to be seen');
  const left = onboardingAfter(failed, { kind: 'words-dropped', mode: 'sign-in' });
  assert.deepEqual(
    [left.step, left.mode, left.email, left.failure, left.recoveryWords],
    ['account', 'sign-in', 'me@example.org', undefined, []],
  );
});

test('words are read from a sheet: with numbers, commas, capitals and lines', () => {
  assert.deepEqual(wordsOf(' 1 Anchor, 2 basket\n 3. candle\t'), ['anchor', 'basket', 'candle']);
  assert.deepEqual(wordsOf(' 12 '), []);
});

test('the words asked for come from all parts of the list, without repeating', () => {
  for (const draw of [0, 0.5, 0.999_999]) {
    const asked = positionsToAsk(3, 24, () => draw);
    assert.equal(new Set(asked).size, 3);
    assert.deepEqual(
      asked.map((position) => Math.floor(position / 8)),
      [0, 1, 2],
    );
  }
});

test('an answer may have capitals and spaces around, and nothing else wrong', () => {
  const state = after([...TO_WORDS, { kind: 'check-wanted', asked: [1, 9, 20] }]);
  assert.deepEqual(wrongAnswers(state, [' Word1 ', 'word9', 'word20']), []);
  assert.deepEqual(wrongAnswers(state, ['word1', 'word20', '']), [1, 2]);
});

test('a password is there and has 8 characters', () => {
  assert.deepEqual(['', '1234567', '12345678'].map(passwordFault), ['empty', 'short', undefined]);
});

test('a folder goes to its own name at the top of the drive', () => {
  assert.deepEqual(['/home/me/Coffer', 'C:\\Users\\me\\Files\\', '/'].map(remoteFor), [
    '/Coffer',
    '/Files',
    '/',
  ]);
});
