/** What each change of a node does to the records of a commit in the making. */
import { TREE_DEPTH_MAX, unreachable, type NodeId } from '@coffer/protocol/core';
import { recordKey, type Content, type NodeKind, type NodeRecord } from '@coffer/protocol/model';
import type { NodeMeta } from '@coffer/protocol/model/open';
import type { SpaceChange, StaleReason } from '../space-changes.ts';
import type { CommitDraft } from './commit-draft.ts';
import type { ContentSealer } from './content-sealer.ts';

export type Applied =
  | { readonly kind: 'done' }
  /** A purge that goes on in the next commit. */
  | { readonly kind: 'unfinished' }
  | { readonly kind: 'stale'; readonly why: StaleReason }
  | { readonly kind: 'not-allowed' };

const DONE: Applied = { kind: 'done' };
const NOT_ALLOWED: Applied = { kind: 'not-allowed' };
const UNFINISHED: Applied = { kind: 'unfinished' };

type ChangeOf<Op extends SpaceChange['op']> = Extract<SpaceChange, { readonly op: Op }>;
type MakeChange = ChangeOf<'make-folder' | 'make-file' | 'make-symlink'>;
type ReviseChange = ChangeOf<'write' | 'retarget' | 'set-meta' | 'resolve-copy'>;

export interface ChangeTools {
  readonly commit: CommitDraft;
  readonly contents: ContentSealer;
  /** How many removals still fit into the commit. */
  readonly removalsMax: number;
  /** Revisions that earlier changes of the same list made: the caller still names the one before. */
  readonly isOwnRevision: (id: NodeId, rev: number) => boolean;
}

export function applyChange(tools: ChangeTools, change: SpaceChange): Applied {
  switch (change.op) {
    case 'make-folder':
    case 'make-file':
    case 'make-symlink':
      return make(tools, change);
    case 'write':
    case 'retarget':
    case 'set-meta':
    case 'resolve-copy':
      return revise(tools, change);
    case 'move':
      return move(tools, change);
    case 'trash':
      return trash(tools, change);
    case 'restore':
      return restore(tools, change);
    case 'purge':
      return purge(tools, change);
    default:
      return unreachable(change);
  }
}

function make({ commit, contents }: ChangeTools, change: MakeChange): Applied {
  if (commit.node(change.id) !== undefined) return stale('node-changed');
  const misplaced = checkParent(commit, change.parent);
  if (misplaced !== undefined) return misplaced;
  commit.freshenFolder(change.parent);
  const known = contents.keyOf(change);
  const isFresh = known !== undefined && known.kr >= commit.requiredBelow(change.parent);
  const key = isFresh ? known : commit.makeKey(change.id);
  commit.reader.remember(change.id, key.kr, key.key);
  const content: Content | null =
    change.op === 'make-file'
      ? contents.seal(change, change.id, key, change.content).content
      : null;
  commit.create({
    id: change.id,
    parent: change.parent,
    kind: KIND_BY_OP[change.op],
    meta: newMeta(commit, change),
    content,
    key,
  });
  return DONE;
}

const KIND_BY_OP: { readonly [Op in MakeChange['op']]: NodeKind } = {
  'make-folder': 'folder',
  'make-file': 'file',
  'make-symlink': 'symlink',
};

function newMeta(commit: CommitDraft, change: MakeChange): NodeMeta {
  const { time, author } = commit.context;
  const stamp = { time, device: author.device };
  const meta: NodeMeta = {
    name: change.name,
    mtimeMs: null,
    executable: false,
    size: null,
    sha256: null,
    target: null,
    exposed: false,
    from: null,
    olds: [],
    written: null,
    changed: stamp,
    copyOf: null,
  };
  if (change.op === 'make-folder') return meta;
  if (change.op === 'make-symlink') return { ...meta, target: change.target };
  return {
    ...meta,
    ...change.meta,
    size: change.content.size,
    sha256: change.content.sha256,
    written: { number: 1, ...stamp },
    copyOf: change.copyOf,
  };
}

function revise(tools: ChangeTools, change: ReviseChange): Applied {
  const { commit } = tools;
  const node = commit.node(change.id);
  if (node === undefined || commit.isTrashed(node.parent)) return stale('node-gone');
  const isSeen = node.rev === change.rev || tools.isOwnRevision(node.id, change.rev);
  if (!isSeen || !mayRevise(node, change)) return stale('node-changed');
  const before = commit.draft.nodeBefore(node.id);
  const fresh = commit.freshen(node);
  const { time, author } = commit.context;
  const stamp = { time, device: author.device };
  const meta = { ...commit.metaOf(fresh), changed: stamp };
  switch (change.op) {
    case 'write': {
      const written = { number: numberAfter(commit, before) + 1, ...stamp };
      const { size, sha256 } = change.content;
      const key = { kr: fresh.kr, key: commit.keyOf(fresh) };
      const { content } = tools.contents.seal(change, node.id, key, change.content);
      commit.update(fresh, { meta: { ...meta, ...change.meta, size, sha256, written }, content });
      if (change.keepVersion && before !== undefined) keepVersion(commit, before);
      return DONE;
    }
    case 'retarget':
      commit.update(fresh, { meta: { ...meta, target: change.target } });
      return DONE;
    case 'set-meta': {
      const executable = node.kind === 'file' && change.meta.executable;
      commit.update(fresh, { meta: { ...meta, ...change.meta, executable } });
      return DONE;
    }
    case 'resolve-copy':
      commit.update(fresh, { meta: { ...meta, copyOf: null } });
      return DONE;
    default:
      return unreachable(change);
  }
}

function mayRevise(node: NodeRecord, change: ReviseChange): boolean {
  if (change.op === 'retarget') return node.kind === 'symlink';
  if (change.op === 'set-meta') return node.kind === 'file' || node.kind === 'symlink';
  return node.kind === 'file';
}

/** Number of the content that the commit replaces; 0 for a file that the commit makes. */
function numberAfter(commit: CommitDraft, before: NodeRecord | undefined): number {
  return before === undefined ? 0 : (commit.metaOf(before).written?.number ?? 0);
}

/** The replaced content as a version record; versions that are due to go make room. */
function keepVersion(commit: CommitDraft, before: NodeRecord): void {
  const { versionDays, versionsKept, space } = commit.context.space;
  if (before.content === null) return;
  const kept = commit.draft.versions(before.id).filter((version) => version.rev !== before.rev);
  const inTime = kept.filter(({ keepUntil }) => keepUntil >= commit.context.serverTime);
  const surplus = Math.max(0, inTime.length + 1 - Math.max(1, versionsKept));
  const going = new Set([...kept.filter((v) => !inTime.includes(v)), ...inTime.slice(0, surplus)]);
  for (const version of going) commit.draft.remove(recordKey(version));
  commit.draft.put({
    type: 'version',
    space,
    file: before.id,
    rev: before.rev,
    kr: before.kr,
    meta: before.meta,
    content: before.content,
    by: before.by,
    time: commit.context.time,
    keepUntil: commit.keepUntil(versionDays),
  });
}

function move({ commit }: ChangeTools, change: ChangeOf<'move'>): Applied {
  const node = commit.node(change.id);
  if (node === undefined || commit.isTrashed(node.parent)) return stale('node-gone');
  if (commit.reader.isRoot(node.id)) return NOT_ALLOWED;
  const misplaced = checkParent(commit, change.parent);
  if (misplaced !== undefined) return misplaced;
  if (commit.isBelow(change.parent, node.id)) return stale('cycle');
  const isRenamed = commit.metaOf(node).name !== change.name;
  if (!isRenamed && node.parent === change.parent) return DONE;
  relocate(commit, node, change, isRenamed ? (meta) => ({ ...meta, name: change.name }) : null);
  return DONE;
}

function trash({ commit }: ChangeTools, change: ChangeOf<'trash'>): Applied {
  const node = commit.node(change.id);
  if (node === undefined) return stale('node-gone');
  if (commit.reader.isRoot(node.id)) return NOT_ALLOWED;
  const bin = commit.context.trash;
  if (node.parent === bin) return DONE;
  // Below a folder in the trash too: it then stays when the folder comes back. No rotation: below the trash old keys may stay.
  const meta = commit.metaOf(node);
  const { time, author } = commit.context;
  commit.update(node, {
    parent: bin,
    keepUntil: commit.keepUntil(commit.context.space.trashDays),
    meta: {
      ...meta,
      from: { parent: node.parent, name: meta.name },
      changed: { time, device: author.device },
    },
  });
  return DONE;
}

function restore({ commit }: ChangeTools, change: ChangeOf<'restore'>): Applied {
  const node = commit.node(change.id);
  if (node === undefined) return stale('node-gone');
  if (!commit.isTrashed(node.parent)) return stale('node-changed');
  const misplaced = checkParent(commit, change.parent);
  if (misplaced !== undefined) return misplaced;
  relocate(commit, node, change, (meta) => ({ ...meta, name: change.name, from: null }));
  return DONE;
}

/** Puts `node` below a folder that is not trashed, with a changed meta or the one that it has. */
function relocate(
  commit: CommitDraft,
  node: NodeRecord,
  place: { readonly parent: NodeId },
  change: ((meta: NodeMeta) => NodeMeta) | null,
): void {
  commit.freshenFolder(place.parent);
  const current = commit.node(node.id) ?? node;
  if (change === null) {
    commit.update(current, { parent: place.parent, keepUntil: null });
    return;
  }
  const { time, author } = commit.context;
  const meta = change(commit.metaOf(current));
  const moved = commit.update(current, {
    parent: place.parent,
    keepUntil: null,
    meta: { ...meta, changed: { time, device: author.device } },
  });
  commit.freshen(moved);
}

function purge({ commit, removalsMax }: ChangeTools, change: ChangeOf<'purge'>): Applied {
  const node = commit.node(change.id);
  if (node === undefined) return DONE;
  if (!commit.isTrashed(node.parent)) return NOT_ALLOWED;
  // Records go for ever only from the trash: what this very commit trashes has to wait for the next.
  if (!commit.wasTrashed(node.id)) return UNFINISHED;
  return removeSubtree(commit, node, removalsMax) === undefined ? UNFINISHED : DONE;
}

/**
 * Removes what stands in the trash longer than the space keeps it, as far as there is room: any
 * writer's next commit does so (protocol §3).
 */
export function pruneTrash(commit: CommitDraft, removalsMax: number): void {
  const { trash, serverTime } = commit.context;
  let room: number | undefined = removalsMax;
  for (const node of commit.draft.children(trash)) {
    const isDue = node.keepUntil !== null && node.keepUntil < serverTime;
    if (isDue && commit.wasTrashed(node.id)) room = removeSubtree(commit, node, room);
    if (room === undefined) return;
  }
}

/** Removes deepest first. How much room is left; undefined when there was not enough. */
function removeSubtree(
  commit: CommitDraft,
  root: NodeRecord,
  removalsMax: number,
): number | undefined {
  let room = removalsMax;
  // A stack instead of recursion: depth is limited, but breadth is not.
  const stack: { node: NodeRecord; isOpen: boolean }[] = [{ node: root, isOpen: false }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top.node.kind === 'folder' && !top.isOpen) {
      stack.push({ node: top.node, isOpen: true });
      for (const child of commit.draft.children(top.node.id)) {
        stack.push({ node: child, isOpen: false });
      }
      continue;
    }
    const versions = top.node.kind === 'file' ? commit.draft.versions(top.node.id) : [];
    if (versions.length + 1 > room) return undefined;
    room -= versions.length + 1;
    for (const version of versions) commit.draft.remove(recordKey(version));
    commit.draft.remove(recordKey(top.node));
  }
  return room;
}

function checkParent(commit: CommitDraft, id: NodeId): Applied | undefined {
  const parent = commit.node(id);
  if (parent?.kind !== 'folder' || commit.isTrashed(id)) return stale('parent-gone');
  return commit.depthOf(id) >= TREE_DEPTH_MAX ? stale('too-deep') : undefined;
}

function stale(why: StaleReason): Applied {
  return { kind: 'stale', why };
}
