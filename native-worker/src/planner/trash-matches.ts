/**
 * Entries without a base that are what lies in the trash (engine §4, rule 3): moved or copied back, they
 * are restored with their ids instead of being sent as new ones.
 *
 * [Note: One to one] A match is found from either side, whichever enters a plan first, and is the same:
 * by content or by what is in a folder where exactly one node and one entry fit each other; else by
 * name below a folder that matches.
 */
import type { NodeId } from '@coffer/protocol/core';
import { isSimilarFolder, type ChildTrait } from './folder-traits.ts';
import type { Statuses } from './status.ts';
import type { LocalId, LocalNode, RemoteNode, Trees } from './types.ts';

/** A folder with more entries is compared with nothing. */
const CHILDREN_MAX = 1000;

export class TrashMatches {
  readonly #trees: Trees;
  readonly #statuses: Statuses;
  readonly #key: (name: string) => string;
  readonly #isOff: boolean;
  readonly #nodesLike = new Map<LocalId, readonly RemoteNode[]>();
  readonly #entriesLike = new Map<NodeId, readonly LocalNode[]>();

  /** `isOff`: nothing is restored in this mode. */
  constructor(
    trees: Trees,
    statuses: Statuses,
    options: { readonly key: (name: string) => string; readonly isOff: boolean },
  ) {
    this.#trees = trees;
    this.#statuses = statuses;
    this.#key = options.key;
    this.#isOff = options.isOff;
  }

  /** The trashed node that the entry is. */
  nodeOf(entry: LocalNode): NodeId | undefined {
    if (this.#isOff || !this.#isNew(entry)) return undefined;
    return this.#byContent(entry) ?? this.#byName(entry)?.id;
  }

  /** The entry that the trashed node is. */
  entryOf(node: RemoteNode): LocalNode | undefined {
    if (this.#isOff || !this.#isTrashed(node)) return undefined;
    const like = this.#entryByContent(node);
    if (like !== undefined) return like;
    const above = this.#trees.remote.byId(node.parent);
    const folder = above === undefined ? undefined : this.entryOf(above);
    if (folder === undefined) return undefined;
    const entry = this.#trees.local.bySlot(folder.id, this.#key(node.name));
    return entry !== undefined && this.nodeOf(entry) === node.id ? entry : undefined;
  }

  #byName(entry: LocalNode): RemoteNode | undefined {
    const above = this.#trees.local.byId(entry.parent);
    const folder = above === undefined ? undefined : this.nodeOf(above);
    if (folder === undefined) return undefined;
    return this.#trees.remote
      .children(folder)
      .find(
        (node) =>
          node.name === entry.name &&
          node.kind === entry.kind &&
          this.#isTrashed(node) &&
          this.#entryByContent(node) === undefined,
      );
  }

  #byContent(entry: LocalNode): NodeId | undefined {
    if (this.#isSlotTaken(entry)) return undefined;
    const [node, ...others] = this.#like(entry);
    if (node === undefined || others.length > 0) return undefined;
    return this.#firstLike(node)?.id === entry.id ? node.id : undefined;
  }

  #entryByContent(node: RemoteNode): LocalNode | undefined {
    const entry = this.#firstLike(node);
    return entry !== undefined && this.#byContent(entry) === node.id ? entry : undefined;
  }

  /** The entry that a node goes to: the only file, or the oldest of the folders. */
  #firstLike(node: RemoteNode): LocalNode | undefined {
    const entries = this.#entriesOf(node);
    if (node.kind === 'file') return entries.length === 1 ? entries[0] : undefined;
    return [...entries].sort((a, b) => a.id - b.id)[0];
  }

  /** Trashed nodes with the entry's content, or with half of what is in it. */
  #like(entry: LocalNode): readonly RemoteNode[] {
    if (entry.kind === 'file') return this.#filesLike(entry);
    const known = this.#nodesLike.get(entry.id);
    if (known !== undefined) return known;
    const found = new Map<NodeId, RemoteNode>();
    const children = this.#childrenOf(entry);
    const traits = children.map(traitOf);
    for (const child of children) {
      for (const { parent } of this.#like(child)) {
        const node = found.has(parent) ? undefined : this.#trees.remote.byId(parent);
        if (node === undefined || !this.#isTrashed(node)) continue;
        if (isSimilarFolder(traits, this.#trashedIn(node).map(traitOf))) found.set(parent, node);
      }
    }
    const nodes = [...found.values()];
    this.#nodesLike.set(entry.id, nodes);
    return nodes;
  }

  #filesLike({ sha256, size }: LocalNode): readonly RemoteNode[] {
    if (sha256 === null || size === 0) return [];
    return this.#trees.remote.trashedFiles(sha256, size).filter((node) => this.#isTrashed(node));
  }

  /** New entries with the node's content, or with half of what is in it. */
  #entriesOf(node: RemoteNode): readonly LocalNode[] {
    if (node.kind === 'file') {
      const { sha256, size } = node;
      if (sha256 === null || size === 0) return [];
      return this.#trees.local.byContent(sha256, size).filter((entry) => this.#isNew(entry));
    }
    const known = this.#entriesLike.get(node.id);
    if (known !== undefined) return known;
    const found = new Map<LocalId, LocalNode>();
    const children = this.#trashedIn(node);
    const traits = children.map(traitOf);
    for (const child of children) {
      for (const { parent } of this.#entriesOf(child)) {
        const entry = found.has(parent) ? undefined : this.#trees.local.byId(parent);
        if (entry === undefined || !this.#isNew(entry) || this.#isSlotTaken(entry)) continue;
        if (isSimilarFolder(traits, this.#childrenOf(entry).map(traitOf))) found.set(parent, entry);
      }
    }
    const entries = [...found.values()];
    this.#entriesLike.set(node.id, entries);
    return entries;
  }

  #childrenOf(folder: LocalNode): readonly LocalNode[] {
    if (folder.kind !== 'folder') return [];
    const rows = this.#trees.local.children(folder.id).filter(({ state }) => state === 'seen');
    return rows.length > CHILDREN_MAX ? [] : rows;
  }

  #trashedIn(folder: RemoteNode): readonly RemoteNode[] {
    if (folder.kind !== 'folder') return [];
    const rows = this.#trees.remote.children(folder.id).filter((node) => this.#isTrashed(node));
    return rows.length > CHILDREN_MAX ? [] : rows;
  }

  #isNew({ id, state }: LocalNode): boolean {
    const { local, base, localRoot } = this.#trees;
    if (id === localRoot || state !== 'seen' || this.#statuses.local(id) !== 'seen') return false;
    return base.byLocalId(id) === undefined && local.copyOf(id) === null;
  }

  #isTrashed({ id, state }: RemoteNode): boolean {
    const status = state === 'trashed' ? this.#statuses.remote(id) : undefined;
    const isGone = status === 'deleted' || status === 'below-deleted';
    return isGone && this.#trees.base.byId(id) === undefined;
  }

  /** A live node has the name already: the entry is compared with that. */
  #isSlotTaken({ parent, name }: LocalNode): boolean {
    const { base, remote, localRoot, remoteRoot } = this.#trees;
    const folder = parent === localRoot ? remoteRoot : base.byLocalId(parent)?.id;
    return folder !== undefined && remote.bySlot(folder, this.#key(name)).length > 0;
  }
}

function traitOf({ name, kind, size }: LocalNode | RemoteNode): ChildTrait {
  return { name, size: kind === 'file' ? size : 0 };
}
