/**
 * Two nodes that claim one slot (engine §5.4): merge, bind, or another name for one of them. Slots
 * are settled from the root down, because folders that become one bring their children together.
 */
import type { NodeId } from '@coffer/protocol/core';
import { conflictName } from './conflict-name.ts';
import { isLeaving, planAncestors, stayingUnits } from './folders.ts';
import { adoptHeld } from './held-names.ts';
import { joinLeftOut, mergeOrPair, pairAcrossCase } from './merge.ts';
import { isSameName } from './name-key.ts';
import type { Pass } from './pass.ts';
import { holdsRemotely, resolved, targetParent, type Place, type Unit } from './unit.ts';

/** Decides every slot that units claim. Units that it brings in make another pass necessary. */
export function settleSlots(pass: Pass): void {
  new SlotSettler(pass).run();
}

class SlotSettler {
  readonly #pass: Pass;
  /** Slots of entries that nothing is planned for. */
  readonly #taken = new Set<string>();
  /** Remote slots of excluded nodes. */
  readonly #excluded = new Map<string, Unit>();
  readonly #claimed = new Set<string>();

  constructor(pass: Pass) {
    this.#pass = pass;
  }

  run(): void {
    const levels: Unit[][] = [];
    for (const unit of this.#pass.units) {
      const { target } = unit;
      if (target.exists && !target.frozen) (levels[depthOf(unit)] ??= []).push(unit);
    }
    for (const level of levels) {
      // A level is empty where only frozen folders are.
      if (level !== undefined) this.#settleLevel(level);
    }
  }

  #settleLevel(level: readonly Unit[]): void {
    // Parents are final now: what is left alone takes its slots under the names of this level.
    this.#noteTaken();
    const { universe } = this.#pass;
    const groups = new Map<string, Unit[]>();
    const copies: Unit[] = [];
    for (const unit of level) {
      const place = unit.target.place;
      const parent = targetParent(unit);
      if (place === undefined || parent === undefined) continue;
      // Who has the slot in a folder that this one came to have, or in the entry that it got.
      const isNewHere = place.parent !== parent || parent.target.entry !== parent.localNode;
      if (isNewHere) universe.touchSlot(parent, place.name, unit.kind === 'folder');
      if (unit.copyOf !== null) {
        copies.push(unit);
        continue;
      }
      const slot = this.#slot(place);
      this.#claimed.add(slot);
      const group = groups.get(slot);
      if (group === undefined) groups.set(slot, [unit]);
      else group.push(unit);
    }
    for (const group of groups.values()) this.#settleGroup(group);
    adoptHeld(level, this.#pass);
    for (const copy of copies) this.#rename(copy, copy.copyOf);
  }

  #noteTaken(): void {
    this.#taken.clear();
    this.#excluded.clear();
    for (const unit of stayingUnits(this.#pass)) {
      this.#take(unit.localPlace, unit.local);
      // Who wants the name of what is left out takes another one: it may wait for just that one to go up.
      if (unit.remote !== 'excluded') this.#take(unit.remotePlace, unit.remote);
      else if (unit.remotePlace !== undefined)
        this.#excluded.set(this.#remoteSlot(unit.remotePlace), unit);
    }
    for (const unit of this.#pass.units) {
      const { remote, remotePlace, target } = unit;
      if (remote !== 'excluded' || target.exists || remotePlace === undefined) continue;
      this.#excluded.set(this.#remoteSlot(remotePlace), unit);
    }
  }

  #take(place: Place | undefined, status: Unit['local'] | Unit['remote']): void {
    const isLocalOnly = status === 'detached' && this.#pass.mode === 'upload';
    if (place !== undefined && !isLocalOnly) this.#taken.add(this.#remoteSlot(place));
  }

  /** Where names differ in case, the local names decide, later. */
  #remoteSlot(place: Place): string {
    return `${resolved(place.parent).key}/${place.name.normalize('NFC')}`;
  }

  #slot(place: Place): string {
    return `${resolved(place.parent).key}/${this.#pass.universe.key(place.name)}`;
  }

  /** What is in the way of a unit stays: the unit waits, or takes another name. */
  #giveWay(unit: Unit): void {
    const { place } = unit.target;
    const isSettled = holdsRemotely(unit) && isAtPlace(unit);
    // What is about to go stays where its node is, unless that would put it below itself.
    const isStaying = isLeaving(unit) && place === unit.remotePlace;
    if (place === undefined || isSettled || isStaying) return;
    const slot = this.#remoteSlot(place);
    const leftOut = this.#excluded.get(slot);
    if (this.#taken.has(slot)) {
      this.#pass.universe.block(unit, 'slot.taken');
    } else if (leftOut !== undefined && !holdsRemotely(unit)) {
      if (joinLeftOut(leftOut, unit, this.#pass)) return;
      this.#pass.trace('slot.excluded-keeps-name');
      this.#rename(unit, null);
    }
  }

  #settleGroup(group: readonly Unit[]): void {
    for (const unit of group) this.#giveWay(unit);
    if (group.length < 2) return;
    const claims = [...group].sort((a, b) => this.#compareClaims(a, b));
    for (const [at, winner] of claims.entries()) {
      for (const loser of claims.slice(at + 1)) {
        if (winner.target.exists && loser.target.exists) this.#settlePair(winner, loser);
      }
    }
  }

  /** Who keeps the name: in upload mode the local side, else the folder, then the remote side. */
  #compareClaims(a: Unit, b: Unit): number {
    const { mode } = this.#pass;
    const byFolder = Number(b.kind === 'folder') - Number(a.kind === 'folder');
    if (mode === 'two-way' && byFolder !== 0) return byFolder;
    const byRemote = Number(holdsRemotely(b)) - Number(holdsRemotely(a));
    const byLocal = Number(b.target.entry !== undefined) - Number(a.target.entry !== undefined);
    const bySide = mode === 'upload' ? byLocal : byRemote;
    if (bySide !== 0) return bySide;
    const byPresence = Number(isAtPlace(b)) - Number(isAtPlace(a));
    if (byPresence !== 0) return byPresence;
    return a.key < b.key ? -1 : 1;
  }

  #settlePair(winner: Unit, loser: Unit): void {
    const names = [winner.target.place?.name ?? '', loser.target.place?.name ?? ''] as const;
    if (!isSameName(...names)) {
      // Two remote names that are one here get two local names, if they are not one thing.
      const [one, other] = names.map((name) => this.#pass.universe.key(name));
      if (one === other) pairAcrossCase(winner, loser, this.#pass);
      return;
    }
    if (this.#isTwin(winner, loser)) {
      this.#pass.trace('slot.normalisation-clash');
      this.#pass.stalls.push({
        reason: 'NormalisationClash',
        node: loser.node,
        local: loser.localNode?.id ?? null,
      });
      loser.target.frozen = true;
      return;
    }
    if (mergeOrPair(winner, loser, this.#pass)) return;
    const isFolderFirst = winner.kind === 'folder' && loser.kind !== 'folder';
    this.#pass.trace(isFolderFirst ? 'slot.folder-keeps-name' : 'slot.local-renamed');
    this.#rename(loser, isFolderFirst ? null : winner.node);
  }

  /** Two forms of one name beside each other in one local folder. */
  #isTwin(winner: Unit, loser: Unit): boolean {
    const [one, other] = [winner.target.entry, loser.target.entry];
    if (one === undefined || other === undefined || one.parent !== other.parent) return false;
    return one.name !== other.name && isSameName(one.name, other.name);
  }

  #rename(unit: Unit, original: NodeId | null): void {
    const { target } = unit;
    const parent = targetParent(unit);
    if (target.place === undefined || parent === undefined) return;
    const { universe } = this.#pass;
    const name = conflictName(target.place.name, {
      isFolder: unit.kind === 'folder',
      policy: universe.policy,
      caps: universe.caps,
      isTaken: (candidate) => this.#isNameTaken(unit, parent, candidate),
    });
    target.copyOf = unit.kind === 'folder' ? null : original;
    target.place = { parent, name, from: 'local' };
    this.#claimed.add(this.#slot(target.place));
  }

  #isNameTaken(unit: Unit, parent: Unit, name: string): boolean {
    const { universe } = this.#pass;
    const key = universe.key(name);
    if (this.#claimed.has(`${parent.key}/${key}`)) return true;
    const { remote, local } = universe.trees;
    const holders = parent.node === null ? [] : remote.bySlot(parent.node, key);
    if (holders.some(({ id }) => id !== unit.node)) return true;
    // A set-aside stays in its folder, which may not be the one that it will end in.
    const { entry } = unit.target;
    return [parent.target.entry?.id, entry?.parent].some((id) => {
      const holder = id === undefined ? undefined : local.bySlot(id, key);
      return holder !== undefined && holder.id !== entry?.id;
    });
  }
}

/** The local entry lies at the target place already. */
function isAtPlace(unit: Unit): boolean {
  const { entry, place } = unit.target;
  if (entry === undefined || place === undefined) return false;
  return entry.parent === resolved(place.parent).target.entry?.id && entry.name === place.name;
}

function depthOf(unit: Unit): number {
  let depth = 0;
  for (const _above of planAncestors(unit)) depth++;
  return depth;
}
