/**
 * Hints are paths of the disk as it was when they were given; rows have paths of the tree as it was
 * scanned. Between a move and the pass that finds it the two differ, and a hint for a folder below what
 * moved leads to another one or nowhere.
 *
 * [Note: Moved folders are looked through] So what a pass found moved is looked at with all below in the
 * next one. The move itself need not wait for that: it is written, and can be planned on, before.
 */
import type { LocalId } from '../planner/types.ts';
import { isFolderIgnored, type IgnoreRules } from './ignore.ts';
import type { LocalRow } from './local-tree-writer.ts';
import type { Memory, PassState } from './pass-state.ts';
import type { ScannerOptions } from './types.ts';

/** The folder, or the lowest one above it that has a row, is due. */
export function takeHint(
  options: ScannerOptions,
  memory: Memory,
  rules: IgnoreRules,
  path: string,
): void {
  if (path !== '' && isFolderIgnored(rules, path)) return;
  memory.dueAt(lowestFolder(options, path), options.clock.now());
}

/** See [Note: Moved folders are looked through]. */
export function lookThroughMoved({ memory, isFull, adopted, nowMs }: PassState): void {
  if (isFull) return;
  for (const id of adopted) {
    memory.dueDeep.add(id);
    memory.dueAt(id, nowMs);
  }
}

function lowestFolder({ tree, caps }: ScannerOptions, path: string): LocalId {
  // Hints may spell a name otherwise than the folder's listing does.
  const keyOf = (name: string): string => {
    const form = name.normalize('NFC');
    return caps.caseSensitive ? form : form.toLowerCase();
  };
  let folder = tree.root;
  for (const name of path === '' ? [] : path.split('/')) {
    // The row of a file may still name the slot that a folder has by now.
    const isMeant = (row: LocalRow): boolean =>
      row.kind === 'folder' && keyOf(row.name) === keyOf(name);
    const direct = tree.bySlot(folder, name);
    const row = direct?.kind === 'folder' ? direct : tree.children(folder).find(isMeant);
    if (row === undefined) break;
    folder = row.id;
  }
  return folder;
}
