/** Version records and the items of account spaces (protocol §3). */
import { equalBytes, FILE_VERSIONS_MAX, type NodeId } from '../../core/index.ts';
import { sameContent } from '../content-codec.ts';
import type { NodeRecord, VersionRecord } from '../records.ts';
import { childrenRange } from '../tree-keys.ts';
import type { CommitInState } from './commit-in-state.ts';
import { firstBreak, type Rule } from './rule.ts';

export const versionRules: readonly Rule[] = [
  { name: 'version', judge: judgeVersions },
  { name: 'item', judge: judgeItems },
];

/** A version is made where its revision is replaced, equals it, and never changes. */
function judgeVersions(commit: CommitInState): string | undefined {
  return firstBreak(commit.versions, ({ old, next }) => {
    if (next === undefined) return undefined;
    if (old !== undefined) return `version ${next.rev} of ${next.file} changes`;
    const file = commit.nodeById.get(next.file);
    const isReplaced = file?.old !== undefined && (file.next?.rev ?? 0) > file.old.rev;
    if (file?.old === undefined || !isReplaced) {
      return `version ${next.rev} of ${next.file}, which is not replaced here`;
    }
    if (!isVersionOf(next, file.old)) return `version ${next.rev} of ${next.file} differs from it`;
    return next.time === commit.header.time
      ? undefined
      : `version ${next.rev} of ${next.file} has another time than its commit`;
  });
}

function isVersionOf(version: VersionRecord, node: NodeRecord): boolean {
  return (
    version.rev === node.rev &&
    version.kr === node.kr &&
    version.by === node.by &&
    equalBytes(version.meta, node.meta) &&
    sameContent(version.content, node.content)
  );
}

/** Items are sealed under the newest epoch whenever they are written. */
function judgeItems(commit: CommitInState): string | undefined {
  return firstBreak(commit.items, ({ next }) =>
    next === undefined || next.epoch === commit.endSpace.epoch
      ? undefined
      : `item ${next.id} is sealed under epoch ${next.epoch}`,
  );
}

/** Files that get a version keep at most 1,000. */
export function judgeVersionLimit(commit: CommitInState): string | undefined {
  const files = new Set<NodeId>();
  for (const { old, next } of commit.versions) {
    // Revisions are distinct and start at 1: up to here a file cannot have too many.
    if (old === undefined && next !== undefined && next.rev > FILE_VERSIONS_MAX) {
      files.add(next.file);
    }
  }
  return firstBreak(files, (file) =>
    countEndVersions(commit, file) > FILE_VERSIONS_MAX ? `too many versions of ${file}` : undefined,
  );
}

function countEndVersions(commit: CommitInState, file: NodeId): number {
  let count = 1;
  for (const [key] of commit.view.listRecords(...childrenRange(file))) {
    if (!commit.isRemoved(key)) count++;
  }
  return count;
}
