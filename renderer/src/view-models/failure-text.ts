import type { FailureShape } from '@coffer/native-worker/contract';
import type { Words } from '../words/translator.ts';

/** Whose texts of its own a failure can have: 'proof' has 'proof.failure.wrong-password'. */
export const FAILURE_AREAS = [
  'devices',
  'factor',
  'pairing',
  'password',
  'proof',
  'wizard.pair',
] as const;
export type FailureArea = (typeof FAILURE_AREAS)[number];

/**
 * What is said of a failed command: what happened and what is safe, then what to do. The first of `areas`
 * that has a text of its own for it speaks.
 */
export function failureText(
  failure: FailureShape,
  { find, t }: Words,
  ...areas: readonly FailureArea[]
): string {
  for (const area of areas) {
    const known = find(`${area}.failure.${failure.code}`);
    if (known !== undefined) return known;
  }
  const known = find(`failure.${failure.code}`);
  if (known !== undefined) return known;
  const own = [failure.message, failure.hint].filter((text) => text !== '').map(asSentence);
  return own.length > 0 ? own.join(' ') : t('failure.failed');
}

function asSentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
