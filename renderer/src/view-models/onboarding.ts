/**
 * The first run, as data: which question is asked, what has been answered, what went wrong. A pure
 * state machine; the wizard draws it and carries out what `pending` names.
 */
import type { FailureShape } from '@coffer/native-worker/contract';

export const STEPS = ['server', 'account', 'words', 'folder', 'ready'] as const;
export type Step = (typeof STEPS)[number];

/** Ways to an account: a new one, by its password, by its 24 words, by the words of another device. */
export type Mode = 'sign-up' | 'sign-in' | 'recover' | 'pair';

export interface OnboardingState {
  readonly step: Step;
  /** Origin, once it has been checked. */
  readonly server: string;
  readonly mode: Mode;
  readonly email: string;
  /** The account has a second factor: its code is asked for too. */
  readonly asksCode: boolean;
  /** Empty when signed in to an account that there was. */
  readonly recoveryWords: readonly string[];
  /** Of a recovery: what is made once the words are kept. Undefined where they count already. */
  readonly change: string | undefined;
  /** Positions of the words that are asked for, from 0; empty while all words are shown. */
  readonly asked: readonly number[];
  /** False: the address waits to be confirmed. */
  readonly isActive: boolean;
  readonly folder: string;
  readonly isBusy: boolean;
  readonly failure: FailureShape | undefined;
}

export type OnboardingEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly failure: FailureShape }
  | { readonly kind: 'server-checked'; readonly server: string }
  | { readonly kind: 'mode-chosen'; readonly mode: Mode; readonly email?: string }
  /** Signed up, or about to recover: new words are to be kept. */
  | {
      readonly kind: 'words-made';
      readonly email: string;
      readonly recoveryWords: readonly string[];
      readonly change?: string;
      readonly isActive: boolean;
    }
  /** A recovery that did not come about, or that nobody knows of, is left. */
  | { readonly kind: 'words-dropped'; readonly mode: Mode }
  | { readonly kind: 'signed-in'; readonly email: string }
  | { readonly kind: 'check-wanted'; readonly asked: readonly number[] }
  | { readonly kind: 'words-wanted' }
  | { readonly kind: 'words-kept' }
  | { readonly kind: 'folder-added'; readonly folder: string }
  | { readonly kind: 'back' };

/** A signed-in account begins at its first folder; `offeredServer` stands in the first question. */
export function onboardingStart(
  signedInAs: string | undefined,
  offeredServer = '',
): OnboardingState {
  return {
    step: signedInAs === undefined ? 'server' : 'folder',
    server: offeredServer,
    mode: 'sign-up',
    email: signedInAs ?? '',
    asksCode: false,
    recoveryWords: [],
    change: undefined,
    asked: [],
    isActive: true,
    folder: '',
    isBusy: false,
    failure: undefined,
  };
}

export function onboardingAfter(state: OnboardingState, event: OnboardingEvent): OnboardingState {
  const settled = { ...state, isBusy: false, failure: undefined };
  switch (event.kind) {
    case 'started':
      return { ...state, isBusy: true, failure: undefined };
    case 'failed':
      return failed(state, event.failure);
    case 'server-checked':
      return { ...settled, step: 'account', server: event.server };
    case 'mode-chosen':
      return {
        ...settled,
        mode: event.mode,
        asksCode: false,
        email: event.email ?? state.email,
      };
    case 'words-made':
      return {
        ...settled,
        step: 'words',
        email: event.email,
        recoveryWords: event.recoveryWords,
        change: event.change,
        isActive: event.isActive,
      };
    case 'signed-in':
      return { ...settled, step: 'folder', email: event.email };
    case 'check-wanted':
      return { ...settled, asked: event.asked };
    case 'words-wanted':
      return { ...settled, asked: [] };
    case 'words-kept':
      // Forgotten here as soon as the person has them.
      return { ...settled, step: 'folder', ...NO_WORDS };
    case 'words-dropped':
      return { ...settled, step: 'account', mode: event.mode, ...NO_WORDS };
    case 'folder-added':
      return { ...settled, step: 'ready', folder: event.folder };
    case 'back':
      return before(settled);
  }
}

const NO_WORDS = { recoveryWords: [], change: undefined, asked: [] } as const;

/** That a second factor is needed is a question, not a failure. */
function failed(state: OnboardingState, failure: FailureShape): OnboardingState {
  if (failure.code === 'second-factor-needed' && !state.asksCode) {
    return { ...state, isBusy: false, asksCode: true };
  }
  return { ...state, isBusy: false, failure };
}

/** Nothing leads back over an account that was made; a recovery is none before its words are kept. */
function before(state: OnboardingState): OnboardingState {
  if (state.step === 'account' && isWayBackIn(state.mode)) return { ...state, mode: 'sign-in' };
  if (state.step === 'account') return { ...state, step: 'server' };
  if (state.step === 'words' && state.asked.length > 0) return { ...state, asked: [] };
  if (state.step === 'words' && state.change !== undefined) {
    return { ...state, step: 'account', ...NO_WORDS };
  }
  return state;
}

function isWayBackIn(mode: Mode): boolean {
  return mode === 'recover' || mode === 'pair';
}

export function canGoBack({ step, asked, change, isBusy }: OnboardingState): boolean {
  if (isBusy) return false;
  return step === 'account' || (step === 'words' && (asked.length > 0 || change !== undefined));
}

/** How many of the words are asked for. */
export const WORDS_ASKED = 3;

/** Words asked for to see that they were written down: as many, each from its own part of the list. */
export function positionsToAsk(
  count: number,
  wordCount: number,
  random: () => number,
): readonly number[] {
  const part = wordCount / count;
  return Array.from({ length: count }, (_, i) => Math.floor(i * part + random() * part));
}

/** Which of the answers are wrong; capitals and spaces around do not matter. */
export function wrongAnswers(
  { recoveryWords, asked }: Pick<OnboardingState, 'recoveryWords' | 'asked'>,
  answers: readonly string[],
): readonly number[] {
  return asked.flatMap((position, i) =>
    answers[i]?.trim().toLowerCase() === recoveryWords[position] ? [] : [i],
  );
}

export const RECOVERY_WORD_COUNT = 24;

/** The words of a text as somebody typed or pasted it: without numbers, commas and lines. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/\p{L}+/gu) ?? [];
}

const PASSWORD_LENGTH_MIN = 8;

/** What a password lacks; undefined when it will do. */
export function passwordFault(password: string): 'empty' | 'short' | undefined {
  if (password === '') return 'empty';
  return password.length < PASSWORD_LENGTH_MIN ? 'short' : undefined;
}

/** Remote folder for a local one: its own name at the top of the drive. */
export function remoteFor(local: string): string {
  const name = local.split(/[/\\]/).findLast((part) => part !== '') ?? '';
  return `/${name}`;
}
