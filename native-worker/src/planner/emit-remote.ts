import { planAncestors } from './folders.ts';
import type { RemoteParent } from './operations.ts';
import { remoteParent, sawLocal, sawRemote, type Step, type Steps } from './steps.ts';
import type { LocalNode } from './types.ts';
import {
  isEntryThere,
  isNodeThere,
  isRemoteAlive,
  isRemoteGone,
  targetParent,
  type Unit,
} from './unit.ts';

/**
 * What the remote side lacks of a unit of the planned tree: at most one operation. `isPlaced`: the
 * entry is renamed by this plan, so its content is sent by a later one.
 */
export function emitRemote(unit: Unit, steps: Steps, isPlaced: boolean): Step | undefined {
  const parent = targetParent(unit);
  const at = parent === undefined ? undefined : remoteParent(parent);
  if (parent === undefined || at === undefined || unit.target.place === undefined) return undefined;
  if (isRemoteAlive(unit) || unit.remote === 'excluded') {
    return isNodeThere(unit, parent)
      ? send(unit, at, steps, isPlaced)
      : place(unit, at, steps, isPlaced);
  }
  if (unit.remote === 'below-deleted') {
    if (isNodeThere(unit, parent)) return send(unit, at, steps, isPlaced);
    if (returnsWithTarget(unit)) return place(unit, at, steps, isPlaced);
  }
  const { entry } = unit.target;
  if (entry === undefined) return undefined;
  if (unit.node !== null && unit.remote !== 'purged') {
    return restore(unit, entry, at, steps, isPlaced);
  }
  return isPlaced && unit.kind !== 'folder' ? undefined : make(unit, entry, at, steps);
}

/** A folder above it that is restored brings it back, and it stays below that one. */
function returnsWithTarget(unit: Unit): boolean {
  const above = new Set(planAncestors(unit));
  for (let at = unit.remotePlace?.parent; at !== undefined; at = at.remotePlace?.parent) {
    // What is held goes to the trash by itself before the folder above it is restored.
    if (!isRemoteGone(at) || !at.target.exists || at.target.held) return false;
    if (above.has(at)) return true;
  }
  return false;
}

/** The node is live at another place than the planned tree has it. */
export function isRemotelyMisplaced(unit: Unit): boolean {
  const parent = targetParent(unit);
  const isCovered = isRemoteAlive(unit) || unit.remote === 'excluded';
  return isCovered && parent !== undefined && !isNodeThere(unit, parent);
}

function place(unit: Unit, at: RemoteParent, steps: Steps, isPlaced: boolean): Step | undefined {
  const parent = targetParent(unit);
  const { entry } = unit.target;
  // Upload mode renames nothing here: the entry keeps its name beside the node's.
  const isBeside =
    steps.pass.mode === 'upload' &&
    entry !== undefined &&
    entry.parent === parent?.target.entry?.id;
  const settles = isPlaced || isBeside || (parent !== undefined && isEntryThere(unit, parent));
  const { node, target } = unit;
  if (node === null || target.place === undefined) return undefined;
  const { name } = target.place;
  const step = steps.add(
    unit,
    { kind: 'remote-place', node, parent: at, name, viaStaging: false, settles },
    sawRemote(unit),
  );
  steps.remoteByNode.set(node, step);
  steps.remoteArrivals.set(unit, step);
  return step;
}

/** New content or metadata of a node that stays where it is. */
function send(unit: Unit, at: RemoteParent, steps: Steps, isPlaced: boolean): Step | undefined {
  const { node, target, remoteNode, kind } = unit;
  const { entry, place } = target;
  if (node === null || remoteNode === undefined || entry === undefined || place === undefined) {
    return undefined;
  }
  if (isPlaced) return undefined;
  const { rev } = remoteNode;
  if (target.content === 'local' && kind !== 'folder') {
    return steps.add(
      unit,
      {
        kind: 'remote-upload',
        local: entry.id,
        entry: kind,
        node,
        baseRev: rev,
        parent: at,
        name: place.name,
        copyOf: null,
      },
      sawLocal(entry, rev),
    );
  }
  if (target.meta !== 'local') return undefined;
  const effect = { kind: 'remote-set-meta', node, local: entry.id, rev } as const;
  return steps.add(unit, effect, sawLocal(entry, rev));
}

function make(unit: Unit, entry: LocalNode, at: RemoteParent, steps: Steps): Step | undefined {
  const { kind, target } = unit;
  if (target.place === undefined) return undefined;
  if (unit.remote === 'purged') steps.pass.trace('new.purged');
  const { name } = target.place;
  const made = { local: entry.id, parent: at, name };
  const step =
    kind === 'folder'
      ? steps.add(unit, { kind: 'remote-make-folder', ...made }, sawLocal(entry))
      : steps.add(
          unit,
          {
            kind: 'remote-upload',
            ...made,
            entry: kind,
            node: null,
            baseRev: null,
            copyOf: target.copyOf,
          },
          sawLocal(entry),
        );
  steps.remoteArrivals.set(unit, step);
  return step;
}

function restore(
  unit: Unit,
  entry: LocalNode,
  at: RemoteParent,
  steps: Steps,
  isPlaced: boolean,
): Step | undefined {
  const { node, target, kind } = unit;
  if (node === null || target.place === undefined) return undefined;
  // The content of an entry that this plan renames follows in a later one.
  const upload = target.content === 'local' && !isPlaced;
  const rev = unit.remoteNode?.rev ?? null;
  const step = steps.add(
    unit,
    {
      kind: 'remote-restore',
      node,
      local: entry.id,
      entry: kind,
      parent: at,
      name: target.place.name,
      upload,
    },
    upload ? sawLocal(entry, rev) : sawRemote(unit),
  );
  steps.remoteByNode.set(node, step);
  steps.remoteArrivals.set(unit, step);
  return step;
}
