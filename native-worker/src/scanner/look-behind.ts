/**
 * [Note: Moved behind the scan] What is missing in one folder may have moved into another that was read
 * before, or that nobody told of: a hint was lost, or comes late. A folder's ctime changes with each
 * entry that comes or goes. So before a row that has a remote identity turns `gone`, the folders of the
 * whole pair are asked for their times, and those that changed since they were listed are listed again:
 * an lstat for each folder, whatever is in it.
 */
import { LOOK_BEHIND_REST_FACTOR, RETRY_MS_MAX } from '../limits.ts';
import type { LocalId } from '../planner/types.ts';
import { LocalFault, type EntryStat } from '../ports/index.ts';
import type { LocalRow } from './local-tree-writer.ts';
import type { PassState } from './pass-state.ts';

/** What moves again while it is looked for is found at the third try, or by a later scan. */
const LOOKS_PER_PASS_MAX = 3;
const FOLDERS_PER_STEP = 256;
/**
 * Editors replace files all day long: for that no more folders are asked, in a larger tree none. 2,048 take
 * 30 ms or more with their rows, of the 50 ms in which an edit is planned. Without this look, one that moved
 * is lost only where what took its place was never seen: else that one's old folder is looked at.
 */
const FOLDERS_FOR_REPLACED_MAX = 512;

/** When folders were listed, by the ctime that each had just before; and when all may be asked again. */
export class ListedTimes {
  readonly #ctimes = new Map<LocalId, bigint>();
  #mayLookAtMs = Number.NEGATIVE_INFINITY;

  listed(folder: LocalId, ctimeNs: bigint): void {
    this.#ctimes.set(folder, ctimeNs);
  }

  isAsListed(folder: LocalId, { ctimeNs }: EntryStat): boolean {
    return this.#ctimes.get(folder) === ctimeNs;
  }

  /** Unix ms before which no further look is taken, so that a stream of deletions costs little. */
  get mayLookAtMs(): number {
    return this.#mayLookAtMs;
  }

  looked(startedMs: number, nowMs: number): void {
    // A sleep of the computer may lie in between.
    const restMs = Math.min(RETRY_MS_MAX, (nowMs - startedMs) * LOOK_BEHIND_REST_FACTOR);
    this.#mayLookAtMs = nowMs + restMs;
  }

  /** Every folder is about to be listed anew. */
  forget(): void {
    this.#ctimes.clear();
  }
}

/** Puts folders that changed since they were listed into the queue; true when there are any. */
export function* lookBehind(pass: PassState): Generator<number, boolean, undefined> {
  const { memory, options } = pass;
  if (pass.looksBehind >= LOOKS_PER_PASS_MAX) return false;
  const startedMs = options.clock.now();
  pass.looksBehind++;
  let hasChanged = false;
  for (let after = 0; ;) {
    const folders = options.tree.foldersAfter(after, FOLDERS_PER_STEP);
    const last = folders.at(-1);
    if (last === undefined) break;
    for (const folder of folders) {
      if (!hasMoved(pass, folder)) continue;
      pass.visitAgain(folder.id);
      hasChanged = true;
    }
    after = last.id;
    yield folders.length;
  }
  memory.listedTimes.looked(startedMs, options.clock.now());
  return hasChanged;
}

/**
 * A file of which only the number changed was replaced, or it moved away and another came: its folder
 * alone does not tell. So in a tree of few folders those that changed are put into the queue before it is
 * taken for replaced; true when there are any. In a larger one the hints of both folders are waited for.
 */
export function lookForReplaced(pass: PassState): boolean {
  if (pass.hasLookedForReplaced || !isAnyReplaced(pass)) return false;
  pass.hasLookedForReplaced = true;
  const folders = pass.options.tree.foldersAfter(0, FOLDERS_FOR_REPLACED_MAX + 1);
  if (folders.length > FOLDERS_FOR_REPLACED_MAX) return false;
  const changed = folders.filter((folder) => hasMoved(pass, folder));
  for (const { id } of changed) pass.visitAgain(id);
  return changed.length > 0;
}

/** Only what has a remote identity could take it along. */
function isAnyReplaced(pass: PassState): boolean {
  return pass.newcomers
    .values()
    .some(
      ({ entry, displaced, ripeAtMs }) =>
        displaced !== undefined &&
        displaced.kind === entry.kind &&
        entry.kind !== 'folder' &&
        ripeAtMs <= pass.nowMs &&
        !pass.claimed.has(displaced.id) &&
        pass.newcomersWithInode(displaced.ino).length === 0 &&
        pass.options.tree.isPaired(displaced.id),
    );
}

/** False also for one that is not at its place: its parent changed then. */
function hasMoved(pass: PassState, { id, ino }: LocalRow): boolean {
  const path = pass.pathOf(id);
  if (path === undefined) return false;
  try {
    const stat = pass.options.fileSystem.lstat(pass.absolute(path));
    if (stat?.type !== 'folder' || stat.ino !== ino) return false;
    return !pass.memory.listedTimes.isAsListed(id, stat);
  } catch (error) {
    if (error instanceof LocalFault) return false;
    throw error;
  }
}
