/** The scanner's face towards the engine loop (engine §3). */
import type { Clock, FileSystem } from '../ports/index.ts';
import type { Caps, LocalId } from '../planner/types.ts';
import type { ForeignRows, LocalTreeWriter } from './local-tree-writer.ts';
import type { IgnoreRules, IgnoreVerdict } from './ignore.ts';

export interface ScannerOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Pick<Clock, 'now'>;
  /** Absolute local path of the pair's root, without a separator at its end. */
  readonly rootPath: string;
  readonly caps: Caps;
  /** Patterns of this pair alone, in gitignore syntax, as seen from the root. */
  readonly ignores?: readonly string[];
  readonly tree: LocalTreeWriter;
  readonly foreign?: ForeignRows;
  /** Called before a folder is read, so that a watch can be set first (engine §9). */
  readonly beforeFolder?: (path: string) => void;
}

/** What one pass did. */
export interface ScanOutcome {
  readonly full: boolean;
  readonly folders: number;
  readonly entries: number;
  readonly hashedFiles: number;
  readonly hashedBytes: number;
  /** Rows written or marked. */
  readonly written: number;
  /** Set when the root could not be read: nothing was decided. The caller checks the root. */
  readonly rootLost: boolean;
}

/** Where a pass is. */
export interface ScanProgress {
  /** False while a decision is open: what lies in the tree then must not be planned on. */
  readonly plannable: boolean;
  readonly entries: number;
  readonly hashedBytes: number;
}

/** Work between two yields is at most one `readFolder`, 256 entries or 1 MiB of hashing. */
export type ScanPass = Generator<ScanProgress, ScanOutcome, undefined>;

export interface Scanner {
  /** "Look at this folder": a relative path, '' for the root. The nearest known ancestor is taken. */
  readonly hint: (path: string) => void;
  /** The same for a folder in which an operation did not find what it expected. */
  readonly hintFolder: (folder: LocalId) => void;
  /** The next pass looks at everything. */
  readonly hintAll: () => void;
  /**
   * After a power cut: these entries may be gone, and files may hold another content than was hashed
   * although size and times are what they were. Each file is hashed once more by the next full pass.
   */
  readonly prove: (entries: readonly LocalId[]) => void;
  /** Those of them that are there, and were not looked at or could not be read yet. */
  readonly unproven: () => ReadonlySet<LocalId>;
  /** Unix milliseconds at which a pass has something to do; undefined: nothing until a hint. */
  readonly dueAt: () => number | undefined;
  /** The same without what was refused twice and is a person's to mend: nobody waits for that. */
  readonly restAt: () => number | undefined;
  /**
   * One pass over what is due. The caller checks the root first, runs it in slices and starts no
   * second one before it returned. Abandoning it (`return()`) loses nothing but the work: what was
   * due stays due. Passes LocalFault through only where the root is concerned; never catches
   * anything else.
   */
  readonly pass: () => ScanPass;
  /** Whether and why a relative path is ignored; reads the rule files that apply. */
  readonly checkIgnored: (path: string, isFolder: boolean) => IgnoreVerdict;
  /** The same rules, of the files as they are on the disk now. */
  readonly freshRules: () => IgnoreRules;
  /** Relative path of a row by its parents; undefined when one of them is gone or unknown to the tree. */
  readonly pathOf: (id: LocalId) => string | undefined;
}

/** Runs a pass for at most `sliceMs` (and one step); call it inside one transaction of the tree. */
export function runSlice(
  pass: ScanPass,
  clock: Pick<Clock, 'now'>,
  sliceMs: number,
): IteratorResult<ScanProgress, ScanOutcome> {
  const end = clock.now() + sliceMs;
  let step = pass.next();
  while (step.done !== true && clock.now() < end) step = pass.next();
  return step;
}
