/** What a failure means while new recovery words are made to count (docs/ui.md §3). */
import type { FailureShape } from '@coffer/native-worker/contract';

/** Failures after which the server may have made the change all the same. */
const UNANSWERED = new Set(['network', 'unreached', 'timeout', 'unavailable', 'interrupted']);
/** The words are known no more, or the proof that came with them is too old: nothing was changed. */
const OVER = new Set(['not-found', 'not-signed-in', 'confirmation-needed']);

/** `unknown`: the old words or the new ones count. `void`: the new ones never will. */
export function settlingFault({ code }: FailureShape): 'unknown' | 'void' | 'refused' {
  if (UNANSWERED.has(code)) return 'unknown';
  return OVER.has(code) ? 'void' : 'refused';
}

/**
 * The failure to show when `failure` comes after another one of the same words: that they are known no
 * more says nothing any longer when an earlier answer is missing.
 */
export function laterFailure(
  failure: FailureShape,
  earlier: FailureShape | undefined,
): FailureShape {
  const isOpen = earlier !== undefined && settlingFault(earlier) === 'unknown';
  return isOpen && settlingFault(failure) === 'void' ? earlier : failure;
}
