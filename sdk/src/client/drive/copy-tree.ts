/** Copies without content: the new files name the chunks of the old ones, none of which travels. */
import { err, ok, type NodeId, type Result } from '@coffer/protocol/core';
import type { FullSpaceClient } from '../space/full-space-client.ts';
import type { NodeView, SpaceChange } from '../space-changes.ts';
import { refuse, type DriveRefusal } from './drive-refusal.ts';
import type { DriveEntry, Place } from './drive-tree.ts';

/** A node that is copied, and where its copy goes. */
interface Copying {
  readonly entry: DriveEntry;
  readonly parent: NodeId;
  readonly name: string;
}

/**
 * The changes that make a copy of `source` at `place`, a folder before what is in it; the copy of the
 * source itself first. Throws what fetching the pages of large files throws.
 */
export async function* copyChanges(
  space: FullSpaceClient,
  source: DriveEntry,
  { folder, name }: Pick<Place, 'folder' | 'name'>,
  signal: AbortSignal,
): AsyncGenerator<SpaceChange, Result<undefined, DriveRefusal>, undefined> {
  const copying: Copying[] = [{ entry: source, parent: folder.id, name }];
  for (let next = copying.pop(); next !== undefined; next = copying.pop()) {
    signal.throwIfAborted();
    const { entry, parent, name: newName } = next;
    const id = space.newNodeId();
    const change = await copyOf(space, entry.node, { id, parent, name: newName }, signal);
    if (change === undefined) return refuse('unsupported', entry.path);
    yield change;
    if (entry.node.kind !== 'folder') continue;
    const below = childrenOf(space, entry);
    if (!below.ok) return below;
    copying.push(
      ...below.value.map((child) => ({ entry: child, parent: id, name: child.node.name })),
    );
  }
  return ok(undefined);
}

/** What does not open cannot be copied, and a copy that lacks something is none. */
function childrenOf(
  space: FullSpaceClient,
  { node, path }: DriveEntry,
): Result<readonly DriveEntry[], DriveRefusal> {
  const entries: DriveEntry[] = [];
  for (const child of space.children(node.id)) {
    if ('unreadable' in child) return err({ code: 'integrity', path });
    entries.push({ path: `${path === '/' ? '' : path}/${child.name}`, node: child });
  }
  return ok(entries);
}

async function copyOf(
  space: FullSpaceClient,
  node: NodeView,
  place: { readonly id: NodeId; readonly parent: NodeId; readonly name: string },
  signal: AbortSignal,
): Promise<SpaceChange | undefined> {
  if (node.kind === 'folder') return { op: 'make-folder', ...place };
  if (node.kind === 'symlink' && node.target !== null) {
    return { op: 'make-symlink', ...place, target: node.target };
  }
  if (node.kind !== 'file') return undefined;
  const content = await space.contents.uploadedContent(node, signal);
  const meta = { mtimeMs: node.mtimeMs, executable: node.executable };
  return { op: 'make-file', ...place, content, meta, copyOf: null };
}
