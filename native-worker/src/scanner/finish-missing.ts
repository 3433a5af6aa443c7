/** The end of a pass: rows whose entries are nowhere are gone, unless something may still explain them. */
import { SETTLE_MS_MIN, SLOT_GAP_MS } from '../limits.ts';
import { nameKey } from '../planner/name-key.ts';
import type { LocalId } from '../planner/types.ts';
import { LocalFault, type EntryStat } from '../ports/index.ts';
import { sightingOf, type LookEntry } from './folder-look.ts';
import { judgeInode } from './identity.ts';
import type { LocalRow } from './local-tree-writer.ts';
import { statAtPlace } from './old-places.ts';
import type { Missing, PassState } from './pass-state.ts';
import type { Steps } from './visit.ts';

/** Entries looked at in ignored folders when a synced entry may have been moved into one. */
const IGNORED_ENTRIES_MAX = 10_000;
const ROWS_PER_BATCH = 256;

/**
 * `isRootThere` is asked after the last look of each batch and before anything of it is marked: entries
 * of a root that went away during the batch are absent, too.
 */
export function* finishMissing(pass: PassState, isRootThere: () => boolean): Steps<void> {
  const ignored = new IgnoredInodes(pass);
  const open = new OpenEntries(pass);
  const missing = [...pass.missing.values()];
  for (let from = 0; from < missing.length; from += ROWS_PER_BATCH) {
    const marks = missing
      .slice(from, from + ROWS_PER_BATCH)
      .flatMap((each) => judge(pass, each, open, ignored) ?? []);
    if (!isRootThere()) {
      pass.rootLost = true;
      return;
    }
    for (const { row, state } of marks) {
      pass.memory.missingSince.delete(row.id);
      pass.memory.slotWaits.delete(row.id);
      // It may have gone with a folder above it.
      if (pass.options.tree.byId(row.id)?.state !== 'gone') pass.mark(row.id, state);
    }
    yield 0;
  }
}

interface Mark {
  readonly row: LocalRow;
  readonly state: 'gone' | 'detached';
}

/** True when a row with a remote identity would turn `gone`: it may have moved behind the scan. */
export function isAnyLost(pass: PassState): boolean {
  const open = new OpenEntries(pass);
  const { tree } = pass.options;
  return pass.missing
    .values()
    .some((each) => tree.isPaired(each.row.id) && lostRow(pass, each, open) !== undefined);
}

function judge(
  pass: PassState,
  missing: Missing,
  open: OpenEntries,
  ignored: IgnoredInodes,
): Mark | undefined {
  const { tree } = pass.options;
  const row = lostRow(pass, missing, open);
  if (row === undefined) return undefined;
  const isDetached = tree.isPaired(row.id) && row.state !== 'detached' && ignored.has(row);
  return { row, state: isDetached ? 'detached' : 'gone' };
}

/** The row, unless something may still explain why it is missing: then its folder is looked at later. */
function lostRow(pass: PassState, missing: Missing, open: OpenEntries): LocalRow | undefined {
  const { tree } = pass.options;
  const row = tree.byId(missing.row.id);
  // It went with a folder above it, or was moved by an operation meanwhile.
  if (row === undefined || row.state === 'gone' || !isSameSlot(row, missing.row)) return undefined;
  const openUntilMs = open.untilMs(row);
  if (openUntilMs !== undefined) {
    pass.memory.dueAt(row.parent, openUntilMs);
    return undefined;
  }
  // One that is over was not read again: it is missing itself.
  const recheckMs = Math.max(...pass.memory.rechecks.values());
  if (!missing.isTaken && recheckMs > pass.nowMs) {
    pass.memory.dueAt(row.parent, recheckMs);
    return undefined;
  }
  if (!missing.isTaken && !isAbsent(pass, row)) {
    pass.memory.dueAt(row.parent, pass.nowMs + SETTLE_MS_MIN);
    return undefined;
  }
  if (!pass.isFull && !missing.isTaken && pass.memory.doubted.has(row.parent)) {
    pass.memory.isFullDue = true;
    return undefined;
  }
  const { mayLookAtMs } = pass.memory.listedTimes;
  const isLookedFor = pass.isFull || pass.looksBehind > 0 || pass.nowMs >= mayLookAtMs;
  if (!isLookedFor && tree.isPaired(row.id)) {
    pass.memory.dueAt(row.parent, mayLookAtMs);
    return undefined;
  }
  return row;
}

function isSameSlot(a: LocalRow, b: Missing['row']): boolean {
  return a.parent === b.parent && a.name === b.name;
}

/**
 * Asked once more at the moment of the decision. What cannot be asked is not absent, but where its name
 * never can be: then the listing that lacked it is all there is.
 */
function isAbsent(pass: PassState, row: LocalRow): boolean {
  const stat = statAtPlace(pass, row);
  if (stat === 'unknown') return false;
  return stat === undefined || stat === 'unnameable' || isOtherSpelling(pass, row, stat);
}

/** True when the disk answers to the row's name with an entry that it lists, and a row has, under another spelling. */
function isOtherSpelling({ options }: PassState, row: LocalRow, { ino }: EntryStat): boolean {
  const { tree, caps } = options;
  return tree
    .byInode(ino)
    .some(
      ({ parent, name, state }) =>
        state === 'seen' &&
        parent === row.parent &&
        name !== row.name &&
        nameKey(name, caps) === nameKey(row.name, caps),
    );
}

/** Entries that are not decided on: one of them may be a missing row's, or take its slot. */
class OpenEntries {
  readonly #pass: PassState;
  readonly #displaced = new Set<LocalId>();
  readonly #sizes = new Set<number>();
  /** Folders that one of them may have left: what is gone with its folder is gone, too. */
  readonly #left = new Set<LocalId>();
  /** When the first of them is looked at again: missing rows are judged anew in the same pass. */
  readonly #nextMs: number;
  #hasFolder = false;

  constructor(pass: PassState) {
    this.#pass = pass;
    let nextMs = Infinity;
    for (const { entry, displaced, folder } of pass.newcomers.values()) {
      nextMs = Math.min(nextMs, pass.memory.due.get(folder) ?? 0);
      if (displaced !== undefined) this.#displaced.add(displaced.id);
      if (entry.kind === 'folder') this.#hasFolder = true;
      if (entry.kind === 'file') this.#sizes.add(entry.stat.size);
      this.#noteLeft(entry);
    }
    const soonMs = pass.nowMs + SETTLE_MS_MIN;
    this.#nextMs = nextMs === Infinity ? soonMs : Math.max(soonMs, nextMs);
  }

  /** When to look again, while one of them may be the row's; undefined: none can be. */
  untilMs(row: LocalRow): number | undefined {
    const { memory } = this.#pass;
    if (!this.#pass.hasWaited(row.id)) return memory.slotWaits.get(row.id) ?? this.#nextMs;
    return this.#mayBe(row) ? this.#nextMs : undefined;
  }

  #mayBe(row: LocalRow): boolean {
    const { memory, nowMs } = this.#pass;
    if (this.#displaced.has(row.id) || this.#left.has(row.id)) return true;
    if (this.#hasInodeOf(row)) return true;
    const sinceMs = memory.missingSince.get(row.id);
    if (sinceMs !== undefined && nowMs - sinceMs >= SLOT_GAP_MS) return false;
    // A folder that was not looked into yet may hold anything; a file of this size may be a copy.
    return this.#hasFolder || (row.kind === 'file' && row.size > 0 && this.#sizes.has(row.size));
  }

  #noteLeft({ kind, stat }: LookEntry): void {
    const { tree, caps } = this.#pass.options;
    const seen = sightingOf(kind, stat);
    for (const row of tree.byInode(stat.ino)) {
      if (row.state === 'gone' || judgeInode(row, seen, caps.birthtime) === 'different') continue;
      for (let at = tree.byId(row.parent); at !== undefined && at.id !== tree.root;) {
        this.#left.add(at.id);
        at = tree.byId(at.parent);
      }
    }
  }

  #hasInodeOf(row: LocalRow): boolean {
    const { birthtime } = this.#pass.options.caps;
    return this.#pass
      .newcomersWithInode(row.ino)
      .some(
        ({ entry, isResolved }) =>
          !isResolved &&
          judgeInode(row, sightingOf(entry.kind, entry.stat), birthtime) !== 'different',
      );
  }
}

/** Inodes of what rule files ignore: where it was moved to, its row is detached and both sides keep theirs. */
class IgnoredInodes {
  readonly #pass: PassState;
  #stats: Map<bigint, EntryStat> | undefined;

  constructor(pass: PassState) {
    this.#pass = pass;
  }

  /** A number alone is no proof: without birth times another entry may have got it. */
  has(row: LocalRow): boolean {
    this.#stats ??= this.#collect();
    const stat = this.#stats.get(row.ino);
    if (stat === undefined || stat.type === 'special') return false;
    const { birthtime } = this.#pass.options.caps;
    const verdict = judgeInode(row, sightingOf(stat.type, stat), birthtime);
    return verdict === 'same' || (verdict === 'ask' && row.kind === 'folder');
  }

  #collect(): Map<bigint, EntryStat> {
    const { memory, options, ignoredInodes } = this.#pass;
    const stats = new Map(ignoredInodes);
    const folders = [...memory.ignoredFolders];
    for (const folder of folders) {
      const absolute = this.#pass.absolute(folder);
      for (const name of namesIn(this.#pass, absolute)) {
        if (stats.size >= IGNORED_ENTRIES_MAX) return stats;
        const stat = attempt(() => options.fileSystem.lstat(`${absolute}/${name}`));
        if (stat === undefined) continue;
        stats.set(stat.ino, stat);
        if (stat.type === 'folder') folders.push(`${folder}/${name}`);
      }
    }
    return stats;
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
