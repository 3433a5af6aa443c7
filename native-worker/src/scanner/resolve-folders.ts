/** Folders at new slots: found again by inode, kept by slot, recognised by what they hold, or new. */
import { LocalFault, type EntryStat } from '../ports/index.ts';
import { sightingOf } from './folder-look.ts';
import { isSimilarFolder, judgeInode, type ChildTrait } from './identity.ts';
import type { LocalRow } from './local-tree-writer.ts';
import { whereabouts } from './old-places.ts';
import type { Newcomer, PassState } from './pass-state.ts';
import { writeEntry, writeNew } from './write-entry.ts';

/** Rule 3 reads no more children than this; a larger folder is new. */
const TRAITS_MAX = 10_000;

/** One step: true when something was decided or put into the queue, false when nothing is left to do. */
export function resolveFolders(pass: PassState): boolean {
  const folders = [...pass.newcomers.values()].filter(({ entry }) => entry.kind === 'folder');
  const ripe = folders.filter(({ ripeAtMs }) => ripeAtMs <= pass.nowMs);
  let hasProgressed = false;
  for (const newcomer of ripe) hasProgressed = resolveByInode(pass, newcomer) || hasProgressed;
  if (hasProgressed || pass.hasQueue) return true;
  const open = ripe.filter(({ isResolved }) => !isResolved).filter((n) => !isBlocked(pass, n));
  const gone = goneFolders(pass);
  // Plainly new ones first: what is found in them may claim the rows that the others would take.
  for (const newcomer of open) {
    if (newcomer.displaced !== undefined || similarTo(pass, newcomer, gone).length > 0) continue;
    addFolder(pass, newcomer);
    hasProgressed = true;
  }
  if (hasProgressed) return true;
  // While others are not ripe, one of them may be the folder that left this slot.
  if (folders.length > ripe.length) return false;
  const [first] = open;
  if (first === undefined) return false;
  keepSlotOrContent(pass, first, gone);
  return true;
}

/** Rule 1, and rule 2 with similarity in the place of content. */
function resolveByInode(pass: PassState, newcomer: Newcomer): boolean {
  const { tree, foreign, caps } = pass.options;
  const { stat } = newcomer.entry;
  const seen = sightingOf('folder', stat);
  for (const row of tree.byInode(stat.ino)) {
    const verdict = judgeInode(row, seen, caps.birthtime);
    if (verdict === 'different') continue;
    const place = whereabouts(pass, row);
    if (place === 'unlisted') return true;
    const isFree = place === 'empty' || place === 'taken';
    if (!isFree || (verdict === 'ask' && !isLike(pass, newcomer, row))) continue;
    adopt(pass, newcomer, row);
    return true;
  }
  for (const row of foreign?.byInode(stat.ino) ?? []) {
    if (judgeInode(row, seen, caps.birthtime) !== 'same' || foreign?.vacated(row.id) !== true) {
      continue;
    }
    foreign.release(row.id);
    adopt(pass, newcomer, row);
    return true;
  }
  return false;
}

function isBlocked(pass: PassState, { entry }: Newcomer): boolean {
  return pass.options.tree
    .byInode(entry.stat.ino)
    .some((row) => row.kind === 'folder' && whereabouts(pass, row) === 'blocked');
}

/** The row moved here with all that is below it. */
function adopt(pass: PassState, newcomer: Newcomer, row: LocalRow): void {
  const before = pass.pathOf(row.id);
  const isBack = row.state === 'gone' || row.state === 'detached';
  const at = { parent: newcomer.folder, name: newcomer.entry.name };
  writeEntry(pass, row, newcomer.entry, {}, at);
  claim(pass, newcomer, row);
  pass.moved(before, newcomer.entry.path);
  pass.enqueue(row.id, pass.isFull || isBack || before === undefined);
}

function claim(pass: PassState, newcomer: Newcomer, row: LocalRow): void {
  pass.claimed.add(row.id);
  pass.found(row.id);
  pass.resolve(newcomer);
}

function addFolder(pass: PassState, newcomer: Newcomer): void {
  const { entry, folder } = newcomer;
  const id = pass.options.tree.allocate();
  const { name, kind, stat } = entry;
  writeNew(pass, { id, folder, name, kind, stat, state: 'seen' });
  pass.resolve(newcomer);
  pass.enqueue(id, true);
}

/** A folder made anew at the slot of one that is nowhere is that folder; else rule 3. */
function keepSlotOrContent(pass: PassState, newcomer: Newcomer, gone: readonly LocalRow[]): void {
  const { displaced, entry } = newcomer;
  const [only, ...others] = similarTo(pass, newcomer, gone);
  const isFree = displaced?.kind === 'folder' && !pass.claimed.has(displaced.id);
  if (isFree) {
    writeEntry(pass, displaced, entry, {});
    claim(pass, newcomer, displaced);
    pass.enqueue(displaced.id, true);
  } else if (only !== undefined && others.length === 0) adopt(pass, newcomer, only);
  else addFolder(pass, newcomer);
}

/** Folders with a remote identity that are nowhere: missing in this pass, or gone in an earlier one. */
function goneFolders(pass: PassState): readonly LocalRow[] {
  const { tree } = pass.options;
  const missing = [...pass.missing.values()]
    .filter(({ row, isTaken }) => row.kind === 'folder' && !isTaken && tree.isPaired(row.id))
    .map(({ row }) => row);
  return [...missing, ...tree.goneFolders()].filter(({ id }) => !pass.claimed.has(id));
}

function similarTo(
  pass: PassState,
  { entry }: Newcomer,
  gone: readonly LocalRow[],
): readonly LocalRow[] {
  if (gone.length === 0) return [];
  const traits = traitsOnDisk(pass, entry.path);
  return gone.filter((row) => isSimilarFolder(traits, traitsOfRows(pass, row)));
}

function isLike(pass: PassState, { entry }: Newcomer, row: LocalRow): boolean {
  const known = traitsOfRows(pass, row);
  const traits = traitsOnDisk(pass, entry.path);
  return (known.length === 0 && traits.length === 0) || isSimilarFolder(traits, known);
}

function traitsOfRows(pass: PassState, row: LocalRow): readonly ChildTrait[] {
  const { tree } = pass.options;
  const rows = row.state === 'gone' ? tree.goneChildren(row.id) : tree.children(row.id);
  return rows.map(({ name, kind, size }) => ({ name, size: kind === 'file' ? size : 0 }));
}

function traitsOnDisk(pass: PassState, path: string): readonly ChildTrait[] {
  const { fileSystem } = pass.options;
  const absolute = pass.absolute(path);
  try {
    const names = fileSystem.readFolder(absolute);
    if (names.length > TRAITS_MAX) return [];
    return names.flatMap((name) => {
      const stat: EntryStat | undefined =
        typeof name === 'string' ? fileSystem.lstat(`${absolute}/${name}`) : undefined;
      if (stat === undefined || typeof name !== 'string') return [];
      return [{ name, size: stat.type === 'file' ? stat.size : 0 }];
    });
  } catch (error) {
    if (error instanceof LocalFault) return [];
    throw error;
  }
}
