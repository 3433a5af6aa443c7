/**
 * Whether a node or an entry is there, by its own row and by those of the folders above it. Each
 * answer is computed once and kept: work is proportional to what is asked.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { LocalId, Trees } from './types.ts';
import type { LocalStatus, RemoteStatus } from './unit.ts';

export class Statuses {
  readonly #trees: Trees;
  readonly #excluded: ReadonlySet<NodeId>;
  readonly #remote = new Map<NodeId, RemoteStatus>();
  readonly #local = new Map<LocalId, LocalStatus>();

  constructor(trees: Trees, excluded: ReadonlySet<NodeId>) {
    this.#trees = trees;
    this.#excluded = excluded;
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

  #readRemote(id: NodeId): RemoteStatus {
    const row = this.#trees.remote.byId(id);
    if (row === undefined) return 'purged';
    // A parent without a row is the trash, or a folder that the pair does not cover.
    const above = this.remote(row.parent);
    if (above === 'purged') return 'deleted';
    if (above === 'deleted' || above === 'below-deleted') return 'below-deleted';
    if (row.state === 'trashed') return 'deleted';
    if (above === 'unreadable' || row.state === 'unreadable') return 'unreadable';
    return above === 'excluded' || this.#excluded.has(id) ? 'excluded' : 'live';
  }

  #readLocal(id: LocalId): LocalStatus {
    const row = this.#trees.local.byId(id);
    if (row === undefined) return 'gone';
    const above = this.local(row.parent);
    // What lies below a folder that could not be looked at is not known, whatever its row says.
    if (above === 'unknown') return 'unknown';
    if (above === 'gone' || above === 'below-gone') return 'below-gone';
    if (above === 'detached') return row.state === 'gone' ? 'below-gone' : 'detached';
    return row.state;
  }
}
