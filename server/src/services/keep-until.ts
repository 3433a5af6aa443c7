/**
 * How long what was replaced or trashed stays (protocol §4, rule 4): by the policy of the space and
 * by the clock of the server, so that a writer whose clock is wrong cannot shorten history.
 */
import {
  decodeRecord,
  SPACE_KEY,
  type KeepUntilChange,
  type StateView,
} from '@coffer/protocol/model';
import { Failure } from '../failure.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Throws `rule-broken` when one of `changes` ends sooner than the policy in the state says. */
export function checkKeepUntil(
  view: StateView,
  changes: readonly KeepUntilChange[],
  now: number,
): void {
  if (changes.length === 0) return;
  const bytes = view.getRecord(SPACE_KEY);
  const policy = bytes && decodeRecord(SPACE_KEY, bytes);
  if (policy?.type !== 'space') throw new Error('a space has a space record');
  for (const { kind, keepUntil, before } of changes) {
    const days = kind === 'version' ? policy.versionDays : policy.trashDays;
    const isLonger = before !== null && keepUntil >= before;
    if (!isLonger && keepUntil < now + days * DAY_MS) {
      throw new Failure('rule-broken', { rule: 'keep-until' });
    }
  }
}
