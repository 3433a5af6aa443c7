/**
 * Places that an entry has which a rule ignores: it is no node and stays. What would come there waits
 * for nothing, as what is ignored itself does: it enters the next plan when something changes.
 */
import { nameKey } from '../planner/index.ts';
import type { Operation } from '../planner/operations.ts';
import type { LocalId } from '../planner/types.ts';
import { LocalFault, type EntryStat } from '../ports/index.ts';
import type { ExecutionRun } from './run.ts';

/** What brings an entry to an empty slot. */
type Arrival = Extract<
  Operation,
  { readonly kind: 'local-download' | 'local-make-folder' | 'local-place' }
>;

export function isArrival(operation: Operation): operation is Arrival {
  if (operation.kind === 'local-download') return operation.replaces === null;
  return operation.kind === 'local-make-folder' || operation.kind === 'local-place';
}

/** True where such an entry has the place of what was to come. */
export function isIgnoredThere(run: ExecutionRun, arrival: Arrival): boolean {
  return ignoredAt(run, arrival) !== undefined;
}

/**
 * Gives such an entry a row, by which the planner sees it: what was moved to its place elsewhere goes from
 * here. False where nothing can stand in the tree for it.
 */
export function noteIgnored(run: ExecutionRun, arrival: Arrival): boolean {
  const found = ignoredAt(run, arrival);
  if (found === undefined) return false;
  const { folder, stat } = found;
  const { type: kind } = stat;
  if (kind === 'special') return false;
  const { trees } = run.options;
  trees.local.put({
    id: trees.local.allocate(),
    parent: folder,
    name: arrival.localName,
    kind,
    ino: stat.ino,
    birthNs: stat.birthNs,
    size: kind === 'file' ? stat.size : 0,
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
    mode: stat.mode,
    executable: false,
    sha256: null,
    target: null,
    state: 'detached',
  });
  return true;
}

function ignoredAt(
  run: ExecutionRun,
  { parent, localName }: Arrival,
): { readonly folder: LocalId; readonly stat: EntryStat } | undefined {
  const { fileSystem, isIgnored, pair, trees } = run.options;
  const folder = run.localParent(parent);
  if (folder === undefined) return undefined;
  if (trees.local.bySlot(folder, nameKey(localName, pair.caps)) !== undefined) return undefined;
  try {
    const path = run.paths.slot(folder, localName);
    const above = run.paths.relative(folder);
    const stat = path === undefined ? undefined : fileSystem.lstat(path);
    if (stat === undefined || above === undefined) return undefined;
    const relative = above === '' ? localName : `${above}/${localName}`;
    return isIgnored(relative, stat.type === 'folder') ? { folder, stat } : undefined;
  } catch (error) {
    if (error instanceof LocalFault) return undefined;
    throw error;
  }
}
