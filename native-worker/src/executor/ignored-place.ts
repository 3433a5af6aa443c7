/**
 * Places that an entry has which a rule ignores: it is no node and stays. What would come there waits
 * for nothing, as what is ignored itself does: it enters the next plan when something changes.
 */
import { nameKey } from '../planner/index.ts';
import type { Operation } from '../planner/operations.ts';
import { LocalFault } from '../ports/index.ts';
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
export function isIgnoredThere(run: ExecutionRun, { parent, localName }: Arrival): boolean {
  const { fileSystem, isIgnored, pair, trees } = run.options;
  const folder = run.localParent(parent);
  if (folder === undefined) return false;
  if (trees.local.bySlot(folder, nameKey(localName, pair.caps)) !== undefined) return false;
  try {
    const path = run.paths.slot(folder, localName);
    const above = run.paths.relative(folder);
    const stat = path === undefined ? undefined : fileSystem.lstat(path);
    if (stat === undefined || above === undefined) return false;
    return isIgnored(above === '' ? localName : `${above}/${localName}`, stat.type === 'folder');
  } catch (error) {
    if (error instanceof LocalFault) return false;
    throw error;
  }
}
