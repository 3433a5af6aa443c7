/**
 * Whether a node or an entry is there, by its own row and by those of the folders above it. Each
 * answer is computed once and kept: work is proportional to what is asked.
 */
import type { NodeId } from '@coffer/protocol/core';
import { isSameName } from './name-key.ts';
import type { LocalId, LocalNode, Policy, RemoteNode, Trees } from './types.ts';
import type { LocalStatus, RemoteStatus } from './unit.ts';

export class Statuses {
  readonly #trees: Trees;
  readonly #policy: Pick<Policy, 'excluded' | 'mode'>;
  readonly #key: (name: string) => string;
  readonly #remote = new Map<NodeId, RemoteStatus>();
  readonly #local = new Map<LocalId, LocalStatus>();
  /** Hollow folders whose claimants are being looked for, and those that hang on their own answer. */
  readonly #asked = new Set<LocalId>();
  readonly #circular = new Set<LocalId>();

  constructor(
    trees: Trees,
    policy: Pick<Policy, 'excluded' | 'mode'>,
    key: (name: string) => string,
  ) {
    this.#trees = trees;
    this.#policy = policy;
    this.#key = key;
    this.#remote.set(trees.remoteRoot, 'live');
    this.#local.set(trees.localRoot, 'seen');
  }

  remote(id: NodeId): RemoteStatus {
    const known = this.#remote.get(id);
    if (known !== undefined) return known;
    const status = this.#readRemote(id);
    this.#remote.set(id, status);
    return status;
  }

  local(id: LocalId): LocalStatus {
    const known = this.#local.get(id);
    if (known !== undefined) return known;
    const status = this.#readLocal(id);
    this.#local.set(id, status);
    return status;
  }

  /** Its entry was moved, or lies in what was moved, to where selective sync leaves nothing out. */
  isMovedOut(id: NodeId): boolean {
    const base = this.#trees.base.byId(id);
    if (base === undefined || this.#policy.excluded.has(id) || this.remote(id) !== 'excluded')
      return false;
    const row = this.#trees.local.byId(base.localId);
    if (row === undefined || this.local(row.id) !== 'seen') return false;
    const isInPlace = isSameName(row.name, base.localName);
    if (isInPlace && this.#nodeOf(row.parent) === base.parent) return this.isMovedOut(base.parent);
    let at: LocalId = row.parent;
    while (at !== this.#trees.localRoot) {
      const above = this.#trees.base.byLocalId(at);
      if (above !== undefined)
        return this.remote(above.id) !== 'excluded' || this.isMovedOut(above.id);
      const folder = this.#trees.local.byId(at);
      if (folder === undefined) return false;
      at = folder.parent;
    }
    return true;
  }

  #readRemote(id: NodeId): RemoteStatus {
    const row = this.#trees.remote.byId(id);
    if (row === undefined) return 'purged';
    // A parent without a row is the trash, or a folder that the pair does not cover.
    const above = this.remote(row.parent);
    if (above === 'purged') return 'deleted';
    if (above === 'deleted' || above === 'below-deleted') return 'below-deleted';
    if (row.state === 'trashed') return 'deleted';
    if (above === 'unreadable' || row.state === 'unreadable') return 'unreadable';
    const isOut = this.#policy.excluded.has(id) || this.#isShutOut(row);
    return above === 'excluded' || isOut ? 'excluded' : 'live';
  }

  /** It was moved to where an ignored entry is here, or into one: it stays on the drive alone, as if left out. */
  #isShutOut({ id, parent, name, kind }: RemoteNode): boolean {
    const base = this.#trees.base.byId(id);
    if (base === undefined || this.#policy.mode === 'upload') return false;
    const isMoved = parent !== base.parent || !isSameName(name, base.name);
    if (!isMoved) return false;
    const there = this.#ignoredAt(parent, name);
    if (there === undefined) return parent !== base.parent && this.#isIgnoredFolder(parent);
    if (there.id === base.localId) return false;
    return there.state === 'detached' || kind !== 'folder';
  }

  /** The folder, or one above it, is where an ignored folder is here. */
  #isIgnoredFolder(id: NodeId): boolean {
    if (id === this.#trees.remoteRoot) return false;
    const base = this.#trees.base.byId(id);
    const local = base === undefined ? 'gone' : this.local(base.localId);
    if (local !== 'gone' && local !== 'below-gone') return local === 'detached';
    const row = this.#trees.remote.byId(id);
    if (row === undefined) return false;
    return this.#ignoredAt(row.parent, row.name) !== undefined || this.#isIgnoredFolder(row.parent);
  }

  /** The entry at the slot that is no node: a rule ignores it, or nothing else is in it. */
  #ignoredAt(parent: NodeId, name: string): LocalNode | undefined {
    const folder = this.#folderOf(parent);
    if (folder === undefined || this.local(folder) !== 'seen') return undefined;
    const there = this.#trees.local.bySlot(folder, this.#key(name));
    return there !== undefined && this.local(there.id) === 'detached' ? there : undefined;
  }

  #folderOf(node: NodeId): LocalId | undefined {
    if (node === this.#trees.remoteRoot) return this.#trees.localRoot;
    return this.#trees.base.byId(node)?.localId;
  }

  #readLocal(id: LocalId): LocalStatus {
    const row = this.#trees.local.byId(id);
    if (row === undefined) return 'gone';
    const above = this.local(row.parent);
    // What lies below a folder that could not be looked at is not known, whatever its row says.
    if (above === 'unknown') return 'unknown';
    if (above === 'gone' || above === 'below-gone') return 'below-gone';
    if (above === 'detached') return row.state === 'gone' ? 'below-gone' : 'detached';
    if (row.state === 'hollow') return this.#claimant(row) === undefined ? 'detached' : 'seen';
    return row.state;
  }

  /**
   * The new remote folder that has the slot of a hollow one. Where that is left out or not as the hollow
   * one is ignored or not, because it is below what was moved into it, nothing has the slot.
   */
  #claimant(row: LocalNode): NodeId | undefined {
    if (this.#asked.has(row.id)) {
      this.#circular.add(row.id);
      return undefined;
    }
    this.#asked.add(row.id);
    const claimant = this.#findClaimant(row);
    this.#asked.delete(row.id);
    return this.#circular.has(row.id) ? undefined : claimant;
  }

  #findClaimant({ parent, name }: LocalNode): NodeId | undefined {
    const { remote, base } = this.#trees;
    const folder = this.#nodeOf(parent);
    if (folder === undefined) return undefined;
    const isNew = (id: NodeId): boolean =>
      base.byId(id) === undefined && this.remote(id) === 'live';
    return remote
      .bySlot(folder, this.#key(name))
      .find(({ id, kind }) => kind === 'folder' && isNew(id))?.id;
  }

  #nodeOf(folder: LocalId): NodeId | undefined {
    if (folder === this.#trees.localRoot) return this.#trees.remoteRoot;
    const paired = this.#trees.base.byLocalId(folder)?.id;
    if (paired !== undefined) return paired;
    const row = this.#trees.local.byId(folder);
    return row?.state === 'hollow' ? this.#claimant(row) : undefined;
  }
}
