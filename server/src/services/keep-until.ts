/**
 * How long what was replaced or trashed stays (protocol §4, rule 4): by the policy of the space and
 * by the clock of the server, so that a writer whose clock is wrong cannot shorten history.
 */
import type { Bytes, SpaceId } from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import {
  decodeRecord,
  recordTypeAt,
  SPACE_KEY,
  trashId,
  type StateView,
  type TreeKey,
} from '@coffer/protocol/model';
import { Failure } from '../failure.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Throws `rule-broken` when a record of `changes` would end before the old state's policy says. */
export function checkKeepUntil(
  suite: VerifySuite,
  given: {
    readonly space: SpaceId;
    readonly view: StateView;
    readonly changes: readonly (readonly [TreeKey, Bytes | null])[];
    readonly now: number;
  },
): void {
  const { space, view, changes, now } = given;
  const trash = trashId(suite, space);
  const kept = changes.filter(
    ([key, record]) =>
      record !== null && (key.startsWith(trash) || recordTypeAt(key) === 'version'),
  );
  if (kept.length === 0) return;
  const { versionDays, trashDays } = policyOf(view);
  for (const [key, record] of kept) {
    const keepUntil = record && keepUntilOf(key, record);
    if (keepUntil === null) continue;
    const old = view.getRecord(key);
    if (old !== undefined && keepUntilOf(key, old) === keepUntil) continue;
    const days = recordTypeAt(key) === 'version' ? versionDays : trashDays;
    if (keepUntil < now + days * DAY_MS) throw new Failure('rule-broken', { rule: 'keep-until' });
  }
}

function keepUntilOf(key: TreeKey, bytes: Bytes): number | null {
  const record = decodeRecord(key, bytes);
  return record.type === 'version' || record.type === 'node' ? record.keepUntil : null;
}

function policyOf(view: StateView): { readonly versionDays: number; readonly trashDays: number } {
  const bytes = view.getRecord(SPACE_KEY);
  const record = bytes && decodeRecord(SPACE_KEY, bytes);
  if (record?.type !== 'space') throw new Error('a space has a space record');
  return record;
}
