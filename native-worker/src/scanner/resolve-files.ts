/** Files and links at new slots: gathers the facts that `identity.ts` decides on, and writes the result. */
import { unreachable } from '@coffer/protocol/core';
import { FINE_TIMES_NS, SETTLE_MS_MIN } from '../limits.ts';
import type { LocalId } from '../planner/types.ts';
import { sightingOf } from './folder-look.ts';
import {
  decideFile,
  judgeInode,
  type Candidate,
  type FileFacts,
  type InodeVerdict,
} from './identity.ts';
import type { LocalRow } from './local-tree-writer.ts';
import { whereabouts } from './old-places.ts';
import { slotKey, type Newcomer, type PassState } from './pass-state.ts';
import { takeContent, takeTarget } from './take-content.ts';
import { isBackupName } from './temporaries.ts';
import type { Steps } from './visit.ts';
import { writeEntry, writeNew } from './write-entry.ts';

/** Candidates, or undefined when folders have to be looked at before. */
type Candidates = readonly Candidate[] | undefined;

/** One step: true when something was decided or put into the queue, false when nothing is left to do. */
export function* resolveFiles(pass: PassState): Steps<boolean> {
  let hasProgressed = false;
  for (const newcomer of inOrder(pass)) {
    hasProgressed = (yield* resolveFile(pass, newcomer)) || hasProgressed;
    if (pass.rootLost) return false;
    yield 0;
  }
  return hasProgressed || pass.hasQueue;
}

/** By path, so that equal disks give equal rows. */
function inOrder(pass: PassState): readonly Newcomer[] {
  return [...pass.newcomers.values()]
    .filter(({ entry, ripeAtMs }) => entry.kind !== 'folder' && ripeAtMs <= pass.nowMs)
    .toSorted((a, b) => (a.entry.path < b.entry.path ? -1 : 1));
}

function* resolveFile(pass: PassState, newcomer: Newcomer): Steps<boolean> {
  if (!(yield* isDisplacedRead(pass, newcomer))) return false;
  const facts = gatherFacts(pass, newcomer);
  if (facts === undefined) return pass.hasQueue;
  const decision = decideFile(facts);
  switch (decision.kind) {
    case 'moved':
      yield* moveFile(pass, newcomer, decision.row);
      return true;
    case 'edited':
      return yield* editFile(pass, newcomer, decision.row, facts);
    case 'new':
      if (decision.isHardLink) noteHardLink(pass, newcomer);
      return addFile(pass, newcomer);
    case 'read':
      return yield* readNewcomer(pass, newcomer);
    case 'wait':
      waitForSlots(pass, newcomer, facts);
      return false;
    default:
      return unreachable(decision);
  }
}

function waitForSlots(pass: PassState, { folder }: Newcomer, facts: FileFacts): void {
  for (const { row } of [...facts.byInode, ...facts.byContent]) {
    const untilMs = pass.memory.slotWaits.get(row.id);
    if (untilMs !== undefined) pass.memory.dueAt(folder, untilMs);
  }
}

function gatherFacts(pass: PassState, newcomer: Newcomer): FileFacts | undefined {
  const { entry, displaced, taken } = newcomer;
  if (entry.kind === 'folder') return undefined;
  const byInode = inodeCandidates(pass, newcomer);
  if (byInode === undefined) return undefined;
  const byContent = contentCandidates(pass, newcomer);
  if (byContent === undefined) return undefined;
  const isClaimed = displaced !== undefined && pass.claimed.has(displaced.id);
  return {
    name: entry.name,
    kind: entry.kind,
    size: taken?.stat.size ?? entry.stat.size,
    sha256: taken?.sha256 ?? null,
    displaced: isClaimed ? undefined : displaced,
    displacedMoved: displaced !== undefined && hasMoved(pass, displaced, newcomer),
    byInode,
    byContent,
  };
}

function inodeCandidates(pass: PassState, { entry, displaced, taken }: Newcomer): Candidates {
  const { tree, foreign, caps } = pass.options;
  const seen = sightingOf(entry.kind, entry.stat);
  const candidates: Candidate[] = [];
  for (const row of tree.byInode(entry.stat.ino)) {
    const verdict = judgeInode(row, seen, caps.birthtime);
    // It may be the row's all the same, edited: then what left this slot may be where it was.
    const isChange = displaced !== undefined && !caps.birthtime && row.kind === entry.kind;
    if (verdict === 'different' && !isChange) continue;
    const place = whereabouts(pass, row);
    if (place === 'unlisted' || place === 'blocked') return undefined;
    if (place === 'claimed' || verdict === 'different') continue;
    const isTorn = isTornAs(pass, row, taken);
    candidates.push({ row, place, verdict, isTorn, ...identityOf(pass, row.id) });
  }
  for (const row of foreign?.byInode(entry.stat.ino) ?? []) {
    const verdict = judgeInode(row, seen, caps.birthtime);
    if (verdict === 'different' || pass.claimed.has(row.id)) continue;
    const place = foreign?.vacated(row.id) === true ? 'empty' : 'present';
    const isKnown = { isPaired: true, hasWaited: true, isTorn: false };
    candidates.push({ row, place, verdict, ...isKnown });
  }
  return candidates;
}

/** Rows with the newcomer's content that are absent; those still at their place say nothing. */
function contentCandidates(pass: PassState, { taken }: Newcomer): Candidates {
  if (taken === undefined || taken.stat.size === 0) return [];
  const candidates: Candidate[] = [];
  for (const row of pass.options.tree.byContent(taken.sha256, taken.stat.size)) {
    const isAbsent = row.state === 'gone' || pass.missing.has(row.id);
    const place = isAbsent ? whereabouts(pass, row) : 'present';
    if (place !== 'empty' && place !== 'taken') continue;
    const isKnown = identityOf(pass, row.id);
    candidates.push({ row, place, verdict: 'different', isTorn: false, ...isKnown });
  }
  return candidates;
}

/** Who writes changes the time of writing: under that of a row that a power cut may have torn, nobody did. */
function isTornAs(
  { memory, options }: PassState,
  row: LocalRow,
  taken: Newcomer['taken'],
): boolean {
  if (taken === undefined || !memory.unproven.has(row.id)) return false;
  if (options.caps.mtimeGranNs >= FINE_TIMES_NS) return false;
  return taken.stat.mtimeNs === row.mtimeNs && taken.sha256 !== row.sha256;
}

function identityOf(pass: PassState, id: LocalId): Pick<Candidate, 'isPaired' | 'hasWaited'> {
  return { isPaired: pass.options.tree.isPaired(id), hasWaited: pass.hasWaited(id) };
}

/** The displaced row's own entry turned up under a name that is no backup. */
function hasMoved(pass: PassState, displaced: LocalRow, newcomer: Newcomer): boolean {
  return elsewhere(pass, displaced, newcomer).some(
    ({ verdict, other }) =>
      verdict === 'same' || (verdict === 'ask' && other.taken?.sha256 === displaced.sha256),
  );
}

/**
 * What may be the displaced row's own entry is read before the row is given away, where only its content
 * can tell. False while that has to settle first; one that changes too fast counts as another.
 */
function* isDisplacedRead(pass: PassState, newcomer: Newcomer): Steps<boolean> {
  const { displaced, folder } = newcomer;
  const { memory } = pass;
  if (displaced === undefined || pass.claimed.has(displaced.id)) return true;
  for (const { verdict, other } of elsewhere(pass, displaced, newcomer)) {
    if (verdict !== 'ask' || other.entry.kind !== 'file') continue;
    if (!other.isResolved && other.taken === undefined) yield* readNewcomer(pass, other);
    if (other.isResolved || other.taken !== undefined) continue;
    if (memory.settling.get(slotKey(other.folder, other.entry.name))?.stalled === true) continue;
    memory.dueAt(folder, memory.due.get(other.folder) ?? pass.nowMs + SETTLE_MS_MIN);
    return false;
  }
  return true;
}

interface Elsewhere {
  readonly other: Newcomer;
  readonly verdict: InodeVerdict;
}

/** Entries of this pass with the displaced row's number, under names that are no backup's. */
function elsewhere(pass: PassState, displaced: LocalRow, newcomer: Newcomer): readonly Elsewhere[] {
  const { birthtime } = pass.options.caps;
  return pass
    .newcomersWithInode(displaced.ino)
    .filter(({ entry }) => entry !== newcomer.entry && !isBackupName(entry.name))
    .map((other) => {
      const seen = sightingOf(other.entry.kind, other.entry.stat);
      return { other, verdict: judgeInode(displaced, seen, birthtime) };
    });
}

/**
 * The row is at this slot now. Its content is written when it was read: until then the row keeps what
 * it had, with the old ctime, so that the entry counts as changed.
 */
function* moveFile(pass: PassState, newcomer: Newcomer, row: LocalRow): Steps<void> {
  const { entry, folder, taken } = newcomer;
  const at = { parent: folder, name: entry.name };
  const { foreign, tree } = pass.options;
  if (tree.byId(row.id) === undefined) foreign?.release(row.id);
  claim(pass, newcomer, row);
  if (entry.kind === 'symlink') {
    const found = takeTarget(pass, folder, entry);
    const target = found ?? row.target;
    // What could not be read is read at the next look.
    const stat = found === undefined ? { ...entry.stat, ctimeNs: 0n } : entry.stat;
    if (target !== null) writeEntry(pass, row, { ...entry, stat }, { target }, at);
    return;
  }
  if (taken !== undefined) {
    writeEntry(pass, row, { ...entry, stat: taken.stat }, { sha256: taken.sha256 }, at);
    return;
  }
  const moved: LocalRow = { ...row, ...at, state: 'seen' };
  pass.write(moved);
  const content = yield* takeContent(pass, folder, entry);
  if (content.kind === 'taken') {
    writeEntry(pass, moved, { ...entry, stat: content.stat }, { sha256: content.sha256 });
  } else if (content.kind === 'unreadable') pass.mark(row.id, 'unknown');
}

/** The slot's row has new content, in another inode. */
function* editFile(
  pass: PassState,
  newcomer: Newcomer,
  row: LocalRow,
  { byInode }: FileFacts,
): Steps<boolean> {
  const { entry, folder } = newcomer;
  if (entry.kind === 'symlink') {
    const target = takeTarget(pass, folder, entry);
    if (target === undefined) return false;
    writeEntry(pass, row, entry, { target });
    claim(pass, newcomer, row);
    return true;
  }
  if (newcomer.taken === undefined && newcomer.isTried) return false;
  newcomer.isTried = true;
  const content = newcomer.taken ?? (yield* takeContent(pass, folder, entry));
  if ('sha256' in content) {
    if (newcomer.taken === undefined) {
      newcomer.taken = content;
      // Whether it is torn is known now.
      if (byInode.some(({ row: { id } }) => pass.memory.unproven.has(id)))
        return yield* resolveFile(pass, newcomer);
    }
    writeEntry(pass, row, { ...entry, stat: content.stat }, { sha256: content.sha256 });
  } else if (content.kind === 'unreadable') {
    if (row.state !== 'unknown') pass.mark(row.id, 'unknown');
  } else return false;
  claim(pass, newcomer, row);
  return true;
}

function claim(pass: PassState, newcomer: Newcomer, row: LocalRow): void {
  pass.claimed.add(row.id);
  pass.found(row.id);
  pass.resolve(newcomer);
}

function addFile(pass: PassState, newcomer: Newcomer): boolean {
  const { entry, folder, taken } = newcomer;
  const { name, kind } = entry;
  const target = kind === 'symlink' ? takeTarget(pass, folder, entry) : undefined;
  const content = kind === 'symlink' ? { stat: entry.stat, target } : taken;
  if (content === undefined || (kind === 'symlink' && target === undefined)) return false;
  const id = pass.options.tree.allocate();
  const { stat } = content;
  if ('sha256' in content) {
    writeNew(pass, { id, folder, name, kind, stat, sha256: content.sha256, state: 'seen' });
  } else if (target !== undefined) {
    writeNew(pass, { id, folder, name, kind, stat, target, state: 'seen' });
  }
  pass.resolve(newcomer);
  return true;
}

function noteHardLink(pass: PassState, { folder, entry }: Newcomer): void {
  const { name } = entry;
  pass.stall(folder, { reason: 'HardLinkCopied', name, local: null, detail: '' });
}

function* readNewcomer(pass: PassState, newcomer: Newcomer): Steps<boolean> {
  if (newcomer.isTried) return false;
  newcomer.isTried = true;
  const { entry, folder } = newcomer;
  const content = yield* takeContent(pass, folder, entry);
  if (content.kind === 'taken') newcomer.taken = content;
  if (content.kind === 'unreadable') {
    const { name, kind, stat } = entry;
    const id = pass.options.tree.allocate();
    writeNew(pass, { id, folder, name, kind, stat, state: 'unknown' });
    pass.resolve(newcomer);
  }
  return content.kind !== 'later';
}
