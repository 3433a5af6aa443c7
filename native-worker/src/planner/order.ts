/**
 * Which operations wait for which (engine §5.7); all others commute.
 *
 * [Note: Parents arrive first] A move waits for the nearest folder above its target that arrives
 * itself. Then whatever is attached to has its final place already, so no order in between can put a
 * folder below itself: that is creation before use, and the inner node first in an inversion.
 */
import { breakCycles } from './cycles.ts';
import { planAncestors } from './folders.ts';
import { isSameName } from './name-key.ts';
import type { Operation } from './operations.ts';
import { idOf, type Step, type Steps } from './steps.ts';
import type { LocalId } from './types.ts';
import { isRemoteGone, targetParent, type Unit } from './unit.ts';

/** The operations with their `after` edges, in the order of their ids. */
export function orderSteps(steps: Steps): readonly Operation[] {
  for (const step of steps.all) addEdges(step, steps);
  breakCycles(steps);
  const { sha256 } = steps.pass.universe.policy;
  const ids = new Map(steps.all.map((step) => [step, idOf(step, sha256)]));
  const operations = steps.all.map((step) => {
    const before = new Set([...step.after, ...step.afterLeaving]);
    const after = [...before].map((other) => ids.get(other) ?? '').sort(compareText);
    // The effect's kind decides the rest of its fields; the three added ones all kinds have.
    return { ...step.effect, id: ids.get(step), saw: step.saw, after } as Operation;
  });
  return operations.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function addEdges(step: Step, steps: Steps): void {
  const { effect } = step;
  switch (effect.kind) {
    case 'local-make-folder':
    case 'local-download':
      if (effect.kind === 'local-download' && effect.replaces !== null) return;
      afterParent(step, steps.localArrivals, steps);
      afterLocalOccupant(step, effect.localName, steps);
      return;
    case 'local-place':
      afterParent(step, steps.localArrivals, steps);
      afterLocalOccupant(step, effect.localName, steps);
      beforeLocalDeletion(step, effect.local, steps);
      return;
    case 'remote-make-folder':
    case 'remote-upload':
      afterParent(step, steps.remoteArrivals, steps);
      if (effect.kind === 'remote-make-folder' || effect.node === null) {
        afterRemoteOccupant(step, effect.name, steps);
      }
      return;
    case 'remote-place':
    case 'remote-restore':
      afterParent(step, steps.remoteArrivals, steps);
      afterRemoteOccupant(step, effect.name, steps);
      beforeRemoteEnd(step, steps);
      return;
    case 'remote-trash':
      beforeRemoteEnd(step, steps);
      return;
    case 'bind':
      afterMergedTrash(step, steps);
      return;
    case 'local-set-aside':
    case 'local-set-meta':
    case 'local-recycle':
    case 'remote-set-meta':
    case 'forget':
      return;
  }
}

function afterParent(step: Step, arrivals: ReadonlyMap<Unit, Step>, steps: Steps): void {
  for (const above of planAncestors(step.unit)) {
    const arrival = arrivals.get(above);
    if (arrival === undefined) continue;
    steps.pass.trace('order.parent-first');
    step.after.add(arrival);
    return;
  }
}

function leave(step: Step, leaver: Step | undefined, steps: Steps): void {
  if (leaver === undefined || leaver === step) return;
  const isDeletion =
    leaver.effect.kind === 'local-recycle' || leaver.effect.kind === 'remote-trash';
  steps.pass.trace(isDeletion ? 'order.delete-before-fill' : 'order.move-away-before-fill');
  step.afterLeaving.add(leaver);
}

function afterLocalOccupant(step: Step, name: string, steps: Steps): void {
  const folder = targetParent(step.unit)?.target.entry;
  if (folder === undefined) return;
  const { trees } = steps.pass.universe;
  const occupant = trees.local.bySlot(folder.id, steps.pass.universe.key(name));
  if (occupant !== undefined) leave(step, steps.localByEntry.get(occupant.id), steps);
}

function afterRemoteOccupant(step: Step, name: string, steps: Steps): void {
  const parent = targetParent(step.unit);
  if (parent === undefined || parent.node === null) return;
  const { trees } = steps.pass.universe;
  const key = steps.pass.universe.key(name);
  // Below a folder that comes back, nodes come back that are not live yet.
  const occupants = isRemoteGone(parent)
    ? trees.remote.children(parent.node)
    : trees.remote.bySlot(parent.node, key);
  for (const occupant of occupants) {
    if (isSameName(occupant.name, name)) leave(step, steps.remoteByNode.get(occupant.id), steps);
  }
}

/**
 * An entry moves out before the folder around it goes. A folder that is kept for something in it moves
 * once the rest of it is gone: else, cut off between the two, it would look like one that a person moved
 * with all that is in it. Where it leaves by way of staging, the folder around it waits for that too,
 * because without it the entry has no way back.
 */
function beforeLocalDeletion(step: Step, local: LocalId, steps: Steps): void {
  const inside = deletionsInside(step, local, steps);
  for (const deletion of inside) step.after.add(deletion);
  const { trees } = steps.pass.universe;
  let at = trees.local.byId(local);
  while (at !== undefined && at.parent !== trees.localRoot) {
    const above = steps.localByEntry.get(at.parent);
    if (above?.effect.kind === 'local-recycle') {
      steps.pass.trace('order.move-out-before-delete');
      above.afterLeaving.add(step);
      for (const deletion of inside) above.after.add(deletion);
    }
    at = trees.local.byId(at.parent);
  }
}

/** What goes to the recycle area out of a folder that is deleted there and kept for the rest. */
function deletionsInside({ unit }: Step, local: LocalId, steps: Steps): readonly Step[] {
  if (unit.kind !== 'folder' || !unit.target.kept || !isRemoteGone(unit)) return [];
  const { trees } = steps.pass.universe;
  return [...steps.localByEntry].flatMap(([id, deletion]) => {
    if (deletion.effect.kind !== 'local-recycle') return [];
    let at = trees.local.byId(id);
    while (at !== undefined && at.parent !== trees.localRoot && at.parent !== local) {
      at = trees.local.byId(at.parent);
    }
    return at?.parent === local ? [deletion] : [];
  });
}

/**
 * A node leaves before a folder above it goes to the trash; and what must not come back leaves a
 * trashed folder before that is restored.
 */
function beforeRemoteEnd(step: Step, steps: Steps): void {
  const isBelowDeleted = isRemoteGone(step.unit);
  const { trees } = steps.pass.universe;
  let at = step.unit.remoteNode;
  while (at !== undefined && at.parent !== trees.remoteRoot) {
    const above = steps.remoteByNode.get(at.parent);
    if (above?.effect.kind === 'remote-trash' && !isBelowDeleted) {
      steps.pass.trace('order.move-out-before-delete');
      above.afterLeaving.add(step);
    }
    // What goes to the trash by itself takes this one along: it does not come back with more.
    if (isBelowDeleted && above?.effect.kind === 'remote-trash') return;
    const isLeaving = isBelowDeleted && step.effect.kind !== 'remote-place';
    if (isLeaving && above?.effect.kind === 'remote-restore') {
      steps.pass.trace('order.trash-before-restore');
      above.after.add(step);
    }
    at = trees.remote.byId(at.parent);
  }
}

/** A node that was merged away is in the trash before its entry gets another row. */
function afterMergedTrash(step: Step, steps: Steps): void {
  for (const trash of steps.mergedTrash.get(step.unit) ?? []) step.after.add(trash);
}
