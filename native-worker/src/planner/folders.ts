/**
 * The shape of the planned tree (engine §5.5): no folder below itself, no node without its folder,
 * nothing deleted that holds something which lives on.
 */
import { Defect } from '@coffer/protocol/core';
import { localNameFor } from './local-names.ts';
import type { Pass } from './pass.ts';
import {
  isLocalAlive,
  isRemoteAlive,
  isRemoteGone,
  resolved,
  targetParent,
  type Place,
  type Unit,
} from './unit.ts';

/** Deeper than any tree that the protocol allows on either side, and both together. */
const CLIMB_MAX = 1024;

/** The folders above a unit in the planned tree, nearest first, without the root. */
export function* planAncestors(unit: Unit): Generator<Unit> {
  let steps = 0;
  for (let at = targetParent(unit); at !== undefined && at.key !== ''; at = targetParent(at)) {
    if (++steps > CLIMB_MAX) throw new Defect('the planned tree has no cycle');
    yield at;
  }
}

/**
 * A move that would put a folder below itself is taken back on the side that gives way: the local
 * one, or in upload mode the remote one. The smallest of the moves that close a cycle goes first.
 */
export function undoCycles(pass: Pass): void {
  const yields = pass.mode === 'upload' ? 'remote' : 'local';
  const candidates = pass.units.filter(
    (unit) => unit.kind === 'folder' && canGiveWay(unit, yields),
  );
  for (let isFound = candidates.length > 0; isFound;) {
    isFound = false;
    for (const unit of candidates) {
      const { target } = unit;
      if (target.place?.from !== yields || !isBelowItself(unit)) continue;
      pass.trace('folder.cycle-undone');
      target.place = otherPlace(unit, yields);
      isFound = true;
    }
  }
}

/** A cycle that holds something frozen has no move to take back: what is in it waits. */
export function blockCycles(pass: Pass): void {
  for (const unit of pass.units) {
    if (unit.kind !== 'folder' || !isBelowItself(unit)) continue;
    pass.universe.block(unit, 'frozen.parent');
    unit.target.place = unit.remotePlace ?? unit.localPlace;
  }
}

function canGiveWay(unit: Unit, yields: Place['from']): boolean {
  const isMoved = yields === 'local' ? unit.localMoved : unit.remoteMoved;
  const isThere = isRemoteAlive(unit) || unit.remote === 'excluded';
  const isBoth = isLocalAlive(unit) && isThere;
  return isBoth && isMoved && unit.target.place?.from === yields;
}

function otherPlace(unit: Unit, yields: Place['from']): Place | undefined {
  return yields === 'local' ? unit.remotePlace : unit.localPlace;
}

function isBelowItself(unit: Unit): boolean {
  const seen = new Set<Unit>();
  for (let at = targetParent(unit); at !== undefined && at.key !== ''; at = targetParent(at)) {
    if (at === unit) return true;
    if (seen.has(at)) return false;
    seen.add(at);
  }
  return false;
}

/** What lives on keeps the folders that it is in, with their ids, in place. */
export function keepAncestors(pass: Pass): void {
  for (const unit of pass.units) {
    if (!unit.target.exists || unit.target.frozen) continue;
    keepAbove(unit, pass);
    keepAround(unit, pass);
  }
}

/** An entry that is about to be left out stays where it is, wherever its node went. */
function keepAround(unit: Unit, pass: Pass): void {
  const folder = isLeaving(unit) ? unit.localPlace?.parent : undefined;
  if (folder === undefined || folder.key === '' || folder.target.exists) return;
  folder.target.exists = true;
  folder.target.kept = true;
  keepAbove(folder, pass);
  keepAround(folder, pass);
}

function keepAbove(unit: Unit, pass: Pass): void {
  for (const above of planAncestors(unit)) {
    const { target } = above;
    if (target.exists && !target.frozen) return;
    // What a frozen folder holds waits with it, and so does what belongs into a detached one.
    if (target.frozen || above.local === 'detached') return;
    keepHere(above, pass);
    keepAround(above, pass);
  }
}

/** Where its entry is gone it is made again, or the new entry of its name stands for it. */
function keepHere(folder: Unit, pass: Pass): void {
  const { target } = folder;
  target.exists = true;
  target.kept = true;
  target.forget = false;
  if (!isLocalAlive(folder)) target.content = 'remote';
  if (folder.remote !== 'excluded') {
    pass.trace(isRemoteAlive(folder) ? 'folder.kept-remade' : 'folder.kept-restored');
  }
}

/**
 * In upload mode nothing goes to the trash: what is below a folder that is restored comes back with
 * it, and keeps its slots.
 */
export function bringBackBelow(pass: Pass): void {
  if (pass.mode !== 'upload') return;
  for (let isFound = true; isFound;) {
    isFound = false;
    for (const { remote, remotePlace, target } of pass.units) {
      const above = remotePlace?.parent;
      if (remote !== 'below-deleted' || target.exists || above === undefined) continue;
      if (!above.target.exists || above.target.frozen || !isRemoteGone(above)) continue;
      target.exists = true;
      target.place = remotePlace;
      isFound = true;
    }
  }
}

/**
 * What could not be looked at, or waits for a person, keeps the folders that it is in from being
 * deleted; but they are not brought back for its sake either.
 */
export function freezeAncestors(pass: Pass): void {
  for (const unit of pass.units) {
    const isUnseen = isRemoteOnly(unit);
    if (unit.target.frozen || isUnseen) freezeAround(unit, isUnseen, pass);
  }
}

/** What stays as it is has its entry in one folder and its node in another, maybe. */
function freezeAround(unit: Unit, isUnseen: boolean, pass: Pass): void {
  for (const place of [isUnseen ? undefined : unit.localPlace, unit.remotePlace]) {
    if (place === undefined) continue;
    const at = resolved(place.parent);
    if (at.key === '' || at.target.exists || at.target.forget) continue;
    if (isUnseen && at.remote === 'excluded') continue;
    at.target.exists = true;
    if (isUnseen && isNameTakenAnew(at, pass)) {
      keepHere(at, pass);
      continue;
    }
    at.target.frozen = true;
    pass.trace('folder.kept-frozen');
    freezeAround(at, isUnseen, pass);
  }
}

/** Another entry came to where the folder was: it would wait for ever for a name that nobody gives up. */
function isNameTakenAnew({ local, kind, remote, remotePlace }: Unit, { universe }: Pass): boolean {
  if (local === 'detached' || remote !== 'live' || remotePlace === undefined) return false;
  const above = resolved(remotePlace.parent);
  const folder = above.target.entry ?? above.localNode;
  if (folder === undefined) return false;
  const name = localNameFor(remotePlace.name, kind === 'folder', universe.caps);
  const row = universe.trees.local.bySlot(folder.id, universe.key(name));
  const entry = row === undefined ? undefined : universe.ofLocal(row.id);
  if (entry === undefined || !isLocalAlive(entry)) return false;
  return entry.node === null || isToStayMoved(entry);
}

/** A synced entry that a person moved to where it is, and that is not taken on to another place. */
function isToStayMoved({ localMoved, localPlace, target }: Unit): boolean {
  return localMoved && target.exists && target.place === localPlace;
}

/** What selective sync left out or an ignore rule let go of is not seen here: it goes with nothing. */
function isRemoteOnly({ remote, local, target }: Unit): boolean {
  if (remote === 'excluded') return !target.exists;
  return local === 'detached' && (remote === 'live' || remote === 'unreadable');
}

/** Its entry stays here until what it has gone up. */
export function isLeaving(unit: Unit): boolean {
  return unit.remote === 'excluded' && !unit.localMoved && unit.target.exists;
}

/** Nothing is put into a folder that is left alone. */
export function freezeBelow(pass: Pass): void {
  for (const unit of pass.units) {
    const { target } = unit;
    // What is about to go is sent to where its node is, and is put nowhere here.
    if (!target.exists || target.frozen || isLeaving(unit)) continue;
    for (const above of planAncestors(unit)) {
      // What is in one that is about to go is sent there, whatever waits here above its node.
      if (isLeaving(above) && !above.target.frozen) break;
      if (above.target.frozen || above.local === 'detached') {
        target.frozen = true;
        pass.universe.block(unit, 'frozen.parent');
        break;
      }
    }
  }
}

/**
 * Units whose entries stay where they are whatever is planned: frozen ones, ignored ones, and folders
 * that go but hold an ignored entry, which stay on disk without being nodes.
 */
export function* stayingUnits(pass: Pass): Generator<Unit> {
  for (const unit of pass.units) {
    if (unit.target.frozen || isLeaving(unit)) yield unit;
    if (unit.local !== 'detached') continue;
    yield unit;
    let above = unit.localPlace?.parent;
    while (above !== undefined && above.key !== '' && !above.target.exists) {
      yield above;
      above = above.localPlace?.parent;
    }
  }
}
