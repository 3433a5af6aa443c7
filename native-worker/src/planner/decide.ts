/** Content, existence and place of each unit by itself (engine §5.1, §5.2): the tables, applied. */
import { CONTENT_TABLE, type ContentVerdict } from './content-table.ts';
import { decideMeta } from './meta.ts';
import { PLACE_TABLE } from './place-table.ts';
import type { ContentCell } from './cells.ts';
import { fateOfLoser } from './copies.ts';
import type { Pass } from './pass.ts';
import {
  compareKeys,
  isContentEqual,
  isLocalAlive,
  isLocalGone,
  isRemoteAlive,
  isRemoteGone,
  type Place,
  type Unit,
} from './unit.ts';
import { emptyTarget, isMovedAlike } from './unit-facts.ts';

/** Decides all units. Conflict copies join the pass as units of their own. */
export function decideUnits(pass: Pass): void {
  for (const unit of pass.units) Object.assign(unit.target, emptyTarget());
  const decided = new Set<Unit>([pass.universe.root]);
  for (const unit of pass.units) decideUnit(unit, pass, decided);
  const copies = pass.units
    .filter(({ target }) => target.splits)
    .map((unit) => splitCopy(unit, pass));
  if (copies.length === 0) return;
  pass.units.push(...copies);
  pass.units.sort(compareKeys);
}

function decideUnit(unit: Unit, pass: Pass, decided: Set<Unit>): void {
  if (decided.has(unit)) return;
  decided.add(unit);
  const { target } = unit;
  target.place = choosePlace(unit, pass);
  if (isLocalAlive(unit)) target.entry = unit.localNode;
  const blockedBy = pass.universe.blocked.get(unit.key);
  if (blockedBy !== undefined) {
    pass.trace(blockedBy);
    target.exists = true;
    target.frozen = true;
    target.place = unit.remotePlace ?? unit.localPlace;
    // It may be in its own way: what it is decides that.
    if (blockedBy === 'slot.taken') isUnhashed(unit, pass);
    if (blockedBy === 'slot.taken' && isInConflict(unit, pass)) {
      target.splits = true;
      target.entry = undefined;
    }
  } else if (unit.local === 'detached') {
    pass.trace('frozen.detached');
    target.forget = unit.base !== undefined;
  } else if (unit.local === 'unknown' || unit.remote === 'unreadable') {
    freeze(unit, pass);
  } else if (pass.universe.followsOut(unit)) {
    pass.universe.block(unit, 'exclusion.follows');
  } else if (unit.remote === 'excluded') {
    decideExcluded(unit, pass);
  } else if (unit.base === undefined) {
    decideNew(unit, pass);
  } else {
    decideKnown(unit, pass, decided);
  }
}

/** Its copy does not wait with it: what is in the way may wait for just that one to go up. */
function isInConflict(unit: Unit, pass: Pass): boolean {
  const isBoth = unit.base !== undefined && isLocalAlive(unit) && isRemoteAlive(unit);
  if (!isBoth || unit.localContent === 'unhashed') return false;
  return verdictOf(contentCell(unit), unit, pass) === 'conflict';
}

function freeze(unit: Unit, pass: Pass): void {
  unit.target.exists = true;
  unit.target.frozen = true;
  if (unit.local === 'unknown') {
    pass.trace('frozen.unknown');
    return;
  }
  pass.trace('frozen.unreadable');
  if (unit.remoteNode?.state === 'unreadable') {
    pass.stalls.push({
      reason: 'Undecryptable',
      node: unit.node,
      local: unit.localNode?.id ?? null,
    });
  }
}

function decideNew(unit: Unit, pass: Pass): void {
  const { target } = unit;
  if (unit.node === null) {
    pass.trace('new.local');
    target.exists = true;
    target.content = 'local';
  } else if (isLocalAlive(unit)) {
    // Without a base only what comes back from the trash has both.
    pass.trace('new.restored');
    target.exists = true;
    target.content = hasEqualContent(unit) ? 'none' : 'local';
  } else if (isRemoteAlive(unit)) {
    pass.trace('new.remote');
    target.exists = true;
    target.content = 'remote';
  }
}

function decideKnown(unit: Unit, pass: Pass, decided: Set<Unit>): void {
  const { target } = unit;
  if (isUnhashed(unit, pass)) return;
  const cell = contentCell(unit);
  pass.trace(pass.cell(`content.${cell}`));
  const verdict = verdictOf(cell, unit, pass);
  const staysMoved = pass.mode === 'upload' && isLocalGone(unit) && unit.remoteMoved;
  if (staysMoved) pass.trace('upload.place.deleted-moved');
  target.exists = verdict !== 'gone';
  target.splits = verdict === 'conflict';
  if (verdict === 'local' || verdict === 'remote' || verdict === 'agreed') target.content = verdict;
  if (verdict === 'conflict') {
    target.content = 'remote';
    target.entry = undefined;
  }
  if (verdict === 'gone') {
    if (isRemoteGone(unit) && isLocalAlive(unit)) outliveRemote(unit, pass, decided);
    if (isRemoteAlive(unit) && isLocalGone(unit)) outliveLocal(unit, pass, decided);
  }
  const isThere = isLocalAlive(unit) && isRemoteAlive(unit);
  if (isThere && (target.content === 'none' || target.content === 'agreed')) {
    target.meta = decideMeta(unit, pass);
  }
}

function verdictOf(cell: ContentCell, unit: Unit, pass: Pass): ContentVerdict {
  const verdict = CONTENT_TABLE[pass.mode][cell];
  if (verdict !== 'conflict' || unit.node === null) return verdict;
  const fate = fateOfLoser(unit.localNode, unit.node, pass);
  if (fate === 'copied') return 'remote';
  return fate === 'version' ? 'local' : verdict;
}

/** A file that may have changed but was not hashed waits for its hash. */
function isUnhashed(unit: Unit, pass: Pass): boolean {
  if (unit.localContent !== 'unhashed' || !isLocalAlive(unit) || unit.localNode === undefined) {
    return false;
  }
  pass.hashes.add(unit.localNode.id);
  unit.target.exists = true;
  unit.target.frozen = true;
  return true;
}

function contentCell(unit: Unit): ContentCell {
  const local = isLocalGone(unit) ? 'deleted' : unit.localContent === 'edited' ? 'edited' : 'same';
  const remote = isRemoteGone(unit)
    ? 'deleted'
    : unit.remoteContent === 'edited'
      ? 'edited'
      : 'same';
  if (local === 'edited' && remote === 'edited') {
    return hasEqualContent(unit) ? 'edited-edited-equal' : 'edited-edited-different';
  }
  // Both `edited` was answered above.
  return `${local}-${remote}` as Exclude<`${typeof local}-${typeof remote}`, 'edited-edited'>;
}

function hasEqualContent({ localNode, remoteNode }: Unit): boolean {
  if (localNode === undefined || remoteNode === undefined) return false;
  return isContentEqual(localNode, remoteNode);
}

/** Deleted remotely, unchanged here: a move, a decision to undo, or the folder above saves it. */
function outliveRemote(unit: Unit, pass: Pass, decided: Set<Unit>): void {
  const { target } = unit;
  if (unit.localMoved && !isMovedAlike(unit, pass.universe)) {
    pass.trace(pass.cell('place.moved-deleted'));
    target.exists = true;
    target.whole = true;
  } else if (comesAlongRemotely(unit, pass, decided)) {
    target.exists = true;
    target.whole = true;
  } else if (isUndone(unit, 'local', pass)) {
    target.exists = true;
  }
}

/** Deleted here, unchanged remotely. */
function outliveLocal(unit: Unit, pass: Pass, decided: Set<Unit>): void {
  const { target } = unit;
  const above = unit.base === undefined ? undefined : pass.universe.ofNode(unit.base.parent);
  if (unit.remoteMoved && !isMovedAlike(unit, pass.universe)) {
    pass.trace(pass.cell('place.deleted-moved'));
    target.exists = true;
    target.whole = true;
  } else if (unit.local === 'below-gone' && above !== undefined && isLocalGone(above)) {
    decideUnit(above, pass, decided);
    target.exists = above.target.whole;
    target.whole = above.target.whole;
    if (target.whole) pass.trace('folder.moves-with-children-remote');
  }
  if (!target.exists && isUndone(unit, 'remote', pass)) target.exists = true;
  if (target.exists) target.content = 'remote';
}

/** The folder that was deleted around it lives on by a move, with what was in it before. */
function comesAlongRemotely(unit: Unit, pass: Pass, decided: Set<Unit>): boolean {
  const above = unit.remotePlace?.parent;
  if (unit.remote !== 'below-deleted' || above === undefined || !isRemoteGone(above)) return false;
  if (unit.base?.parent !== above.node) return false;
  decideUnit(above, pass, decided);
  if (above.target.whole) pass.trace('folder.moves-with-children-local');
  return above.target.whole;
}

function isUndone(unit: Unit, side: 'local' | 'remote', pass: Pass): boolean {
  const { node } = unit;
  const isFound =
    node !== null &&
    pass.universe.policy.held.some(
      (batch) => batch.decision === 'undone' && batch.side === side && batch.nodes.has(node),
    );
  if (isFound) pass.trace('hold.undone');
  return isFound;
}

/** Selective sync (engine §8): what differs from base goes up first, then the local copy goes. */
function decideExcluded(unit: Unit, pass: Pass): void {
  const { target } = unit;
  if (unit.base === undefined) return;
  if (isLocalGone(unit)) {
    pass.trace('exclusion.forget');
    target.forget = true;
    return;
  }
  if (isUnhashed(unit, pass)) return;
  const isAgreed =
    unit.localPlace !== undefined &&
    unit.remotePlace !== undefined &&
    isOnePlace(unit.localPlace, unit.remotePlace);
  if (unit.localMoved && !isAgreed) {
    const isOut = unit.localPlace?.parent.remote !== 'excluded';
    pass.trace(isOut ? 'exclusion.moved-out' : 'exclusion.up-first');
    target.place = unit.localPlace;
    target.exists = true;
  }
  if (unit.localContent === 'edited') decideExcludedEdit(unit, pass);
  else if (!target.exists) pass.trace('exclusion.recycle');
}

/** An edit of what is left out goes up; where it meets another edit, as the copy that §5.1 makes of it. */
function decideExcludedEdit(unit: Unit, pass: Pass): void {
  const { target } = unit;
  const cell = contentCell(unit);
  const verdict =
    pass.mode === 'two-way' && cell.startsWith('edited-edited')
      ? verdictOf(cell, unit, pass)
      : 'local';
  pass.trace(
    verdict === 'local' || verdict === 'conflict' ? 'exclusion.up-first' : 'exclusion.recycle',
  );
  if (verdict === 'local') {
    target.exists = true;
    target.content = 'local';
  } else if (verdict === 'conflict') {
    target.splits = true;
    target.entry = undefined;
  }
}

function choosePlace(unit: Unit, pass: Pass): Place | undefined {
  const { localPlace, remotePlace, localMoved, remoteMoved } = unit;
  if (localPlace === undefined) return remotePlace;
  if (remotePlace === undefined || isRemoteGone(unit)) return localPlace;
  if (unit.remote === 'excluded') return remotePlace;
  if (unit.local === 'unknown') return localPlace;
  const moves = `${localMoved ? 'moved' : 'same'}-${remoteMoved ? 'moved' : 'same'}` as const;
  const cell =
    moves === 'moved-moved'
      ? (`${moves}-${isOnePlace(localPlace, remotePlace) ? 'equal' : 'different'}` as const)
      : moves;
  pass.trace(pass.cell(`place.${cell}`));
  if (localMoved && unit.remoteContent === 'edited') pass.trace(pass.cell('place.moved-edited'));
  if (remoteMoved && unit.localContent === 'edited') pass.trace(pass.cell('place.edited-moved'));
  return PLACE_TABLE[pass.mode][cell] === 'local' ? localPlace : remotePlace;
}

export function isOnePlace(a: Place, b: Place): boolean {
  return a.parent === b.parent && a.name === b.name;
}

/** The local entry of a node whose content stays the remote one, as a unit of its own. */
function splitCopy(unit: Unit, pass: Pass): Unit {
  const copy = pass.universe.copyOf(unit);
  copy.target.exists = true;
  copy.target.place = copy.localPlace;
  copy.target.entry = copy.localNode;
  copy.target.content = 'local';
  copy.target.copyOf = copy.copyOf;
  return copy;
}
