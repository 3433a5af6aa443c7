import type { FailureShape } from '@coffer/native-worker/contract';
import type { Words } from '../words/translator.ts';

/**
 * What is said of a failed command: what happened and what is safe, then what to do. The first of `areas`
 * that has a text of its own for it speaks ('proof' has 'proof.failure.wrong-password').
 */
export function failureText(
  failure: FailureShape,
  { find, t }: Words,
  ...areas: readonly string[]
): string {
  const keys = [...areas.map((area) => `${area}.failure`), 'failure'];
  for (const key of keys) {
    const known = find(`${key}.${failure.code}`);
    if (known !== undefined) return known;
  }
  const own = [failure.message, failure.hint].filter((text) => text !== '').map(asSentence);
  return own.length > 0 ? own.join(' ') : t('failure.failed');
}

function asSentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
