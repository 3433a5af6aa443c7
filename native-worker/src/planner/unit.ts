/**
 * A unit is what the planner decides about: one node, one local entry, or both where a base row pairs
 * them. Its facts are read from the trees once; its target is decided anew in each pass.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { BaseNode, EntryKind, LocalNode, RemoteNode } from './types.ts';

/**
 * `deleted`: by its own record, also when it was moved out of the pair. `below-deleted`: its own
 * record is as it was, a folder above was deleted. `purged`: there is no record. `none`: never was.
 */
export type RemoteStatus =
  'live' | 'deleted' | 'below-deleted' | 'purged' | 'excluded' | 'unreadable' | 'none';
export type LocalStatus = 'seen' | 'gone' | 'below-gone' | 'unknown' | 'detached' | 'none';
export type Change = 'same' | 'edited' | 'unhashed';

export interface Place {
  readonly parent: Unit;
  readonly name: string;
  /** The side whose place it is. */
  readonly from: 'local' | 'remote';
}

export type ContentSource = 'none' | 'local' | 'remote' | 'agreed';

export interface Unit {
  /** Orders units: the node id, or `~` and the local id. The root's is empty. */
  readonly key: string;
  readonly node: NodeId | null;
  readonly kind: EntryKind;
  readonly base: BaseNode | undefined;
  readonly remoteNode: RemoteNode | undefined;
  readonly remote: RemoteStatus;
  readonly localNode: LocalNode | undefined;
  readonly local: LocalStatus;
  readonly localContent: Change;
  readonly remoteContent: Change;
  readonly localMoved: boolean;
  readonly remoteMoved: boolean;
  /** Where each side has it; undefined where it is not, or not below the root. */
  readonly localPlace: Place | undefined;
  readonly remotePlace: Place | undefined;
  /** The node that this local entry becomes a conflict copy of. */
  readonly copyOf: NodeId | null;
  readonly target: Target;
}

/** What the planned tree says of a unit. */
export interface Target {
  exists: boolean;
  /** Exists because it was moved: what is below it and did not change comes along. */
  whole: boolean;
  place: Place | undefined;
  content: ContentSource;
  meta: ContentSource;
  /** The local entry that stands for the node: its own, an adopted one, or none. */
  entry: LocalNode | undefined;
  /** Both contents live on: the local entry leaves the node and becomes a conflict copy. */
  splits: boolean;
  /** Nothing is planned for it. */
  frozen: boolean;
  /** Its deletion is what a hold or a batch decision keeps back. */
  held: boolean;
  /** Only the base row goes. */
  forget: boolean;
  /** Kept for the sake of what is below it. */
  kept: boolean;
  /** What is left of it belongs to this unit now. */
  mergedInto: Unit | undefined;
  /** The node that its entry is a conflict copy of, once it is set aside. */
  copyOf: NodeId | null;
  localName: string;
}

export function isLocalAlive(unit: Unit): boolean {
  return unit.local === 'seen';
}

export function isLocalGone(unit: Unit): boolean {
  return unit.local === 'gone' || unit.local === 'below-gone' || unit.local === 'none';
}

/** Live on the remote side and part of the pair. */
export function isRemoteAlive(unit: Unit): boolean {
  return unit.remote === 'live';
}

export function isRemoteGone(unit: Unit): boolean {
  return unit.remote === 'deleted' || unit.remote === 'below-deleted' || unit.remote === 'purged';
}

/** The unit itself, or the one that it was merged into. */
export function resolved(unit: Unit): Unit {
  let at = unit;
  while (at.target.mergedInto !== undefined) at = at.target.mergedInto;
  return at;
}

/** The folder that a unit lives in, in the planned tree. */
export function targetParent(unit: Unit): Unit | undefined {
  return unit.target.place === undefined ? undefined : resolved(unit.target.place.parent);
}

/** It is live, or comes back when a folder above it is restored. */
export function isOrComesBack(unit: Unit): boolean {
  return isRemoteAlive(unit) || (unit.remote === 'below-deleted' && unit.target.exists);
}

/** The remote side has the unit at its target place, or is the one that put it there. */
export function holdsRemotely(unit: Unit): boolean {
  const { target, remotePlace } = unit;
  if (target.place === undefined || remotePlace === undefined) return false;
  if (!isOrComesBack(unit)) return false;
  // With a folder that was merged away nothing comes back.
  if (!isRemoteAlive(unit) && remotePlace.parent.target.mergedInto !== undefined) return false;
  if (target.place.from === 'remote') return true;
  return (
    resolved(target.place.parent) === resolved(remotePlace.parent) &&
    target.place.name === remotePlace.name
  );
}

/** The remote side has it where the planned tree has it; a folder that was merged is another one. */
export function isNodeThere({ remotePlace, target }: Unit, parent: Unit): boolean {
  return remotePlace?.parent === parent && remotePlace.name === target.place?.name;
}

/** The local side has it where the planned tree has it. */
export function isEntryThere({ target }: Unit, parent: Unit): boolean {
  return (
    target.entry !== undefined &&
    target.entry.parent === parent.target.entry?.id &&
    target.entry.name === target.localName
  );
}

/** Folders have no content; a link's is its target. A file that is not hashed is equal to none. */
export function isContentEqual(entry: LocalNode, node: RemoteNode): boolean {
  if (node.kind === 'folder') return true;
  if (node.kind === 'symlink') return entry.target === node.target;
  return entry.sha256 !== null && entry.sha256 === node.sha256;
}

export function compareKeys(a: Unit, b: Unit): number {
  return a.key < b.key ? -1 : Number(a.key > b.key);
}
