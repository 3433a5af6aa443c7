/** What people do on either side of a pretend pair, and what an observer makes of it. */
import type { Digest, NodeId } from '@coffer/protocol/core';
import type { LocalId, LocalNode, RemoteNode } from '../types.ts';
import {
  LOCAL_ROOT,
  ROOT,
  sizeOf,
  TRASH,
  type EntryParts,
  type PretendPair,
} from './pretend-pair.ts';

/** One side of a pair as a person uses it. False: it cannot be done as things are. */
export interface PretendSide<Id> {
  readonly root: Id;
  readonly list: () => readonly (LocalNode | RemoteNode)[];
  readonly create: (parent: Id, name: string, parts: EntryParts) => Id | undefined;
  readonly edit: (id: Id, content: Digest) => void;
  readonly touch: (id: Id) => void;
  readonly move: (id: Id, parent: Id, name: string) => boolean;
  readonly remove: (id: Id) => void;
}

export function localSide(pair: PretendPair): PretendSide<LocalId> {
  const isFree = (parent: LocalId, name: string, self?: LocalId): boolean => {
    const holder = pair.trees().local.bySlot(parent, pair.key(name));
    return holder === undefined || holder.id === self;
  };
  const update = (id: LocalId, change: Partial<LocalNode>): void => {
    const row = pair.local.get(id);
    if (row !== undefined) pair.putLocal({ ...row, ...change, ctimeNs: pair.now() });
  };
  return {
    root: LOCAL_ROOT,
    list: () =>
      [...pair.local.rows.values()].filter(
        ({ id, state }) => state === 'seen' && id !== LOCAL_ROOT,
      ),
    create: (parent, name, parts) =>
      isFree(parent, name) ? pair.addLocal(parent, name, parts) : undefined,
    edit: (id, content) => {
      const isLink = pair.local.get(id)?.kind === 'symlink';
      const now = pair.now();
      update(
        id,
        isLink ? { target: content } : { sha256: content, size: sizeOf(content), mtimeNs: now },
      );
    },
    touch: (id) => {
      update(id, { mtimeNs: pair.now() });
    },
    move: (id, parent, name) => {
      if (!isFree(parent, name, id)) return false;
      for (let at = parent; at !== LOCAL_ROOT; at = pair.local.get(at)?.parent ?? LOCAL_ROOT) {
        if (at === id) return false;
      }
      update(id, { parent, name });
      return true;
    },
    remove: (id) => {
      for (const row of pair.local.below(id)) update(row.id, { state: 'gone' });
    },
  };
}

export function remoteSide(pair: PretendPair): PretendSide<NodeId> {
  const isFree = (parent: NodeId, name: string, self?: NodeId): boolean =>
    pair.remote
      .children(parent)
      .every((row) => row.id === self || row.name.normalize('NFC') !== name.normalize('NFC'));
  const placeOf = (id: NodeId): Partial<RemoteNode> => {
    const row = pair.remote.get(id);
    return row === undefined ? {} : { fromParent: row.parent, fromName: row.name };
  };
  const update = (id: NodeId, change: Partial<RemoteNode>): void => {
    const row = pair.remote.get(id);
    if (row !== undefined) pair.putRemote({ ...row, ...change, rev: row.rev + 1 });
  };
  return {
    root: ROOT,
    list: () => [...pair.remote.rows.values()].filter(({ state }) => state === 'live'),
    create: (parent, name, parts) =>
      isFree(parent, name) ? pair.addRemote(parent, name, parts) : undefined,
    edit: (id, content) => {
      const row = pair.remote.get(id);
      if (row === undefined) return;
      if (row.sha256 !== null) pair.versions.add(row.sha256);
      const mtimeMs = Number(pair.now() / 1_000_000n);
      update(
        id,
        row.kind === 'symlink'
          ? { target: content }
          : { sha256: content, contentId: content, size: sizeOf(content), mtimeMs },
      );
    },
    touch: (id) => {
      update(id, { mtimeMs: Number(pair.now() / 1_000_000n) });
    },
    move: (id, parent, name) => {
      if (!isFree(parent, name, id)) return false;
      for (let at = parent; at !== ROOT; at = pair.remote.get(at)?.parent ?? ROOT) {
        if (at === id) return false;
      }
      update(id, { parent, name });
      return true;
    },
    remove: (id) => {
      update(id, { parent: TRASH, ...placeOf(id), state: 'trashed' });
      for (const row of pair.remote.below(id)) pair.putRemote({ ...row, state: 'trashed' });
    },
  };
}
