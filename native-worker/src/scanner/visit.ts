/** Visiting one folder: what is unchanged stays, what is plainly new or edited is written, the rest waits. */
import type { LocalId } from '../planner/types.ts';
import type { EntryStat } from '../ports/index.ts';
import { isFolderIgnored } from './ignore.ts';
import { lookAtFolder, sightingOf, type FolderLook, type LookEntry } from './folder-look.ts';
import { judgeInode } from './identity.ts';
import type { LocalRow } from './local-tree-writer.ts';
import { RowsOfFolder } from './rows-of-folder.ts';
import { changedAtMs, isRecent, slotKey, type Newcomer, type PassState } from './pass-state.ts';
import { provenCtimeNs } from './racy.ts';
import { settleMsMin } from './settle.ts';
import { noteOutside, takeContent, takeTarget } from './take-content.ts';
import { writeEntry, writeNew } from './write-entry.ts';
import { areAllPresent, isSecondName } from './old-places.ts';

/** Steps of work that yield now and then; the numbers say nothing. */
export type Steps<T> = Generator<number, T, undefined>;

const UNREADABLE_RETRY_MS = 10_000;
const RECHECK_MS = 1000;
type ReadLook = Extract<FolderLook, { kind: 'read' }>;

/** Visits all folders that wait for it. */
export function* visitAll(pass: PassState): Steps<void> {
  for (let item = pass.next(); item !== undefined; item = pass.next()) {
    yield* visit(pass, item.id, item.deep);
    if (pass.rootLost) return;
    yield 0;
  }
}

function* visit(pass: PassState, id: LocalId, deep: boolean): Steps<void> {
  const { tree, fileSystem, caps, beforeFolder } = pass.options;
  const row = tree.byId(id);
  const path = pass.pathOf(id);
  if (row === undefined || row.state === 'gone' || path === undefined) return;
  // What an operation points at may be ignored: then all that is in it is, whatever its names are.
  if (row.state === 'detached' && isFolderIgnored(pass.rules, path)) return;
  pass.memory.rechecks.delete(id);
  beforeFolder?.(path);
  const rows = new RowsOfFolder(tree.children(id), caps.normalising);
  const look = yield* lookAtFolder({
    fileSystem,
    rules: pass.rules,
    absolute: pass.absolute(path),
    path,
    rootDev: pass.rootDev,
    isExpected: (stat) =>
      judgeInode(row, sightingOf('folder', stat), caps.birthtime) !== 'different',
    isKnown: (name) => rows.has(name),
    ruleFileChanged: (stat) => pass.memory.ruleFileChanged(path, stat),
    normalising: caps.normalising,
  });
  pass.counts.folders++;
  if (look.kind === 'absent') absentFolder(pass, row);
  else if (look.kind === 'unreadable') unreadableFolder(pass, row);
  else yield* readFolder(pass, row, rows, look, deep);
}

/** The row's folder is not at its path: its parent tells where it went. */
function absentFolder(pass: PassState, row: LocalRow): void {
  if (row.id === pass.options.tree.root) pass.rootLost = true;
  else pass.slotEmptied(row, false);
  if (pass.visited.has(row.parent)) pass.memory.dueAt(row.parent, pass.nowMs + settleMsMin(1n));
  else pass.enqueue(row.parent, false);
}

function unreadableFolder(pass: PassState, row: LocalRow): void {
  const isRoot = row.id === pass.options.tree.root;
  if (isRoot) pass.rootLost = true;
  else if (row.state === 'seen') pass.mark(row.id, 'unknown');
  pass.stall(row.id, { reason: 'FolderUnreadable', name: '', local: row.id, detail: '' });
  // Most such faults are over in a moment. What is missing until then may have moved into it.
  const isFirst = !isRoot && row.state === 'seen';
  const atMs = pass.nowMs + (isFirst ? RECHECK_MS : UNREADABLE_RETRY_MS);
  if (isFirst) pass.memory.rechecks.set(row.id, atMs);
  if (isFirst) pass.memory.dueAt(row.id, atMs);
  else pass.memory.tryAgainAt(row.id, atMs);
}

function* readFolder(
  pass: PassState,
  row: LocalRow,
  rows: RowsOfFolder,
  look: ReadLook,
  deep: boolean,
): Steps<void> {
  noteListed(pass, row.id, look.stat);
  // Adopted again when something that is not ignored is in it (engine §5.5).
  if (row.state === 'hollow' && look.entries.length === 0) return;
  if (row.state === 'detached' || row.state === 'hollow') pass.write({ ...row, state: 'seen' });
  const isDeep = deep || look.rulesChanged || row.state !== 'seen';
  if (row.state === 'unknown') pass.write({ ...row, state: 'seen' });
  pass.listed.add(row.id);
  pass.counts.entries += look.entries.length;
  if (!pass.stalls.has(row.id)) pass.stalls.set(row.id, []);
  const changed: { entry: LookEntry; row: LocalRow }[] = [];
  const fresh: LookEntry[] = [];
  for (const entry of look.entries) {
    const known = rows.take(entry.name, (row) => isSameEntry(pass, row, entry));
    noteStalls(pass, row.id, entry, known);
    if (known === undefined) {
      fresh.push(entry);
    } else if (isSameEntry(pass, known, entry)) {
      // One that was away may be another with the same number.
      const wasAway = pass.seenAgain(known.id);
      if (entry.kind !== 'file') pass.memory.unproven.delete(known.id);
      if (entry.kind === 'folder') knownFolder(pass, known, entry, isDeep || wasAway);
      else if (!isUnchanged(known, entry) || pass.memory.unproven.has(known.id))
        changed.push({ entry, row: known });
      if (entry.stat.links > 1 && entry.stat.ctimeNs !== known.ctimeNs) otherNames(pass, known);
    } else displaced(pass, row.id, entry, known);
  }
  ignoredEntries(pass, rows, look);
  unholdableEntries(pass, row.id, rows, look);
  missingRows(pass, rows, look);
  for (const { entry, row } of changed) yield* changedEntry(pass, row, entry);
  const before = goneBefore(pass, row.id, rows);
  for (const entry of fresh)
    yield* freshEntry(pass, row.id, entry, before.get(rows.keyOf(entry.name)));
}

function noteListed({ memory, options }: PassState, folder: LocalId, stat: EntryStat): void {
  const { clock, caps } = options;
  memory.listedTimes.listed(folder, provenCtimeNs(stat, clock.now(), caps.mtimeGranNs));
}

/** In a folder that is back, the rows that went with it, by name. */
function goneBefore(
  pass: PassState,
  folder: LocalId,
  rows: RowsOfFolder,
): ReadonlyMap<string, LocalRow> {
  if (!pass.memory.returned.has(folder)) return new Map();
  return new Map(pass.options.tree.goneChildren(folder).map((row) => [rows.keyOf(row.name), row]));
}

function isSameEntry(pass: PassState, row: LocalRow, entry: LookEntry): boolean {
  if (row.kind !== entry.kind || row.ino !== entry.stat.ino) return false;
  if (!pass.options.caps.birthtime || row.birthNs === 0n || entry.stat.birthNs === 0n) return true;
  return row.birthNs === entry.stat.birthNs;
}

function isUnchanged(row: LocalRow, { kind, stat }: LookEntry): boolean {
  return (
    row.state === 'seen' &&
    row.mtimeNs === stat.mtimeNs &&
    row.ctimeNs === stat.ctimeNs &&
    row.mode === stat.mode &&
    (kind === 'symlink' ? row.target !== null : row.size === stat.size && row.sha256 !== null)
  );
}

function knownFolder(pass: PassState, row: LocalRow, entry: LookEntry, deep: boolean): void {
  if (row.birthNs !== entry.stat.birthNs) pass.write({ ...row, birthNs: entry.stat.birthNs });
  if (deep || row.state !== 'seen') pass.enqueue(row.id, deep || row.state !== 'seen');
}

/** A file changed by one of its names: the folders of the others are told of nothing. */
function otherNames(pass: PassState, { id, kind, ino }: LocalRow): void {
  if (kind !== 'file') return;
  for (const other of pass.options.tree.byInode(ino)) {
    if (other.id !== id && other.state === 'seen') pass.enqueue(other.parent, false);
  }
}

/** Another entry is at the slot of a row. */
function displaced(pass: PassState, folder: LocalId, entry: LookEntry, row: LocalRow): void {
  const taker = newcomerOf(pass, folder, entry, row);
  pass.missing.set(row.id, { row, isTaken: true, taker });
  pass.slotEmptied(row, false);
  pass.addNewcomer(taker);
}

function newcomerOf(
  pass: PassState,
  folder: LocalId,
  entry: LookEntry,
  displaced: LocalRow | undefined,
): Newcomer {
  const { memory, nowMs, options } = pass;
  const key = slotKey(folder, entry.name);
  const firstMs = memory.firstSeen.get(key) ?? changedAtMs(entry.stat, nowMs);
  const ripeAtMs = firstMs + settleMsMin(options.caps.mtimeGranNs);
  if (ripeAtMs > nowMs) {
    memory.firstSeen.set(key, firstMs);
    memory.dueAt(folder, ripeAtMs);
  }
  return {
    folder,
    entry,
    displaced,
    ripeAtMs,
    taken: undefined,
    isTried: false,
    isResolved: false,
  };
}

function noteStalls(
  pass: PassState,
  folder: LocalId,
  entry: LookEntry,
  row: LocalRow | undefined,
): void {
  const { name, stat, kind } = entry;
  if (row?.kind === 'file' && stat.links > 1 && isSecondName(pass, row, stat)) {
    pass.stall(folder, { reason: 'HardLinkCopied', name, local: row.id, detail: '' });
  }
  if (kind === 'symlink' && row !== undefined) noteOutside(pass, folder, entry, row.target);
}

function ignoredEntries(pass: PassState, rows: RowsOfFolder, look: ReadLook): void {
  for (const { name, path, stat, isBuiltIn } of look.ignored) {
    const row = rows.take(name, () => true);
    if (row !== undefined && row.state !== 'detached') pass.mark(row.id, 'detached');
    if (isBuiltIn) continue;
    pass.ignoredInodes.set(stat.ino, stat);
    if (stat.type === 'folder') pass.memory.ignoredFolders.add(path);
  }
}

function unholdableEntries(
  pass: PassState,
  folder: LocalId,
  rows: RowsOfFolder,
  look: ReadLook,
): void {
  for (const { name, shown, reason, kind, stat } of look.unholdable) {
    if (name === '') {
      pass.stall(folder, { reason, name: shown, local: null, detail: '' });
      continue;
    }
    const known = rows.take(name, () => true);
    const id = known?.id ?? pass.options.tree.allocate();
    pass.stall(folder, { reason, name: shown, local: id, detail: '' });
    if (known === undefined) writeNew(pass, { id, folder, name, kind, stat, state: 'unknown' });
    else if (known.state !== 'unknown') pass.mark(known.id, 'unknown');
  }
}

function missingRows(pass: PassState, rows: RowsOfFolder, look: ReadLook): void {
  const isBusy = (stat: EntryStat): boolean => stat.type === 'file' && isRecent(stat, pass.nowMs);
  const isFolderRecent =
    look.entries.some(({ stat }) => isBusy(stat)) || look.ignored.some(({ stat }) => isBusy(stat));
  // Two rows had the slot, and the other one has it now.
  const names = rows.hadDoubles
    ? new Set(look.entries.map(({ name }) => rows.keyOf(name)))
    : undefined;
  const isDouble = (row: LocalRow): boolean => names?.has(rows.keyOf(row.name)) === true;
  const raced = new Set([...look.raced].map((name) => rows.keyOf(name)));
  for (const row of rows.rest()) {
    if (raced.has(rows.keyOf(row.name))) {
      pass.memory.dueAt(row.parent, pass.nowMs + settleMsMin(1n));
      continue;
    }
    const isTaken = isDouble(row);
    pass.missing.set(row.id, { row, isTaken });
    pass.slotEmptied(row, isFolderRecent && !isTaken);
  }
}

/** The entry of the row, with other content, times or mode. */
function* changedEntry(pass: PassState, row: LocalRow, entry: LookEntry): Steps<void> {
  if (entry.kind === 'symlink') {
    const target = takeTarget(pass, row.parent, entry);
    if (target !== undefined) writeEntry(pass, row, entry, { target });
    return;
  }
  const content = yield* takeContent(pass, row.parent, entry);
  if (content.kind === 'taken') {
    writeEntry(pass, row, { ...entry, stat: content.stat }, { sha256: content.sha256 });
    pass.memory.unproven.delete(row.id);
  } else if (content.kind === 'unreadable' && row.state !== 'unknown') {
    pass.mark(row.id, 'unknown');
  }
}

/** An entry at an empty slot: written at once where no row can be meant by it, else decided later. */
function* freshEntry(
  pass: PassState,
  folder: LocalId,
  entry: LookEntry,
  before: LocalRow | undefined,
): Steps<void> {
  const newcomer = newcomerOf(
    pass,
    folder,
    entry,
    before?.kind === entry.kind ? before : undefined,
  );
  const { tree, foreign } = pass.options;
  const { ino } = entry.stat;
  const isPlain =
    entry.kind === 'file' &&
    newcomer.displaced === undefined &&
    tree.byInode(ino).length === 0 &&
    (foreign?.byInode(ino).length ?? 0) === 0;
  if (!isPlain) {
    pass.addNewcomer(newcomer);
    return;
  }
  const content = yield* takeContent(pass, folder, entry);
  newcomer.isTried = true;
  if (content.kind === 'taken') newcomer.taken = content;
  const { taken } = newcomer;
  if (content.kind === 'unreadable') {
    const { name, kind, stat } = entry;
    writeNew(pass, { id: tree.allocate(), folder, name, kind, stat, state: 'unknown' });
    return;
  }
  const isNew =
    taken !== undefined &&
    (taken.stat.size === 0 || areAllPresent(pass, tree.byContent(taken.sha256, taken.stat.size)));
  if (!isNew) pass.addNewcomer(newcomer);
  else {
    const { name, kind } = entry;
    const { stat, sha256 } = taken;
    writeNew(pass, { id: tree.allocate(), folder, name, kind, stat, sha256, state: 'seen' });
  }
}
