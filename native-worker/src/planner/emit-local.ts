import type { LocalNode } from './types.ts';
import { localParent, sawLocal, sawRemote, type Step, type Steps } from './steps.ts';
import { isNodeThere, isRemoteAlive, targetParent, type Unit } from './unit.ts';

/**
 * What the local side lacks of a unit of the planned tree: at most one operation. `isPlaced`: the
 * node is moved by this plan, so its content is fetched by a later one.
 */
export function emitLocal(unit: Unit, steps: Steps, isPlaced: boolean): Step | undefined {
  const parent = targetParent(unit);
  // Selective sync takes nothing down any more; what is moved out of it can still lose its name.
  const isLeftOut = unit.remote === 'excluded' && !unit.localMoved;
  if (parent === undefined || isLeftOut) return undefined;
  const { entry } = unit.target;
  if (entry === undefined) {
    return isPlaced && unit.kind !== 'folder' ? undefined : make(unit, parent, steps);
  }
  const isThere = entry.parent === parent.target.entry?.id && entry.name === unit.target.localName;
  if (!isThere) return place(unit, entry, parent, steps);
  if (isPlaced) return undefined;
  if (unit.node === null || unit.remoteNode === undefined || !isRemoteAlive(unit)) return undefined;
  return renew(unit, entry, parent, steps);
}

function make(unit: Unit, parent: Unit, steps: Steps): Step | undefined {
  const { node, remoteNode, kind, target } = unit;
  const at = localParent(parent);
  // What is still below a deleted folder is fetched when that is back.
  if (node === null || remoteNode === undefined || !isRemoteAlive(unit) || at === undefined) {
    return undefined;
  }
  const { localName } = target;
  const saw = sawRemote(unit);
  const step =
    kind === 'folder'
      ? steps.add(
          unit,
          { kind: 'local-make-folder', node, parent: at, localName, whole: target.whole },
          saw,
        )
      : steps.add(
          unit,
          {
            kind: 'local-download',
            node,
            rev: remoteNode.rev,
            entry: kind,
            parent: at,
            localName,
            replaces: null,
          },
          saw,
        );
  steps.localArrivals.set(unit, step);
  return step;
}

function place(unit: Unit, entry: LocalNode, parent: Unit, steps: Steps): Step | undefined {
  const { localName, copyOf } = unit.target;
  const at = localParent(parent);
  if (at === undefined) return undefined;
  const isSameFolder = 'local' in at && at.local === entry.parent;
  const isAside = unit.node === null && isSameFolder;
  const step = isAside
    ? steps.add(
        unit,
        { kind: 'local-set-aside', local: entry.id, localName, copyOf },
        sawLocal(entry),
      )
    : steps.add(
        unit,
        {
          kind: 'local-place',
          node: unit.node,
          local: entry.id,
          parent: at,
          localName,
          viaStaging: false,
          settles: isNodeThere(unit, parent),
        },
        sawLocal(entry),
      );
  steps.localByEntry.set(entry.id, step);
  if (!isAside) steps.localArrivals.set(unit, step);
  return step;
}

/** New content in place of the old, or new metadata. */
function renew(unit: Unit, entry: LocalNode, parent: Unit, steps: Steps): Step | undefined {
  const { node, remoteNode, kind, target } = unit;
  const at = localParent(parent);
  if (node === null || remoteNode === undefined || at === undefined) return undefined;
  const { rev, mtimeMs, executable } = remoteNode;
  const saw = sawLocal(entry, rev);
  if (target.content === 'remote' && kind !== 'folder') {
    const { localName } = target;
    return steps.add(
      unit,
      { kind: 'local-download', node, rev, entry: kind, parent: at, localName, replaces: entry.id },
      saw,
    );
  }
  if (target.meta !== 'remote') return undefined;
  const effect = {
    kind: 'local-set-meta',
    node,
    local: entry.id,
    rev,
    mtimeMs,
    executable,
  } as const;
  return steps.add(unit, effect, saw);
}
