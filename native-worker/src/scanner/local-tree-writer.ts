/**
 * The local tree as the scanner reads and writes it (engine §2, §3, §4). The rows are kept in SQLite
 * by `trees/`; `MemoryLocalTree` is the same in memory.
 *
 * [Note: Two rows may claim one slot] While a pass runs, a row that was replaced may still name the slot
 * that another row has by then (a swap, an atomic save); at its end each slot has at most one row that
 * is not `gone`. An index on (parent, name) must therefore not be UNIQUE, and nothing is planned while a
 * pass says that it is not `plannable`. The caller runs each slice of a pass in one transaction; one
 * that a crash cut off is repaired by the next pass.
 */
import type { Digest } from '@coffer/protocol/core';
import type { EntryKind, LocalId, LocalNode } from '../planner/types.ts';
import type { StallReason } from '../planner/operations.ts';

/**
 * A row of `local_node`. Times and size of a folder are those of when the row was last written: they
 * change with its entries and say nothing of their own.
 */
export interface LocalRow extends LocalNode {
  /**
   * The name on disk. A name that is not UTF-8 stands as U+0000 and the hexadecimal of its bytes
   * (`unholdableName`): no other name can be that, and such a row is always `unknown`.
   */
  readonly name: string;
  /** Permission bits. `executable` is derived from them where the root keeps them. */
  readonly mode: number;
}

/** A stall that a scan found directly in one folder. */
export interface ScanStall {
  readonly reason: StallReason;
  /** Name in the folder, as a person can read it; '' when the folder itself is meant. */
  readonly name: string;
  readonly local: LocalId | null;
  /** More for a person, without secrets; '' when there is nothing to add. */
  readonly detail: string;
}

/** Rows of this pair's local tree. Synchronous; one writer. */
export interface LocalTreeWriter {
  /** The row of the pair's root. It exists before the first pass, and its parent is itself. */
  readonly root: LocalId;
  readonly byId: (id: LocalId) => LocalRow | undefined;
  /** Rows of every state but `gone`, in any order. Never the root itself. */
  readonly children: (folder: LocalId) => readonly LocalRow[];
  /** The row that is not `gone` at a slot, by its name; by its name key where the tree has one. */
  readonly bySlot: (folder: LocalId, name: string) => LocalRow | undefined;
  /** `gone` rows whose last place was in this folder. */
  readonly goneChildren: (folder: LocalId) => readonly LocalRow[];
  /** Rows of every state with this inode: several are hard links, or remains of a reused inode. */
  readonly byInode: (ino: bigint) => readonly LocalRow[];
  /** Files of every state with this content, `gone` ones first; a hundred of them are enough. */
  readonly byContent: (sha256: Digest, size: number) => readonly LocalRow[];
  /** `gone` folders that still have a base row: the candidates of identity rule 3. */
  readonly goneFolders: () => readonly LocalRow[];
  /** Folders that are `seen` or `hollow`, the root too, by id: the first `max` after the id `after`. */
  readonly foldersAfter: (after: number, max: number) => readonly LocalRow[];
  /** True when the row has a base row: only those have a remote identity worth keeping. */
  readonly isPaired: (id: LocalId) => boolean;
  /** An id that no row of any pair ever had. */
  readonly allocate: () => LocalId;
  /**
   * Writes the row and marks it dirty for planning; with a folder that had been `gone` what is `gone` in
   * it: the deletion of the folder stood for theirs.
   */
  readonly upsert: (row: LocalRow) => void;
  /**
   * `gone` and `detached` hold for the row and all rows that are below it then; `unknown` and
   * `hollow` for the row alone (what lies below keeps its last state). Marks dirty.
   */
  readonly mark: (id: LocalId, state: Exclude<LocalRow['state'], 'seen'>) => void;
  /** Replaces the stalls that scans found directly in this folder. Called for each complete look. */
  readonly setStalls: (folder: LocalId, stalls: readonly ScanStall[]) => void;
}

/**
 * Rows of the other pairs of the same space (engine §4): what was moved from one pair into another
 * keeps its id and becomes one remote move.
 */
export interface ForeignRows {
  readonly byInode: (ino: bigint) => readonly LocalRow[];
  /** Looks at the row's last place now: true when another entry, or none, is there. */
  readonly vacated: (id: LocalId) => boolean;
  /** The row and all below it leave their pair; the writer of this pair gets it by `upsert` with the same id. */
  readonly release: (id: LocalId) => void;
}

/** What identity is decided on: an entry as it is on disk. */
export interface Sighting {
  readonly kind: EntryKind;
  readonly ino: bigint;
  readonly birthNs: bigint;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly mode: number;
}
