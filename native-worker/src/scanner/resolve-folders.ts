/** Folders at new slots: found again by inode, kept by slot, recognised by what they hold, or new. */
import { LocalFault, type EntryStat } from '../ports/index.ts';
import { isSimilarFolder, type ChildTrait } from '../planner/folder-traits.ts';
import { sightingOf } from './folder-look.ts';
import { judgeInode } from './identity.ts';
import type { LocalRow } from './local-tree-writer.ts';
import { whereabouts } from './old-places.ts';
import type { Newcomer, PassState } from './pass-state.ts';
import { writeEntry, writeNew } from './write-entry.ts';

/** Rule 3 reads no more children than this; a larger folder is new. */
const TRAITS_MAX = 10_000;
/** Gone folders with one same child that are compared: what everybody has (`.gitignore`) tells nothing. */
const CANDIDATES_MAX = 100;

/** One step: true when something was decided or put into the queue, false when nothing is left to do. */
export function resolveFolders(pass: PassState): boolean {
  const folders = [...pass.newcomers.values()].filter(({ entry }) => entry.kind === 'folder');
  const ripe = folders.filter(({ ripeAtMs }) => ripeAtMs <= pass.nowMs);
  let hasProgressed = false;
  for (const newcomer of ripe) hasProgressed = resolveByInode(pass, newcomer) || hasProgressed;
  if (hasProgressed || pass.hasQueue) return true;
  const open = ripe.filter(({ isResolved }) => !isResolved).filter((n) => !isBlocked(pass, n));
  if (open.length === 0) return false;
  const gone = new GoneFolders(pass);
  // Plainly new ones first: what is found in them may claim the rows that the others would take.
  for (const newcomer of open) {
    if (newcomer.displaced !== undefined || gone.similarTo(newcomer).length > 0) continue;
    addFolder(pass, newcomer);
    hasProgressed = true;
  }
  if (hasProgressed) return true;
  // While others are not ripe, one of them may be the folder that left this slot.
  if (folders.length > ripe.length) {
    const atMs = Math.max(...folders.map(({ ripeAtMs }) => ripeAtMs));
    for (const { folder } of open) pass.memory.dueAt(folder, atMs);
    return false;
  }
  for (const newcomer of open) hasProgressed = keepSlot(pass, newcomer) || hasProgressed;
  if (hasProgressed) return true;
  const [first] = open;
  if (first === undefined) return false;
  const [only, ...others] = gone.similarTo(first);
  if (only !== undefined && others.length === 0) adopt(pass, first, only);
  else addFolder(pass, first);
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
  const isBack = row.state !== 'seen' && row.state !== 'unknown';
  if (row.state === 'gone') pass.memory.returned.set(row.id, pass.nowMs);
  const at = { parent: newcomer.folder, name: newcomer.entry.name };
  writeEntry(pass, row, newcomer.entry, {}, at);
  claim(pass, newcomer, row);
  pass.adopted.add(row.id);
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

/** A folder made anew at the slot of one that is nowhere is that folder. */
function keepSlot(pass: PassState, newcomer: Newcomer): boolean {
  const { displaced, entry } = newcomer;
  if (displaced?.kind !== 'folder' || pass.claimed.has(displaced.id)) return false;
  if (displaced.state === 'gone') pass.memory.returned.set(displaced.id, pass.nowMs);
  writeEntry(pass, displaced, entry, {});
  claim(pass, newcomer, displaced);
  pass.enqueue(displaced.id, true);
  return true;
}

/**
 * Folders with a remote identity that are nowhere: missing in this pass, or gone in an earlier one. Found
 * by what was in them, so that a thousand new folders are not compared with a thousand gone ones.
 */
class GoneFolders {
  readonly #pass: PassState;
  readonly #byTrait = new Map<string, LocalRow[]>();

  constructor(pass: PassState) {
    this.#pass = pass;
    const { tree } = pass.options;
    for (const { row, isTaken } of pass.missing.values()) {
      if (row.kind === 'folder' && !isTaken && tree.isPaired(row.id)) this.#add(row);
    }
    for (const row of tree.goneFolders()) this.#add(row);
  }

  /** Rule 3. */
  similarTo({ entry }: Newcomer): readonly LocalRow[] {
    if (this.#byTrait.size === 0) return [];
    const traits = traitsOnDisk(this.#pass, entry.path);
    const candidates = new Set(traits.flatMap((trait) => this.#byTrait.get(keyOf(trait)) ?? []));
    return [...candidates].filter(
      (row) =>
        !this.#pass.claimed.has(row.id) && isSimilarFolder(traits, traitsOfRows(this.#pass, row)),
    );
  }

  #add(row: LocalRow): void {
    if (this.#pass.claimed.has(row.id)) return;
    for (const trait of traitsOfRows(this.#pass, row)) {
      const rows = this.#byTrait.get(keyOf(trait));
      if (rows === undefined) this.#byTrait.set(keyOf(trait), [row]);
      else if (rows.length < CANDIDATES_MAX) rows.push(row);
    }
  }
}

function keyOf({ name, size }: ChildTrait): string {
  return `${size}/${name}`;
}

function isLike(pass: PassState, { entry }: Newcomer, row: LocalRow): boolean {
  const known = traitsOfRows(pass, row);
  const traits = traitsOnDisk(pass, entry.path);
  return (known.length === 0 && traits.length === 0) || isSimilarFolder(traits, known);
}

function traitsOfRows(pass: PassState, row: LocalRow): readonly ChildTrait[] {
  const known = pass.traits.get(row.id);
  if (known !== undefined) return known;
  const { tree } = pass.options;
  const rows = row.state === 'gone' ? tree.goneChildren(row.id) : tree.children(row.id);
  const traits = rows.map(({ name, kind, size }) => ({ name, size: kind === 'file' ? size : 0 }));
  pass.traits.set(row.id, traits);
  return traits;
}

function traitsOnDisk(pass: PassState, path: string): readonly ChildTrait[] {
  const known = pass.traits.get(path);
  if (known !== undefined) return known;
  const traits = readTraits(pass, path);
  pass.traits.set(path, traits);
  return traits;
}

function readTraits(pass: PassState, path: string): readonly ChildTrait[] {
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
