/** The end of a pass: rows whose entries are nowhere are gone, unless something may still explain them. */
import { SETTLE_MS_MIN, SLOT_GAP_MS } from '../limits.ts';
import { LocalFault } from '../ports/index.ts';
import { sightingOf } from './folder-look.ts';
import { judgeInode } from './identity.ts';
import type { LocalRow } from './local-tree-writer.ts';
import { statAtPlace } from './old-places.ts';
import type { Missing, PassState } from './pass-state.ts';

/** Entries looked at in ignored folders when a synced entry may have been moved into one. */
const IGNORED_ENTRIES_MAX = 10_000;

export function finishMissing(pass: PassState): void {
  const { tree } = pass.options;
  const ignored = new IgnoredInodes(pass);
  for (const missing of pass.missing.values()) {
    const row = tree.byId(missing.row.id);
    // It went with a folder above it, or was moved by an operation meanwhile.
    if (row === undefined || row.state === 'gone' || !isSameSlot(row, missing.row)) continue;
    if (isOpen(pass, row) || (!missing.isTaken && !isAbsent(pass, row))) {
      pass.memory.dueAt(row.parent, pass.nowMs + SETTLE_MS_MIN);
      continue;
    }
    const isDetached = tree.isPaired(row.id) && row.state !== 'detached' && ignored.has(row);
    pass.mark(row.id, isDetached ? 'detached' : 'gone');
    pass.memory.missingSince.delete(row.id);
    pass.memory.slotWaits.delete(row.id);
  }
}

function isSameSlot(a: LocalRow, b: Missing['row']): boolean {
  return a.parent === b.parent && a.name === b.name;
}

/** Asked once more at the moment of the decision. What cannot be asked is not absent. */
function isAbsent(pass: PassState, row: LocalRow): boolean {
  return statAtPlace(pass, row) === undefined;
}

/** True while an entry that is not decided on may be this row's, or take its slot. */
function isOpen(pass: PassState, row: LocalRow): boolean {
  const { memory, nowMs, options } = pass;
  if (!pass.hasWaited(row.id)) {
    memory.dueAt(row.parent, memory.slotWaits.get(row.id) ?? nowMs);
    return true;
  }
  const sinceMs = memory.missingSince.get(row.id);
  const isNew = sinceMs === undefined || nowMs - sinceMs < SLOT_GAP_MS;
  for (const { entry, displaced } of pass.newcomers.values()) {
    if (displaced?.id === row.id) return true;
    const seen = sightingOf(entry.kind, entry.stat);
    if (judgeInode(row, seen, options.caps.birthtime) !== 'different') return true;
    if (!isNew) continue;
    // A folder that was not looked into yet may hold anything; a file of this size may be a copy.
    if (entry.kind === 'folder') return true;
    if (row.kind === 'file' && row.size > 0 && seen.size === row.size) return true;
  }
  return false;
}

/** Inodes of what rule files ignore: where it was moved to, its row is detached and both sides keep theirs. */
class IgnoredInodes {
  readonly #pass: PassState;
  #births: Map<bigint, bigint> | undefined;

  constructor(pass: PassState) {
    this.#pass = pass;
  }

  has(row: LocalRow): boolean {
    this.#births ??= this.#collect();
    const birthNs = this.#births.get(row.ino);
    return birthNs !== undefined && (!this.#pass.options.caps.birthtime || birthNs === row.birthNs);
  }

  #collect(): Map<bigint, bigint> {
    const { memory, options, ignoredInodes } = this.#pass;
    const births = new Map<bigint, bigint>();
    for (const [ino, { birthNs }] of ignoredInodes) births.set(ino, birthNs);
    const folders = [...memory.ignoredFolders];
    for (const folder of folders) {
      const absolute = this.#pass.absolute(folder);
      for (const name of namesIn(this.#pass, absolute)) {
        if (births.size >= IGNORED_ENTRIES_MAX) return births;
        const stat = attempt(() => options.fileSystem.lstat(`${absolute}/${name}`));
        if (stat === undefined) continue;
        births.set(stat.ino, stat.birthNs);
        if (stat.type === 'folder') folders.push(`${folder}/${name}`);
      }
    }
    return births;
  }
}

function namesIn({ options }: PassState, absolute: string): readonly string[] {
  const names = attempt(() => options.fileSystem.readFolder(absolute)) ?? [];
  return names.filter((name) => typeof name === 'string');
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof LocalFault) return undefined;
    throw error;
  }
}
