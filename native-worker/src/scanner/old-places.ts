/** Where the entry of a row is, when another slot may have it: asked before a row is given away. */
import { LocalFault, type EntryStat, type LocalFaultCode } from '../ports/index.ts';
import { sightingOf } from './folder-look.ts';
import { judgeInode, type OldPlace } from './identity.ts';
import type { LocalRow } from './local-tree-writer.ts';
import type { Missing, PassState } from './pass-state.ts';

export type Whereabouts =
  | OldPlace
  /** Its folder is looked at first; it was put into the queue. */
  | 'unlisted'
  /** A folder above it is missing and about to be found elsewhere. */
  | 'blocked'
  /** Another entry of this pass got the row. */
  | 'claimed';

/** Rows of one content that are asked for one by one; more of them decide nothing. */
const COPIES_ASKED_MAX = 8;
/** A name that was never text, that clashes with another form of it, or that is too long here. */
const UNNAMEABLE: ReadonlySet<LocalFaultCode> = new Set(['name-illegal', 'name-too-long']);

/** Where the entry of a row stands now. The folder of the row is read before it is said to be gone. */
export function whereabouts(pass: PassState, row: LocalRow): Whereabouts {
  if (pass.claimed.has(row.id)) return 'claimed';
  if (row.state === 'gone') return 'empty';
  const missing = pass.missing.get(row.id);
  if (missing !== undefined) return isEditOpen(missing) ? 'taken' : 'empty';
  const above = lostAncestor(pass, row);
  if (above !== undefined) return isAboutToBeFound(pass, above) ? 'blocked' : 'empty';
  if (pass.listed.has(row.parent)) return 'present';
  if (!pass.visited.has(row.parent)) {
    pass.enqueue(row.parent, false);
    return 'unlisted';
  }
  return isAtItsPlace(pass, row) ? 'present' : 'empty';
}

/** What took the slot may be the row's edit: it is of its kind, and not found to be another row's entry. */
function isEditOpen({ row, taker }: Missing): boolean {
  return taker !== undefined && !taker.isResolved && taker.entry.kind === row.kind;
}

/** The lowest folder above a row that is missing or gone. */
function lostAncestor(pass: PassState, row: LocalRow): LocalRow | undefined {
  const { tree } = pass.options;
  for (let id = row.parent; id !== tree.root;) {
    const above = tree.byId(id);
    if (above === undefined) return row;
    if (above.state === 'gone' || pass.missing.has(id)) return above;
    id = above.parent;
  }
  return undefined;
}

function isAboutToBeFound(pass: PassState, folder: LocalRow): boolean {
  const { birthtime } = pass.options.caps;
  return pass
    .newcomersWithInode(folder.ino)
    .some(
      ({ isResolved, entry }) =>
        !isResolved &&
        judgeInode(folder, sightingOf(entry.kind, entry.stat), birthtime) !== 'different',
    );
}

/** True when an lstat of the row's path finds its entry. What cannot be asked counts as there. */
export function isAtItsPlace(pass: PassState, row: LocalRow): boolean {
  const stat = statAtPlace(pass, row);
  if (stat === 'unknown' || stat === 'unnameable') return true;
  return stat !== undefined && stat.ino === row.ino;
}

/** What is at the row's path now. `unnameable`: no call can ask for it, only the listing of its folder tells. */
export function statAtPlace(
  pass: PassState,
  row: LocalRow,
): EntryStat | undefined | 'unknown' | 'unnameable' {
  const path = pass.pathOf(row.id);
  if (path === undefined) return undefined;
  try {
    return pass.options.fileSystem.lstat(pass.absolute(path));
  } catch (error) {
    if (!(error instanceof LocalFault)) throw error;
    return UNNAMEABLE.has(error.code) ? 'unnameable' : 'unknown';
  }
}

/** True for the later of two names of one file. */
export function isSecondName(pass: PassState, row: LocalRow, { ino }: EntryStat): boolean {
  return pass.options.tree
    .byInode(ino)
    .some(
      (other) =>
        other.state === 'seen' &&
        other.kind === 'file' &&
        other.id < row.id &&
        isAtItsPlace(pass, other),
    );
}

/** True when no row with this content can have moved: all are where they were. */
export function areAllPresent(pass: PassState, copies: readonly LocalRow[]): boolean {
  return copies.every((row, index) => {
    if (row.state === 'gone' || pass.missing.has(row.id)) return false;
    return row.state !== 'seen' || index >= COPIES_ASKED_MAX || isAtItsPlace(pass, row);
  });
}
