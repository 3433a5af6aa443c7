/**
 * Carries what a space's commits changed into the remote tree of one pair, inside the transaction
 * that applies them. A node belongs to the pair while the pair's remote root is above it.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { NodeView, SpaceClient, SpaceDelta, UnreadableNode } from '@coffer/sdk';
import type { EntryKind } from '../planner/types.ts';
import type { PairTrees } from './pair-trees.ts';
import type { RemoteEntry } from './remote-tree.ts';

type Seen = NodeView | UnreadableNode;
export type RemoteReader = Pick<SpaceClient, 'node' | 'children'>;

export class RemoteMirror {
  readonly #trees: PairTrees;
  readonly #space: RemoteReader;
  readonly #root: NodeId;

  constructor(trees: PairTrees, space: RemoteReader, root: NodeId) {
    this.#trees = trees;
    this.#space = space;
    this.#root = root;
  }

  /** True while the pair's remote root is a live folder. */
  rootIsLive(): boolean {
    const root = this.#space.node(this.#root);
    return root !== undefined && !isUnreadable(root) && !root.trashed && root.kind === 'folder';
  }

  /**
   * Reads the whole subtree and writes what differs: for a pair that is new, or that missed commits
   * which another program applied to the store.
   */
  reconcile(): void {
    this.#trees.db.transaction(() => {
      const found = new Set<NodeId>();
      const open: NodeId[] = [this.#root];
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        for (const seen of this.#space.children(at)) {
          if (!isUnreadable(seen) && seen.kind === 'mount') continue;
          found.add(seen.id);
          this.#putIfChanged(seen);
          if (!isUnreadable(seen) && seen.kind === 'folder') open.push(seen.id);
        }
      }
      for (const id of this.#trees.remote.ids()) {
        if (found.has(id)) continue;
        const seen = this.#space.node(id);
        if (seen !== undefined && !isUnreadable(seen) && seen.trashed) this.#trash(seen);
        else this.#drop(id);
      }
    });
  }

  /** Call inside the store's transaction. */
  apply(delta: SpaceDelta): void {
    const inside = new Map<NodeId, boolean>();
    for (const id of delta.removed) this.#drop(id);
    for (const id of delta.changed) {
      if (id === this.#root) continue;
      const seen = this.#space.node(id);
      if (seen === undefined) this.#drop(id);
      else if (!isUnreadable(seen) && seen.trashed) this.#trash(seen);
      else if (this.#isInside(seen, inside)) this.#place(seen);
      else this.#drop(id);
    }
  }

  #place(seen: Seen): void {
    const before = this.#trees.remote.byId(seen.id);
    if (!isUnreadable(seen) && seen.kind === 'mount') {
      this.#drop(seen.id);
      return;
    }
    if (before === undefined && this.#trees.remote.byId(seen.parent) === undefined) {
      // A folder above came in with this same change: its own turn loads what is below it.
      if (seen.parent !== this.#root) return;
    }
    this.#put(seen, before);
    const wasLive = before !== undefined && before.state === 'live';
    if (!wasLive && !isUnreadable(seen) && seen.kind === 'folder') this.#loadBelow(seen.id);
  }

  #loadBelow(folder: NodeId): void {
    const open: NodeId[] = [folder];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const seen of this.#space.children(at)) {
        if (!isUnreadable(seen) && seen.kind === 'mount') continue;
        this.#put(seen, this.#trees.remote.byId(seen.id));
        if (!isUnreadable(seen) && seen.kind === 'folder') open.push(seen.id);
      }
    }
  }

  #putIfChanged(seen: Seen): void {
    const before = this.#trees.remote.byId(seen.id);
    if (
      before !== undefined &&
      !isUnreadable(seen) &&
      isSameEntry(before, entryOfView(seen, 'live'))
    ) {
      return;
    }
    this.#put(seen, before);
  }

  #put(seen: Seen, before: RemoteEntry | undefined): void {
    if (isUnreadable(seen)) {
      const kept = before ?? UNREAD;
      this.#trees.remote.put({ ...kept, id: seen.id, parent: seen.parent, state: 'unreadable' });
    } else {
      this.#trees.remote.put(entryOfView(seen, 'live'));
    }
    this.#trees.dirty.markRemote(seen.id);
  }

  #trash(seen: NodeView): void {
    const before = this.#trees.remote.byId(seen.id);
    if (before === undefined || isSameEntry(before, entryOfView(seen, 'trashed'))) return;
    for (const id of this.#trees.remote.setSubtreeState(seen.id, 'trashed')) {
      this.#trees.dirty.markRemote(id);
    }
    if (seen.kind !== 'mount') this.#trees.remote.put(entryOfView(seen, 'trashed'));
  }

  #drop(id: NodeId): void {
    for (const gone of this.#trees.remote.removeSubtree(id)) this.#trees.dirty.markRemote(gone);
  }

  #isInside(seen: Seen, known: Map<NodeId, boolean>): boolean {
    // A parent that moves away in this same change takes what is below it along in its own turn.
    if (this.#trees.remote.byId(seen.parent)?.state === 'live') return true;
    const way: NodeId[] = [];
    let at: Seen | undefined = seen;
    let answer = false;
    while (at !== undefined) {
      const parent: NodeId = at.parent;
      const before = known.get(parent);
      if (parent === this.#root || before === true) {
        answer = true;
        break;
      }
      if (before === false || way.includes(parent)) break;
      way.push(parent);
      at = this.#space.node(parent);
    }
    for (const id of way) known.set(id, answer);
    return answer;
  }
}

const UNREAD: Omit<RemoteEntry, 'id' | 'parent' | 'state'> = {
  name: '',
  kind: 'file',
  rev: 0,
  contentId: null,
  size: 0,
  sha256: null,
  mtimeMs: null,
  executable: false,
  target: null,
  copyOf: null,
  fromParent: null,
  fromName: null,
  device: '',
  changedAtMs: 0,
};

export function isUnreadable(seen: Seen): seen is UnreadableNode {
  return 'unreadable' in seen;
}

function isSameEntry(a: RemoteEntry, b: RemoteEntry): boolean {
  const keys = Object.keys(b) as (keyof RemoteEntry)[];
  return keys.every((key) => a[key] === b[key]);
}

/** The remote row of a view. */
export function entryOfView(view: NodeView, state: 'live' | 'trashed'): RemoteEntry {
  return {
    id: view.id,
    parent: view.parent,
    name: view.name,
    kind: view.kind as EntryKind,
    rev: view.rev,
    contentId: view.contentId,
    size: view.kind === 'file' ? view.size : 0,
    sha256: view.sha256,
    mtimeMs: view.mtimeMs,
    executable: view.executable,
    target: view.target,
    copyOf: view.copyOf,
    fromParent: view.from?.parent ?? null,
    fromName: view.from?.name ?? null,
    device: view.changed.device,
    changedAtMs: view.changed.time,
    state,
  };
}
