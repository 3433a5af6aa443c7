/** From the planned tree to operations: what each side lacks of it (engine §5). */
import { emitLocal } from './emit-local.ts';
import { emitRemote, isRemotelyMisplaced } from './emit-remote.ts';
import { isMetaEqual } from './meta.ts';
import type { Pass } from './pass.ts';
import { sawLocal, sawNothing, Steps, type Step } from './steps.ts';
import {
  isContentEqual,
  isEntryThere,
  isLocalGone,
  isNodeThere,
  isRemoteAlive,
  isRemoteGone,
  resolved,
  targetParent,
  type Unit,
} from './unit.ts';

/** One operation at most for each side of a node, and one for its base row. */
export function emitSteps(pass: Pass): Steps {
  const steps = new Steps(pass);
  for (const unit of pass.units) {
    if (unit.target.frozen) {
      // A deletion that waits for a decision here is one there already, and stays that.
      if (unit.target.held && wouldComeBack(unit) && pass.mode === 'two-way')
        emitTrash(unit, steps);
    } else if (unit.target.exists) emitKept(unit, steps);
    else emitGone(unit, steps);
  }
  return steps;
}

function emitKept(unit: Unit, steps: Steps): void {
  if (isLeftBehind(unit)) {
    if (unit.base !== undefined && isLocalGone(unit) && unit.node !== null) {
      steps.add(unit, { kind: 'forget', node: unit.node }, sawNothing());
    }
    return;
  }
  const { mode } = steps.pass;
  const bind = bindStep(unit, steps);
  if (bind !== undefined) adoptMeta(unit, steps.pass);
  // Content is sent and fetched where the entry and the node stay: places come first.
  const isNodePlaced = mode !== 'download' && isRemotelyMisplaced(unit);
  const local = mode === 'upload' ? undefined : emitLocal(unit, steps, isNodePlaced);
  const isEntryPlaced =
    local?.effect.kind === 'local-place' || local?.effect.kind === 'local-set-aside';
  const remote = mode === 'download' ? undefined : emitRemote(unit, steps, isEntryPlaced);
  if (isEntryPlaced && local !== undefined && remote !== undefined) {
    steps.pass.trace('order.local-before-remote');
    remote.after.add(local);
  }
  if (bind === undefined) return;
  for (const step of [local, remote]) step?.after.add(bind);
}

/** It would have come back with a folder above it that another one took the place of instead. */
function isLeftBehind({ remote, remotePlace, target }: Unit): boolean {
  if (remote !== 'below-deleted' || target.entry !== undefined || remotePlace === undefined)
    return false;
  const { parent } = remotePlace;
  return parent.target.mergedInto !== undefined || isLeftBehind(parent);
}

/**
 * Both sides have it and the base row does not say so: they agree, or an entry was adopted at its
 * slot. With other work to do first, the row follows that.
 */
function bindStep(unit: Unit, steps: Steps): Step | undefined {
  const { target, base, remoteNode } = unit;
  const { entry } = target;
  const parent = targetParent(unit);
  if (entry === undefined || parent === undefined) return undefined;
  if (!isRemoteAlive(unit) || remoteNode === undefined || unit.node === null) return undefined;
  const isAdopted = base?.localId !== entry.id;
  const isSettled =
    (target.content === 'none' || target.content === 'agreed') &&
    (target.meta === 'none' || target.meta === 'agreed') &&
    isEntryThere(unit, parent) &&
    isNodeThere(unit, parent);
  const isBehind =
    target.content === 'agreed' ||
    target.meta === 'agreed' ||
    unit.localMoved ||
    unit.remoteMoved ||
    base?.localName !== entry.name;
  if (!isAdopted && !(isSettled && isBehind)) return undefined;
  const { rev } = remoteNode;
  const agreement = isContentEqual(entry, remoteNode) ? 'equal' : isAdopted ? 'edited' : 'apart';
  const effect = {
    kind: 'bind',
    node: unit.node,
    local: entry.id,
    rev,
    agreement,
    whole: target.whole,
  } as const;
  return steps.add(unit, effect, sawLocal(entry, rev));
}

/** An adopted file has its node's content; times and the executable bit may still differ. */
function adoptMeta(unit: Unit, pass: Pass): void {
  const { target, remoteNode } = unit;
  if (unit.kind !== 'file' || target.entry === undefined || remoteNode === undefined) return;
  if (unit.base?.localId === target.entry.id || target.content !== 'agreed') return;
  if (isMetaEqual(target.entry, remoteNode, pass.universe.caps)) return;
  target.meta = pass.mode === 'upload' ? 'local' : 'remote';
}

function emitGone(unit: Unit, steps: Steps): void {
  const { target, node } = unit;
  if (target.forget) {
    if (node !== null) steps.add(unit, { kind: 'forget', node }, sawNothing());
    return;
  }
  const { mode } = steps.pass;
  // Upload mode deletes nothing, but a node that gave its entry to another one must not come back.
  const mayTrash = mode === 'two-way' || (mode === 'upload' && target.mergedInto !== undefined);
  const trash = mayTrash && needsTrash(unit) ? emitTrash(unit, steps) : undefined;
  if (mode !== 'upload' && needsRecycle(unit)) emitRecycle(unit, steps);
  const isNowhere = isLocalGone(unit) && isRemoteGone(unit) && target.mergedInto === undefined;
  if (isNowhere && unit.base !== undefined && trash === undefined && node !== null) {
    steps.add(unit, { kind: 'forget', node }, sawNothing());
  }
}

function needsRecycle(unit: Unit): boolean {
  const { target } = unit;
  return !target.exists && !target.forget && !target.frozen && target.entry !== undefined;
}

function emitRecycle(unit: Unit, steps: Steps): void {
  const { entry, mergedInto } = unit.target;
  const above = unit.localPlace?.parent;
  const node = unit.node ?? (mergedInto === undefined ? null : resolved(mergedInto).node);
  // What lies in a folder that goes whole goes with it.
  if (entry === undefined || node === null || (above !== undefined && needsRecycle(above))) return;
  if (unit.kind === 'folder') steps.pass.trace('folder.recycled-whole');
  const effect = { kind: 'local-recycle', node, local: entry.id, entry: unit.kind } as const;
  steps.localByEntry.set(entry.id, steps.add(unit, effect, sawLocal(entry)));
}

/**
 * Nodes that live on remotely though the plan has none; and those that would come back with a folder
 * above them that is restored.
 */
function needsTrash(unit: Unit): boolean {
  const { target } = unit;
  if (target.exists || target.forget || target.frozen) return false;
  return isRemoteAlive(unit) || wouldComeBack(unit);
}

function wouldComeBack({ remote, remotePlace }: Unit): boolean {
  const above = remotePlace?.parent;
  return (
    remote === 'below-deleted' &&
    above !== undefined &&
    above.target.exists &&
    !above.target.frozen &&
    isRemoteGone(above)
  );
}

function emitTrash(unit: Unit, steps: Steps): Step | undefined {
  const above = unit.remotePlace?.parent;
  if (unit.node === null || unit.remoteNode === undefined) return undefined;
  if (above !== undefined && needsTrash(above)) return undefined;
  if (unit.kind === 'folder') steps.pass.trace('folder.trashed-whole');
  const step = steps.add(
    unit,
    { kind: 'remote-trash', node: unit.node, rev: unit.remoteNode.rev, entry: unit.kind },
    { rev: unit.remoteNode.rev, local: null },
  );
  steps.remoteByNode.set(unit.node, step);
  const { mergedInto } = unit.target;
  if (mergedInto !== undefined) {
    const winner = resolved(mergedInto);
    steps.mergedTrash.set(winner, [...(steps.mergedTrash.get(winner) ?? []), step]);
  }
  return step;
}
