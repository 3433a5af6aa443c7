/**
 * A change that comes with new recovery words, as data: proof of the password, the words, three of them
 * asked for, and only then the change. Pure; a dialog draws it.
 */
import type { FailureShape } from '@coffer/native-worker/contract';
import { laterFailure, settlingFault } from './settling-fault.ts';

export interface WordsFlow {
  readonly step: 'proof' | 'words' | 'check';
  /** The account has a second factor: its code is asked for too. */
  readonly asksCode: boolean;
  /** What waits for the words; empty before there are any. */
  readonly change: string;
  readonly recoveryWords: readonly string[];
  /** Positions of the words that are asked for, from 0. */
  readonly asked: readonly number[];
  readonly isBusy: boolean;
  readonly failure: FailureShape | undefined;
}

export type WordsEvent =
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly failure: FailureShape }
  | {
      readonly kind: 'proposed';
      readonly change: string;
      readonly recoveryWords: readonly string[];
    }
  | { readonly kind: 'check-wanted'; readonly asked: readonly number[] }
  | { readonly kind: 'words-wanted' };

export const WORDS_FLOW: WordsFlow = {
  step: 'proof',
  asksCode: false,
  change: '',
  recoveryWords: [],
  asked: [],
  isBusy: false,
  failure: undefined,
};

export function wordsFlowAfter(flow: WordsFlow, event: WordsEvent): WordsFlow {
  const settled = { ...flow, isBusy: false, failure: undefined };
  switch (event.kind) {
    case 'started':
      // What failed stays known: a later failure is read by it.
      return { ...flow, isBusy: true };
    case 'failed':
      return failed(flow, event.failure);
    case 'proposed':
      return {
        ...settled,
        step: 'words',
        change: event.change,
        recoveryWords: event.recoveryWords,
      };
    case 'check-wanted':
      return { ...settled, step: 'check', asked: event.asked };
    case 'words-wanted':
      return { ...settled, step: 'words', asked: [] };
  }
}

function failed(flow: WordsFlow, failure: FailureShape): WordsFlow {
  const settled = { ...flow, isBusy: false };
  if (flow.step !== 'proof') {
    return { ...settled, failure: laterFailure(failure, flow.failure) };
  }
  // That a second factor is needed is a question, not a failure.
  if (failure.code === 'second-factor-needed' && !flow.asksCode) {
    return { ...settled, asksCode: true, failure: undefined };
  }
  return { ...settled, failure };
}

/** Whether giving up now leaves everything as it was. */
export function changesNothing({ step, failure }: WordsFlow): boolean {
  return step === 'proof' || failure === undefined || settlingFault(failure) !== 'unknown';
}
