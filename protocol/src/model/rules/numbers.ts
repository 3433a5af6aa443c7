/** Revision and key numbers, and the duty to rotate dead keys before writing (protocol §3). */
import { equalBytes, NO_PARENT, REWRAPPED_CHILDREN_MAX } from '../../core/index.ts';
import { sameContent } from '../content-codec.ts';
import type { NodeRecord, SpaceStateRecord } from '../records.ts';
import type { Change, CommitInState, NodeChange } from './commit-in-state.ts';
import { firstBreak, type Rule } from './rule.ts';

export const numberRules: readonly Rule[] = [
  { name: 'rev', judge: judgeRevs },
  { name: 'kr', judge: judgeKeyNumbers },
  { name: 'cut', judge: judgeCuts },
  { name: 'pk', judge: judgeParentKeys },
  { name: 'wrapped-key', judge: judgeWrappedKeys },
  { name: 'rotation', judge: judgeRotation },
];

/** Meta or content of a node differ: a new revision. */
function isRevised(old: NodeRecord, next: NodeRecord): boolean {
  return !equalBytes(old.meta, next.meta) || !sameContent(old.content, next.content);
}

function isMoved({ old, next }: NodeChange): boolean {
  return old !== undefined && next !== undefined && old.parent !== next.parent;
}

function sameKey(a: NodeRecord, b: NodeRecord): boolean {
  return a.wrappedKey === null || b.wrappedKey === null
    ? a.wrappedKey === b.wrappedKey
    : equalBytes(a.wrappedKey, b.wrappedKey);
}

/** New 1; a node grows by 1 with meta or content, every other record at each change. */
function judgeRevs(commit: CommitInState): string | undefined {
  const wrongNode = firstBreak(commit.nodes, ({ id, old, next }) => {
    if (next === undefined) return undefined;
    const expected = old === undefined ? 1 : old.rev + (isRevised(old, next) ? 1 : 0);
    return next.rev === expected ? undefined : `rev ${next.rev} of node ${id}, not ${expected}`;
  });
  if (wrongNode !== undefined) return wrongNode;
  const others: Change<SpaceStateRecord>[] = [...commit.members, ...commit.items];
  if (commit.spaceChange !== undefined) others.push(commit.spaceChange);
  return firstBreak(others, ({ old, next }) => {
    if (next === undefined) return undefined;
    const expected = (old?.rev ?? 0) + 1;
    return next.rev === expected
      ? undefined
      : `rev ${next.rev} of a ${next.type} record, not ${expected}`;
  });
}

/**
 * kr never falls, changes only together with wrapped key and meta, and lies between what the place
 * requires and the commit's own seq, which it takes only where a cut or an epoch is set. Roots carry
 * the epoch's number. In the trash old keys may stay.
 */
function judgeKeyNumbers(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, (change) => {
    const { id, old, next } = change;
    if (next === undefined || old?.kr === next.kr) return undefined;
    if (old !== undefined && next.kr < old.kr) return `kr of node ${id} falls`;
    if (old !== undefined && !isRekeyed(old, next)) return `kr of node ${id} changes alone`;
    if (next.parent === NO_PARENT) {
      return next.kr === commit.endSpace.epoch ? undefined : `kr of root ${id} is not the epoch`;
    }
    const newest = commit.setsCut || commit.setsEpoch ? commit.header.seq : commit.header.seq - 1;
    if (next.kr > newest) return `kr ${next.kr} of node ${id} in commit ${commit.header.seq}`;
    const required = requiredOf(commit, next);
    return next.kr >= required ? undefined : `kr ${next.kr} of node ${id}, needs ${required}`;
  });
}

function isRekeyed(old: NodeRecord, next: NodeRecord): boolean {
  const isRewrapped = next.parent === NO_PARENT || !sameKey(old, next);
  return isRewrapped && !equalBytes(old.meta, next.meta);
}

function requiredOf(commit: CommitInState, node: NodeRecord): number {
  const lineage = commit.endLineages.of(node.id);
  return lineage.kind === 'rooted' && !lineage.isTrashed ? lineage.required : 0;
}

/** New 0; else unchanged, or the commit's seq together with a key of that number. */
function judgeCuts(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, old, next }) => {
    if (next === undefined || next.cut === (old?.cut ?? 0)) return undefined;
    const isSetHere = old !== undefined && next.cut === commit.header.seq;
    return isSetHere && next.kr === next.cut ? undefined : `cut ${next.cut} of node ${id}`;
  });
}

/**
 * pk of a written record is its parent's kr in the end state. Directly under the trash it is the
 * newest epoch when the record is new, moved or newly wrapped, and stays otherwise. Roots have 0.
 */
function judgeParentKeys(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, (change) => {
    const { id, next } = change;
    if (next === undefined) return undefined;
    const expected = expectedParentKey(commit, change, next);
    return next.pk === expected ? undefined : `pk ${next.pk} of node ${id}, not ${expected}`;
  });
}

function expectedParentKey(commit: CommitInState, change: NodeChange, next: NodeRecord): number {
  if (next.parent === NO_PARENT) return 0;
  if (next.parent !== commit.trash) return commit.endNode(next.parent)?.kr ?? 0;
  const { old } = change;
  const isWrappedHere = old === undefined || isMoved(change) || !sameKey(old, next);
  return isWrappedHere ? commit.endSpace.epoch : old.pk;
}

/** None exactly for roots; a new one wherever what it is bound to changes. */
function judgeWrappedKeys(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, (change) => {
    const { id, old, next } = change;
    if (next === undefined) return undefined;
    const isRoot = next.parent === NO_PARENT;
    if (isRoot !== (next.wrappedKey === null)) return `wrapped key of node ${id}`;
    if (isRoot || old === undefined) return undefined;
    const isBoundElsewhere = isMoved(change) || old.kr !== next.kr || old.pk !== next.pk;
    return isBoundElsewhere && sameKey(old, next)
      ? `the wrapped key of node ${id} is bound to its old place`
      : undefined;
  });
}

/**
 * Meta or content of a node change, and children are put into it, only where it and all its ancestors
 * have keys that are not dead. The trash is exempt.
 */
function judgeRotation(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, (change) => {
    const { id, old, next } = change;
    if (next === undefined) return undefined;
    const isWritten = old === undefined || isRevised(old, next);
    if (isWritten && isStale(commit, next)) return `node ${id} is written under a dead key`;
    if (next.parent === NO_PARENT || (old !== undefined && !isMoved(change))) return undefined;
    const parent = commit.endNode(next.parent);
    return parent !== undefined && isStale(commit, parent)
      ? `node ${id} is put below a dead key`
      : undefined;
  });
}

function isStale(commit: CommitInState, node: NodeRecord): boolean {
  const lineage = commit.endLineages.of(node.id);
  return lineage.kind === 'rooted' && !lineage.isTrashed && !lineage.isFresh;
}

/** Children that a commit wraps anew in place. */
export function judgeRewrapLimit(commit: CommitInState): string | undefined {
  const rewrapped = commit.nodes.filter(
    (change) =>
      change.old !== undefined &&
      change.next !== undefined &&
      !isMoved(change) &&
      change.old.kr === change.next.kr &&
      !sameKey(change.old, change.next),
  );
  return rewrapped.length > REWRAPPED_CHILDREN_MAX
    ? `${rewrapped.length} children are wrapped anew`
    : undefined;
}
