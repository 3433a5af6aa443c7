/**
 * After a content went up or came down the usual end is that nothing is left to do for its file. The
 * rows tell; a plan of the same file would cost ten times as much and say the same.
 */
import { roundToMs } from '../planner/meta.ts';
import type { Operation } from '../planner/operations.ts';
import type { BaseNode } from '../planner/types.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import type { PairTrees, RemoteEntry } from '../trees/index.ts';

/** The base row of an operation's file when all three trees have it in one place with one content. */
export function agreedFile(trees: PairTrees, operation: Operation): BaseNode | undefined {
  const base = baseOf(trees, operation);
  if (base?.kind !== 'file') return undefined;
  const remote = trees.remote.byId(base.id);
  const local = trees.local.byId(base.localId);
  if (remote === undefined || local === undefined) return undefined;
  const isOne =
    isRemoteOf(base, remote) &&
    isLocalOf(base, local) &&
    remote.name === local.name &&
    isInSameFolder(trees, base, local) &&
    trees.local.copyOf(local.id) === null;
  return isOne ? base : undefined;
}

function baseOf(trees: PairTrees, operation: Operation): BaseNode | undefined {
  if (operation.kind === 'local-download') return trees.base.byId(operation.node);
  if (operation.kind === 'remote-upload') return trees.base.byLocalId(operation.local);
  return undefined;
}

function isRemoteOf(base: BaseNode, remote: RemoteEntry): boolean {
  return (
    remote.state === 'live' &&
    remote.kind === 'file' &&
    remote.parent === base.parent &&
    remote.name === base.name &&
    remote.rev === base.rev &&
    remote.contentId === base.contentId &&
    remote.mtimeMs === base.mtimeMs &&
    remote.executable === base.executable
  );
}

/** Times of coarse disks and modes of those without executable bits are left to the planner. */
function isLocalOf(base: BaseNode, local: LocalRow): boolean {
  return (
    local.state === 'seen' &&
    local.kind === 'file' &&
    local.name === base.localName &&
    local.size === base.size &&
    local.sha256 === base.sha256 &&
    local.mtimeNs === base.localMtimeNs &&
    roundToMs(local.mtimeNs) === base.mtimeMs &&
    local.executable === base.executable
  );
}

function isInSameFolder(trees: PairTrees, base: BaseNode, local: LocalRow): boolean {
  if (local.parent === trees.local.root) return base.parent === trees.view.remoteRoot;
  return trees.base.byId(base.parent)?.localId === local.parent;
}
