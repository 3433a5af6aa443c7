/**
 * Entries under the names that the root gave nodes whose own it cannot hold, where no base row says whose
 * they are (engine §5.6): after a database was rebuilt, or the server restored, they meet their nodes again.
 */
import { numberedForm } from './conflict-name.ts';
import { isSimilarFolder, type ChildTrait } from './folder-traits.ts';
import { localNameFor } from './local-names.ts';
import { pairHeld } from './merge.ts';
import type { Pass } from './pass.ts';
import type { LocalNode, RemoteNode } from './types.ts';
import { isRemoteAlive, targetParent, type Unit } from './unit.ts';

/** So many nodes of one local name are looked for. */
const NUMBERS_MAX = 9;

/** Nodes without an entry get the new ones that lie under names made from theirs. */
export function adoptHeld(units: readonly Unit[], pass: Pass): void {
  if (pass.mode === 'upload') return;
  for (const unit of units) {
    const folder = targetParent(unit)?.target.entry;
    if (folder === undefined || !isWithoutEntry(unit)) continue;
    for (const name of heldNames(unit, folder, pass)) {
      const entry = newEntryAt(folder, name, unit, pass);
      if (entry === undefined || !isLikely(unit, entry, name, pass)) continue;
      if (!pairHeld(unit, entry, pass)) continue;
      unit.target.localName = unit.target.entry?.name ?? '';
      break;
    }
  }
}

function isWithoutEntry(unit: Unit): boolean {
  const { target } = unit;
  const isNew = unit.node !== null && unit.base === undefined && isRemoteAlive(unit);
  return isNew && target.exists && !target.frozen && target.entry === undefined && !target.splits;
}

/** What the root may call the node: nothing else where it can hold the name, and no other has it. */
function heldNames(unit: Unit, folder: LocalNode, { universe }: Pass): readonly string[] {
  const { caps, trees } = universe;
  const { place } = unit.target;
  const parent = targetParent(unit)?.node;
  if (place === undefined || parent === undefined || parent === null) return [];
  const isFolder = unit.kind === 'folder';
  const plain = localNameFor(place.name, isFolder, caps);
  const isHeld = plain === place.name;
  if (isHeld && caps.caseSensitive) return [];
  const key = universe.key(plain);
  // One that has its number from such a clash may have the name that this node was to get here.
  const holder = trees.local.bySlot(folder.id, key);
  const isOthers = holder !== undefined && trees.base.byLocalId(holder.id) !== undefined;
  if (isHeld && !isOthers && trees.remote.bySlot(parent, key).length < 2) return [];
  const numbers = Array.from({ length: NUMBERS_MAX }, (_, n) => n + 1);
  const numbered = numbers.map((n) => numberedForm(plain, isFolder, caps, n));
  return isHeld ? numbered : [plain, ...numbered];
}

function newEntryAt(folder: LocalNode, name: string, unit: Unit, pass: Pass): Unit | undefined {
  const { universe } = pass;
  const { local, remote } = universe.trees;
  const row = local.bySlot(folder.id, universe.key(name));
  const parent = targetParent(unit)?.node;
  // A node of just that name is meant by it.
  const isNamed = parent && remote.bySlot(parent, universe.key(name)).length > 0;
  const entry = row === undefined || isNamed ? undefined : universe.ofLocal(row.id);
  if (entry?.node !== null || entry.kind !== unit.kind) return undefined;
  const { exists, frozen } = entry.target;
  return exists && !frozen && entry.target.entry !== undefined ? entry : undefined;
}

/** Folders under a numbered name may be others: at least half of what is in them agrees. */
function isLikely(unit: Unit, { localNode }: Unit, name: string, { universe }: Pass): boolean {
  const { caps, trees } = universe;
  if (unit.kind !== 'folder' || unit.node === null || localNode === undefined) return true;
  if (name === localNameFor(unit.target.place?.name ?? '', true, caps)) return true;
  const there = trees.remote.children(unit.node).filter(({ state }) => state === 'live');
  const here = trees.local.children(localNode.id);
  const isEmpty = there.length === 0 && here.length === 0;
  return isEmpty || isSimilarFolder(there.map(traitOf), here.map(traitOf));
}

function traitOf({ name, kind, size }: LocalNode | RemoteNode): ChildTrait {
  return { name, size: kind === 'file' ? size : 0 };
}
