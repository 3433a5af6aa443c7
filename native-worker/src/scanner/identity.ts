/**
 * Which row an entry at a new slot keeps (engine §4). Pure: the pass gathers the facts, the tables of
 * `identity.test.ts` name each rule. What is decided is always about one entry; a row that one entry
 * got is no candidate for the next.
 */
import type { Digest } from '@coffer/protocol/core';
import type { LocalRow, Sighting } from './local-tree-writer.ts';
import { isBackupName, isBuiltInTemporary } from './temporaries.ts';

/** Rules 1 and 2. 'ask' where only content, or what a folder holds, can tell. */
export type InodeVerdict = 'same' | 'different' | 'ask';

/**
 * Whether the inode of a row is this entry: with real birth times they decide alone (rule 1), whatever
 * the content; without them size and time must agree, or the content (rule 2). An empty file has any size.
 */
export function judgeInode(row: LocalRow, seen: Sighting, birthtime: boolean): InodeVerdict {
  if (row.kind !== seen.kind || row.ino !== seen.ino) return 'different';
  if (birthtime && row.birthNs !== 0n && seen.birthNs !== 0n) {
    return row.birthNs === seen.birthNs ? 'same' : 'different';
  }
  if (row.kind === 'folder') return 'ask';
  // A power cut may leave nothing of a content, under the time of its writing.
  const hasSize = seen.size === row.size || (seen.size === 0 && row.kind === 'file');
  if (hasSize && row.mtimeNs === seen.mtimeNs) return 'same';
  return row.kind === 'file' && row.size === seen.size && row.sha256 !== null ? 'ask' : 'different';
}

/** Where a candidate's old slot stands now. */
export type OldPlace =
  /** The entry is still there: a hard link. */
  | 'present'
  /** Nothing is there. */
  | 'empty'
  /** Another entry is there, which may be its edit. */
  | 'taken';

export interface Candidate {
  readonly row: LocalRow;
  readonly place: OldPlace;
  readonly verdict: InodeVerdict;
  /** True when the row has a remote identity. */
  readonly isPaired: boolean;
  /** True when the wait for its empty slot is over (`SLOT_GAP_MS`). */
  readonly hasWaited: boolean;
  /** A power cut tore the entry, as its content tells: what the row had may be on the drive alone. */
  readonly isTorn: boolean;
}

export interface FileFacts {
  readonly name: string;
  readonly kind: 'file' | 'symlink';
  readonly size: number;
  /** Null while not read. */
  readonly sha256: Digest | null;
  /** The row that had this slot when another entry was in it. */
  readonly displaced: LocalRow | undefined;
  /** The displaced row's entry was found at another name that is no backup. */
  readonly displacedMoved: boolean;
  /** Rows with this entry's inode. */
  readonly byInode: readonly Candidate[];
  /** Rows with this entry's content; empty while it was not read. */
  readonly byContent: readonly Candidate[];
}

export type FileDecision =
  /** The entry is this row's, moved here; its content may have changed too. */
  | { readonly kind: 'moved'; readonly row: LocalRow }
  /** The entry is the new content of the slot's row. */
  | { readonly kind: 'edited'; readonly row: LocalRow }
  | { readonly kind: 'new'; readonly isHardLink: boolean }
  /** Read it first. */
  | { readonly kind: 'read' }
  /** An editor may be about to fill the slot that was emptied: look again. */
  | { readonly kind: 'wait' };

/** Decides for a file or link at a slot that is new, or that another entry had. */
export function decideFile(facts: FileFacts): FileDecision {
  const inode = matchInode(facts);
  if (inode !== undefined) return inode;
  const { displaced, displacedMoved, sha256 } = facts;
  if (displaced?.kind === facts.kind && !displacedMoved) return { kind: 'edited', row: displaced };
  if (sha256 === null && facts.kind === 'file') return { kind: 'read' };
  return matchContent(facts) ?? newEntry(facts);
}

function newEntry({ byInode }: FileFacts): FileDecision {
  return { kind: 'new', isHardLink: byInode.some(({ place }) => place === 'present') };
}

function matchInode(facts: FileFacts): FileDecision | undefined {
  const movable = facts.byInode.filter(({ place }) => place !== 'present');
  if (movable.some(({ verdict }) => verdict === 'ask') && facts.sha256 === null) {
    return { kind: 'read' };
  }
  const same = movable.filter(
    ({ verdict, row }) => verdict === 'same' || (verdict === 'ask' && row.sha256 === facts.sha256),
  );
  let waits = false;
  for (const candidate of same.toSorted(byCloseness(facts))) {
    if (isOldBytes(facts, candidate)) {
      waits ||= candidate.place === 'empty' && !candidate.hasWaited;
    } else if (!isEditorsTemporary(facts, candidate)) {
      return { kind: 'moved', row: candidate.row };
    }
  }
  return waits ? { kind: 'wait' } : undefined;
}

/** At a backup name lie the old bytes of a slot that is filled, or is about to be. */
function isOldBytes(facts: FileFacts, { place, hasWaited }: Candidate): boolean {
  return isBackupName(facts.name) && (place === 'taken' || !hasWaited);
}

/**
 * Over a slot that had a row, a file goes that was made for that alone: the slot's row keeps it. A
 * torn one stays what it was: its own row alone tells which content the drive has for it.
 */
function isEditorsTemporary(facts: FileFacts, { row, isPaired, isTorn }: Candidate): boolean {
  if (facts.displaced?.kind !== facts.kind || facts.displacedMoved) return false;
  if (!isPaired) return true;
  return !isTorn && (isBackupName(row.name) || isBuiltInTemporary(row.name) !== undefined);
}

/** Rule 3: exactly one absent row had this content. */
function matchContent(facts: FileFacts): FileDecision | undefined {
  if (facts.size === 0) return undefined;
  const absent = facts.byContent.filter(({ place, isPaired }) => place !== 'present' && isPaired);
  const [only] = absent;
  if (only === undefined || absent.length > 1 || only.row.kind !== facts.kind) return undefined;
  if (!isOldBytes(facts, only)) return { kind: 'moved', row: only.row };
  return only.place === 'empty' ? { kind: 'wait' } : undefined;
}

/** Of several names of one inode: the one with a remote identity, then the same name, then the oldest. */
function byCloseness({ name }: FileFacts): (a: Candidate, b: Candidate) => number {
  return (a, b) =>
    Number(b.isPaired) - Number(a.isPaired) ||
    Number(b.row.name === name) - Number(a.row.name === name) ||
    a.row.id - b.row.id;
}
