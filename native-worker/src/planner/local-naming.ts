/** What each node is called in the local root (engine §8): its name, or what the root can hold of it. */
import { numberedName } from './conflict-name.ts';
import { isLeaving, stayingUnits } from './folders.ts';
import { localNameFor, remoteNameOf } from './local-names.ts';
import { isSameName } from './name-key.ts';
import type { Pass } from './pass.ts';
import { resolved, targetParent, type Unit } from './unit.ts';

export function nameLocally(pass: Pass): void {
  const claimed = new Set<string>();
  const taken = takenSlots(pass);
  const others: { readonly unit: Unit; readonly parent: Unit; readonly name: string }[] = [];
  for (const unit of pass.units) {
    const { target } = unit;
    const parent = targetParent(unit);
    if (!target.exists || target.frozen || parent === undefined || target.place === undefined) {
      continue;
    }
    // What is about to go keeps the name that it has; its slot is one of those taken.
    if (isLeaving(unit)) {
      target.localName = target.entry?.name ?? '';
      continue;
    }
    const kept = keptName(unit, pass);
    const name = localNameFor(target.place.name, unit.kind === 'folder', pass.universe.caps);
    if (kept !== undefined && isFreeFor(unit, parent, kept, name) && claim(kept, unit, parent))
      continue;
    // Upload mode names nothing here.
    if (pass.mode === 'upload') continue;
    if (name !== target.place.name) {
      const isCut = name.length < target.place.name.length;
      pass.trace(isCut ? 'slot.cut-name' : 'slot.escaped-name');
    }
    others.push({ unit, parent, name });
  }
  const clashing: typeof others = [];
  for (const other of others) {
    const { unit, parent, name } = other;
    if (taken.has(slotOf(name, parent))) pass.universe.block(unit, 'slot.taken');
    else if (!claim(name, unit, parent)) clashing.push(other);
  }
  // After all names that can be held: a number must not take one of these.
  for (const { unit, parent, name } of clashing) {
    pass.trace('slot.numbered-name');
    const isFolder = unit.kind === 'folder';
    numberedName(name, isFolder, pass.universe.caps, (made) => {
      const isTaken = isOtherOnDisk(made, unit, parent, pass) || !claim(made, unit, parent);
      return isTaken;
    });
  }

  /** Only the slot of the plain name brings whoever is in it into the plan. */
  function isFreeFor(unit: Unit, parent: Unit, kept: string, plain: string): boolean {
    if (unit.target.entry?.parent === parent.target.entry?.id) return true;
    if (taken.has(slotOf(kept, parent))) return false;
    const { universe } = pass;
    const isPlain = universe.key(kept) === universe.key(plain);
    return isPlain || !isOtherOnDisk(kept, unit, parent, pass);
  }

  function slotOf(name: string, parent: Unit): string {
    return `${parent.key}/${pass.universe.key(name)}`;
  }

  function claim(name: string, unit: Unit, parent: Unit): boolean {
    const slot = slotOf(name, parent);
    if (claimed.has(slot)) return false;
    claimed.add(slot);
    unit.target.localName = name;
    return true;
  }
}

/** Local slots of entries that stay where they are, whatever is planned. */
function takenSlots(pass: Pass): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const { localNode, localPlace } of stayingUnits(pass)) {
    if (localNode === undefined || localPlace === undefined) continue;
    taken.add(`${resolved(localPlace.parent).key}/${pass.universe.key(localNode.name)}`);
  }
  return taken;
}

/** The name that the entry has, where that is still a name of the node. */
function keptName(unit: Unit, { universe }: Pass): string | undefined {
  const { entry, place, localName } = unit.target;
  if (entry === undefined || place === undefined) return undefined;
  // It met its node under this name.
  if (localName !== '') return localName;
  const base = unit.base?.localId === entry.id ? unit.base : undefined;
  // It may also have got, as a local name, what the node is called from now on.
  const names = [remoteNameOf(entry.name, base, universe.caps), entry.name];
  return names.some((name) => isSameName(name, place.name)) ? entry.name : undefined;
}

/** An entry that got its node by this plan may have a numbered name already: it keeps that. */
function isOtherOnDisk(name: string, unit: Unit, parent: Unit, { universe }: Pass): boolean {
  const folder = parent.target.entry;
  if (folder === undefined) return false;
  const holder = universe.trees.local.bySlot(folder.id, universe.key(name));
  return holder !== undefined && holder.id !== unit.target.entry?.id;
}
