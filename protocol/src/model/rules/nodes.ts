/** Shape of the tree of nodes, judged in the end state (protocol §3, §4 rule 3). */
import {
  FormatError,
  NO_PARENT,
  TREE_DEPTH_MAX,
  type Bytes,
  type NodeId,
} from '../../core/index.ts';
import { readInlinePage, type InlinePage } from '../inline-page.ts';
import type { Content } from '../records.ts';
import { childrenRange, nodeKey } from '../tree-keys.ts';
import { sameContent } from '../content-codec.ts';
import type { CommitInState } from './commit-in-state.ts';
import { firstBreak, type Rule } from './rule.ts';

export const nodeRules: readonly Rule[] = [
  { name: 'kind', judge: judgeKinds },
  { name: 'root-folders', judge: judgeRootFolders },
  { name: 'id-unique', judge: judgeIds },
  { name: 'parent', judge: judgeParents },
  { name: 'left-behind', judge: judgeLeftBehind },
  { name: 'cycle', judge: judgeCycles },
  { name: 'depth', judge: judgeDepths },
  { name: 'tag', judge: judgeTags },
  { name: 'tag-unique', judge: judgeTagsUnique },
  { name: 'keep-until', judge: judgeKeepUntil },
  { name: 'content', judge: judgeContents },
  { name: 'purge', judge: judgePurges },
];

/** A node keeps its kind; mounts live in drives; account spaces hold items, and only they do. */
function judgeKinds(commit: CommitInState): string | undefined {
  const isAccount = commit.endSpace.kind === 'account';
  if (!isAccount && commit.items.length > 0) return 'items live in account spaces';
  if (isAccount && commit.nodes.length + commit.versions.length > 0) {
    return 'an account space has no nodes';
  }
  return firstBreak(commit.nodes, ({ id, old, next }) => {
    if (next === undefined) return undefined;
    if (old !== undefined && old.kind !== next.kind) return `node ${id} becomes a ${next.kind}`;
    return next.kind === 'mount' && commit.endSpace.kind !== 'drive'
      ? `mount ${id} outside a drive`
      : undefined;
  });
}

/** Root folder and trash stay where they are, and nothing else is a root. */
function judgeRootFolders(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, old, next }) => {
    const wasRoot = old?.parent === NO_PARENT;
    const isRoot = next?.parent === NO_PARENT;
    return wasRoot === isRoot ? undefined : `node ${id} becomes or leaves a root`;
  });
}

function judgeIds(commit: CommitInState): string | undefined {
  const [twice] = commit.claimedTwice;
  if (twice !== undefined) return `node ${twice} is written twice`;
  return firstBreak(commit.nodes, ({ id, next }) => {
    if (next === undefined) return undefined;
    const before = commit.view.findNode(id);
    const isElsewhere = before !== undefined && before !== nodeKey(next.parent, id);
    return isElsewhere && !commit.isRemoved(before) ? `node ${id} exists elsewhere` : undefined;
  });
}

function judgeParents(commit: CommitInState): string | undefined {
  const orphan = firstBreak(commit.nodes, ({ id, next }) => {
    if (next === undefined || next.parent === NO_PARENT) return undefined;
    const parent = commit.endNode(next.parent);
    return parent?.kind === 'folder' ? undefined : `node ${id} has no folder above it`;
  });
  if (orphan !== undefined) return orphan;
  return firstBreak(commit.versions, ({ next }) => {
    if (next === undefined) return undefined;
    return commit.endNode(next.file)?.kind === 'file'
      ? undefined
      : `version of ${next.file}, which is no file`;
  });
}

/** A removed node leaves no child and no version behind. */
function judgeLeftBehind(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, next }) => {
    if (next !== undefined) return undefined;
    return firstBreak(commit.view.listRecords(...childrenRange(id)), ([key]) =>
      commit.isRemoved(key) ? undefined : `${key} stays below removed ${id}`,
    );
  });
}

/** Only a node that gets a parent can close a cycle. */
function judgeCycles(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, next }) =>
    next !== undefined && commit.endLineages.of(id).kind === 'cycle'
      ? `node ${id} stands below itself`
      : undefined,
  );
}

/**
 * Every written node stands at most 128 deep. What hangs below a moved folder is not walked: it can
 * stand deeper, and is refused when it is written.
 */
function judgeDepths(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, next }) => {
    if (next === undefined) return undefined;
    const lineage = commit.endLineages.of(id);
    return lineage.kind === 'rooted' && lineage.depth > TREE_DEPTH_MAX
      ? `node ${id} stands ${lineage.depth} deep`
      : undefined;
  });
}

/** No tag exactly for roots and directly under the trash. */
function judgeTags(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, next }) => {
    if (next === undefined) return undefined;
    const isUntagged = next.parent === NO_PARENT || next.parent === commit.trash;
    if (isUntagged === (next.tag === null)) return undefined;
    return isUntagged ? `node ${id} has a tag` : `node ${id} has no tag`;
  });
}

function judgeTagsUnique(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, next }) => {
    if (next === undefined || next.tag === null) return undefined;
    const other = commit.endTagHolders(next.parent, next.tag).find((holder) => holder !== id);
    return other === undefined ? undefined : `nodes ${id} and ${other} have one tag`;
  });
}

/** Set exactly directly under the trash (and on versions, whose field is never null). */
function judgeKeepUntil(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, next }) => {
    if (next === undefined) return undefined;
    const isTrashed = next.parent === commit.trash;
    return isTrashed === (next.keepUntil !== null) ? undefined : `keepUntil of node ${id}`;
  });
}

/** A page within the record names as many chunks and bytes as the record says. */
function judgeContents(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, old, next }) => {
    const content = next?.content ?? null;
    if (next === undefined || content === null) return undefined;
    const isKept = sameContent(old?.content ?? null, content);
    return isKept ? undefined : judgeContent(id, content, next.kr);
  });
}

function judgeContent(id: NodeId, content: Content, kr: number): string | undefined {
  if (content.inlinePage === null) {
    return content.chunkCount >= content.pages.length ? undefined : `an empty page in node ${id}`;
  }
  const page = pageOf(content.inlinePage);
  if (page === undefined) return `the page of node ${id} is malformed`;
  const storedBytes = page.chunks.reduce((sum, chunk) => sum + chunk.storedLength, 0);
  if (page.chunks.length !== content.chunkCount) return `chunk count of node ${id}`;
  if (storedBytes !== content.storedBytes) return `stored bytes of node ${id}`;
  return page.kr <= kr ? undefined : `the page of node ${id} has a later key`;
}

function pageOf(bytes: Bytes): InlinePage | undefined {
  try {
    return readInlinePage(bytes);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Delete is a move to the trash: records go for ever only from there. */
function judgePurges(commit: CommitInState): string | undefined {
  return firstBreak(commit.nodes, ({ id, next }) => {
    if (next !== undefined) return undefined;
    const lineage = commit.oldLineages.of(id);
    return lineage.kind === 'rooted' && lineage.isTrashed
      ? undefined
      : `node ${id} is removed outside the trash`;
  });
}
