/** What is known of a unit from its rows alone. */
import { remoteNameOf } from './local-names.ts';
import type { BaseNode, Caps, LocalId, LocalNode, RemoteNode, Trees } from './types.ts';
import type { Change, Target, Unit } from './unit.ts';

/** A unit while its places are looked for. */
export type Draft = { -readonly [Field in keyof Unit]: Unit[Field] };

const LOCAL_KEY_DIGITS = 16;

/** What the planned tree says of a unit before anything is decided. */
export function emptyTarget(): Target {
  return {
    exists: false,
    whole: false,
    place: undefined,
    content: 'none',
    meta: 'none',
    entry: undefined,
    splits: false,
    frozen: false,
    held: false,
    forget: false,
    kept: false,
    mergedInto: undefined,
    copyOf: null,
    localName: '',
  };
}

/** Orders entries without a node behind all nodes. */
export function localKey(id: LocalId | number): string {
  return `~${String(id).padStart(LOCAL_KEY_DIGITS, '0')}`;
}

/** What became of the content here since both sides agreed. */
export function localChange(base: BaseNode | undefined, local: LocalNode | undefined): Change {
  if (local === undefined || local.kind === 'folder') return 'same';
  if (base === undefined)
    return local.kind === 'file' && local.sha256 === null ? 'unhashed' : 'same';
  if (base.kind === 'symlink') return local.target === base.target ? 'same' : 'edited';
  if (local.sha256 !== null) return local.sha256 === base.sha256 ? 'same' : 'edited';
  if (local.size !== base.size) return 'edited';
  return local.mtimeNs === base.localMtimeNs ? 'same' : 'unhashed';
}

export function remoteChange(base: BaseNode | undefined, remote: RemoteNode | undefined): Change {
  if (base === undefined || remote === undefined) return 'same';
  if (base.kind === 'symlink') return remote.target === base.target ? 'same' : 'edited';
  return remote.sha256 === base.sha256 ? 'same' : 'edited';
}

/**
 * Both sides had moved it to one place before one of them deleted it there: no move is left that the
 * deletion did not know. A move of the engine's own that a crash kept from its rows is one like that.
 */
export function isMovedAlike(
  { base, localNode, remote, remoteNode }: Unit,
  { trees, caps }: { readonly trees: Trees; readonly caps: Caps },
): boolean {
  if (localNode === undefined || remoteNode === undefined) return false;
  const { parent, name } = localNode;
  const folder = parent === trees.localRoot ? trees.remoteRoot : trees.base.byLocalId(parent)?.id;
  const isTrashed = remote === 'deleted';
  const there = isTrashed ? remoteNode.fromParent : remoteNode.parent;
  const thereName = isTrashed ? remoteNode.fromName : remoteNode.name;
  return folder === there && remoteNameOf(name, base, caps) === thereName;
}

/** The root of the pair: it is on both sides, and nothing is decided about it. */
export function rootUnit(trees: Trees): Draft {
  const target = { ...emptyTarget(), exists: true, entry: trees.local.byId(trees.localRoot) };
  return {
    key: '',
    node: trees.remoteRoot,
    kind: 'folder',
    base: undefined,
    remoteNode: undefined,
    remote: 'live',
    localNode: target.entry,
    local: 'seen',
    localContent: 'same',
    remoteContent: 'same',
    localMoved: false,
    remoteMoved: false,
    localPlace: undefined,
    remotePlace: undefined,
    copyOf: null,
    target,
  };
}
