/** What a header says about its place in the history of the space (protocol §4, rule 1). */
import { ZERO_DIGEST, type Bytes, type SpaceId } from '../../core/index.ts';
import type { VerifySuite } from '../../crypto/index.ts';
import { changesDigest } from '../commit-codec.ts';
import type { CommitHeader, HeadState } from '../commit.ts';
import { pastRoot } from '../past.ts';
import type { RuleBreak, RuleName } from './rule.ts';

export interface HeaderPlace {
  readonly suite: VerifySuite;
  readonly space: SpaceId;
  readonly head: HeadState | undefined;
  readonly body: Bytes;
}

/** The first rule about the header alone that is broken: space, seq, prev, past, auth, changes. */
export function judgeHeaderPlace(header: CommitHeader, place: HeaderPlace): RuleBreak | undefined {
  const { suite, head } = place;
  const claims: readonly (readonly [RuleName, unknown, unknown])[] = [
    ['space', header.space, place.space],
    ['seq', header.seq, (head?.seq ?? 0) + 1],
    ['prev', header.prev, head?.id ?? ZERO_DIGEST],
    ['past', header.past, pastRoot(suite, head?.edge ?? [])],
    ['auth', header.auth, head?.auth ?? ZERO_DIGEST],
    ['changes', header.changes, changesDigest(suite, place.body)],
  ];
  const broken = claims.find(([, claimed, actual]) => claimed !== actual);
  if (broken === undefined) return undefined;
  return { rule: broken[0], detail: `${String(broken[1])} instead of ${String(broken[2])}` };
}
