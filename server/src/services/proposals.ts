/** From a commit that was judged to what the store writes. */
import type { AccountId, SpaceId } from '@coffer/protocol/core';
import { ZERO_DIGEST, type CommitId } from '@coffer/protocol/core';
import {
  decodeRecord,
  indexRecord,
  recordTypeAt,
  type JudgedCommit,
  type Role,
  type SealedCommit,
  type TreeKey,
} from '@coffer/protocol/model';
import type { Proposal, RecordIndex } from '../stores/proposal.ts';

const ACCOUNT_AT = 32;

export function proposalOf(
  judged: JudgedCommit,
  commit: SealedCommit,
  place: { readonly space: SpaceId; readonly previous: CommitId | undefined; readonly now: number },
): Proposal {
  const indexes = new Map<TreeKey, RecordIndex>();
  const members: [AccountId, Role | null][] = [];
  for (const [key, record] of judged.change.records) {
    const type = recordTypeAt(key);
    if (type === 'node' && record !== null) indexes.set(key, indexRecord(key, record));
    if (type !== 'member') continue;
    const decoded = record && decodeRecord(key, record);
    const role = decoded?.type === 'member' ? decoded.role : null;
    members.push([key.slice(ACCOUNT_AT) as AccountId, role]);
  }
  return {
    space: place.space,
    previous: place.previous ?? (ZERO_DIGEST as string as CommitId),
    head: judged.head,
    commit,
    change: judged.change,
    indexes,
    members,
    gained: judged.content.gained,
    lost: judged.content.lost,
    now: place.now,
  };
}
