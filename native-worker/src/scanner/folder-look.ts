/**
 * One look at a folder: what is there, sorted into entries that sync, ignored ones, and those that
 * cannot be held (which become `unknown` rows, so that nothing around them is deleted).
 */
import {
  bytesToHex,
  bytesToUtf8,
  FILE_SIZE_BYTES_MAX,
  NAME_SIZE_BYTES_MAX,
  TREE_DEPTH_MAX,
  utf8ToBytes,
  type Bytes,
} from '@coffer/protocol/core';
import type { EntryKind } from '../planner/types.ts';
import type { StallReason } from '../planner/operations.ts';
import { LocalFault, type EntryStat, type FileSystem } from '../ports/index.ts';
import { IGNORE_FILE, type IgnoreRules } from './ignore.ts';
import type { Sighting } from './local-tree-writer.ts';
import { OWN_FOLDER } from './temporaries.ts';

export interface LookEntry {
  readonly name: string;
  /** Relative to the root. */
  readonly path: string;
  readonly kind: EntryKind;
  readonly stat: EntryStat;
}

export interface IgnoredEntry {
  readonly name: string;
  readonly path: string;
  readonly stat: EntryStat;
  readonly isBuiltIn: boolean;
}

export interface UnholdableEntry {
  /** As its row has it. */
  readonly name: string;
  /** As a person can read it. */
  readonly shown: string;
  readonly reason: StallReason;
  readonly kind: EntryKind;
  readonly stat: EntryStat | undefined;
}

export type FolderLook =
  | {
      readonly kind: 'read';
      /** What the folder was before it was listed. */
      readonly stat: EntryStat;
      readonly entries: readonly LookEntry[];
      readonly ignored: readonly IgnoredEntry[];
      readonly unholdable: readonly UnholdableEntry[];
      /** Names that were listed and gone a moment later: nothing is known of them. */
      readonly raced: ReadonlySet<string>;
      /** The rule file of this folder says something else than before. */
      readonly rulesChanged: boolean;
    }
  /** No folder, or another folder than the row's, is at the path. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly fault: LocalFault };

type ReadLook = Extract<FolderLook, { kind: 'read' }>;

export interface LookOptions {
  readonly fileSystem: FileSystem;
  readonly rules: IgnoreRules;
  readonly absolute: string;
  /** Relative path of the folder; '' for the root. */
  readonly path: string;
  readonly rootDev: bigint;
  /** False for an lstat of the folder that is not the one of its row. */
  readonly isExpected: (stat: EntryStat) => boolean;
  /** True for names that rows of the folder have: they keep theirs when two forms of a name clash. */
  readonly isKnown: (name: string) => boolean;
  /** Remembers the stamp of a rule file; true when it is another than before. */
  readonly ruleFileChanged: (stat: EntryStat | undefined) => boolean;
  readonly normalising: boolean;
}

/** Entries between two yields. */
const ENTRIES_PER_STEP = 256;
const NOT_ASCII = /[^ -~]/;

/** Yields the number of entries looked at since the last yield. */
export function* lookAtFolder(options: LookOptions): Generator<number, FolderLook, undefined> {
  try {
    return yield* readEntries(options);
  } catch (error) {
    if (!(error instanceof LocalFault)) throw error;
    const isAbsent = error.code === 'not-found' || error.code === 'not-a-folder';
    return isAbsent ? { kind: 'absent' } : { kind: 'unreadable', fault: error };
  }
}

function* readEntries(options: LookOptions): Generator<number, FolderLook, undefined> {
  const { fileSystem, rules, absolute, path } = options;
  const stat = fileSystem.lstat(absolute);
  if (stat?.type !== 'folder' || !options.isExpected(stat)) return { kind: 'absent' };
  const names = fileSystem.readFolder(absolute);
  const rulesChanged = readRules(options, names);
  const sorter = new EntrySorter(options, clashingNames(options, names));
  let count = 0;
  for (const name of names) {
    sorter.add(name);
    if (++count % ENTRIES_PER_STEP === 0) yield ENTRIES_PER_STEP;
  }
  yield count % ENTRIES_PER_STEP;
  // What was listed belongs to the row only if the folder was not exchanged meanwhile.
  const after = fileSystem.lstat(absolute);
  if (after?.type !== 'folder' || !options.isExpected(after)) return { kind: 'absent' };
  for (const line of rules.malformed(path)) {
    sorter.note(line.line === 0 ? IGNORE_FILE : `${IGNORE_FILE}:${line.line}`);
  }
  return { kind: 'read', stat, ...sorter.result(), rulesChanged };
}

/** Before anything is sorted by them. */
function readRules(options: LookOptions, names: readonly (string | Bytes)[]): boolean {
  const { fileSystem, rules, absolute, path } = options;
  const stat = names.includes(IGNORE_FILE)
    ? fileSystem.lstat(`${absolute}/${IGNORE_FILE}`)
    : undefined;
  return options.ruleFileChanged(stat) && rules.reload(path);
}

/**
 * Names that differ only in their Unicode form: the one that is known, or composed, stays; the others
 * clash. A normalising root cannot have them.
 */
function clashingNames(
  { isKnown, normalising }: LookOptions,
  names: readonly (string | Bytes)[],
): ReadonlySet<string> {
  const clashing = new Set<string>();
  if (normalising) return clashing;
  const formOf = new Map<string, string>();
  for (const name of names) {
    if (typeof name !== 'string' || !NOT_ASCII.test(name)) continue;
    const form = name.normalize('NFC');
    const rival = formOf.get(form);
    const wins = rival === undefined || isKnown(name) || (name === form && !isKnown(rival));
    if (rival !== undefined) clashing.add(wins ? rival : name);
    if (wins) formOf.set(form, name);
  }
  return clashing;
}

class EntrySorter {
  readonly #options: LookOptions;
  readonly #clashing: ReadonlySet<string>;
  readonly #depth: number;
  readonly #entries: LookEntry[] = [];
  readonly #ignored: IgnoredEntry[] = [];
  readonly #unholdable: UnholdableEntry[] = [];
  readonly #raced = new Set<string>();

  constructor(options: LookOptions, clashing: ReadonlySet<string>) {
    this.#options = options;
    this.#clashing = clashing;
    this.#depth = options.path === '' ? 1 : options.path.split('/').length + 1;
  }

  result(): Omit<ReadLook, 'kind' | 'stat' | 'rulesChanged'> {
    return {
      entries: this.#entries,
      ignored: this.#ignored,
      unholdable: this.#unholdable,
      raced: this.#raced,
    };
  }

  /** A malformed line of the rule file: a stall without a row. */
  note(shown: string): void {
    this.#refuse({ name: '', shown, reason: 'IgnoreFileMalformed', kind: 'file', stat: undefined });
  }

  add(name: string | Bytes): void {
    const { fileSystem, rules, absolute, path } = this.#options;
    if (typeof name !== 'string') {
      const shown = showBytes(name);
      this.#refuse({ ...UNSEEN, name: unholdableName(name), shown, reason: 'NameNotText' });
      return;
    }
    if (name === OWN_FOLDER) return;
    const stat = this.#lstat(fileSystem, `${absolute}/${name}`, name);
    if (stat === undefined) return;
    const verdict = rules.checkChild(path, name, stat.type === 'folder');
    const childPath = path === '' ? name : `${path}/${name}`;
    if (verdict.ignored) {
      const isBuiltIn = verdict.rule.file === '';
      this.#ignored.push({ name, path: childPath, stat, isBuiltIn });
      return;
    }
    const reason = this.#limitOf(name, stat);
    const kind = stat.type === 'special' ? 'file' : stat.type;
    if (reason === undefined && stat.type !== 'special') {
      this.#entries.push({ name, path: childPath, kind: stat.type, stat });
      return;
    }
    const isSlotTaken = reason === 'NormalisationClash';
    const rowName = isSlotTaken ? unholdableName(utf8ToBytes(name)) : name;
    this.#refuse({
      name: rowName,
      shown: name,
      reason: reason ?? 'SpecialFileSkipped',
      kind,
      stat,
    });
  }

  #lstat(fileSystem: FileSystem, path: string, name: string): EntryStat | undefined {
    try {
      const stat = fileSystem.lstat(path);
      if (stat === undefined) this.#raced.add(name);
      return stat;
    } catch (error) {
      const isLong = error instanceof LocalFault && error.code === 'name-too-long';
      if (!isLong) throw error;
      this.#refuse({ ...UNSEEN, name, shown: name, reason: 'PathTooLong' });
      return undefined;
    }
  }

  #limitOf(name: string, stat: EntryStat): StallReason | undefined {
    if (stat.type === 'folder' && stat.dev !== this.#options.rootDev) return 'NestedMount';
    if (this.#clashing.has(name)) return 'NormalisationClash';
    if (!name.isWellFormed()) return 'NameNotText';
    // Three bytes are the most that one UTF-16 unit takes.
    const isLong = name.length * 3 > NAME_SIZE_BYTES_MAX;
    if (isLong && utf8ToBytes(name).length > NAME_SIZE_BYTES_MAX) return 'NameTooLong';
    const isBeyond = this.#depth > TREE_DEPTH_MAX || stat.size > FILE_SIZE_BYTES_MAX;
    return isBeyond ? 'BeyondLimits' : undefined;
  }

  #refuse(entry: UnholdableEntry): void {
    this.#unholdable.push(entry);
  }
}

const UNSEEN = { kind: 'file', stat: undefined } as const;

/** The row name of an entry whose own name cannot stand in the tree. */
export function unholdableName(name: Bytes): string {
  return `\0${bytesToHex(name)}`;
}

function showBytes(name: Bytes): string {
  try {
    return bytesToUtf8(name);
  } catch {
    return Array.from(name, (byte) =>
      byte >= 0x20 && byte < 0x7f
        ? String.fromCodePoint(byte)
        : `\\x${bytesToHex(Uint8Array.of(byte))}`,
    ).join('');
  }
}

/** What identity is decided on. */
export function sightingOf(kind: EntryKind, stat: EntryStat): Sighting {
  const { ino, birthNs, size, mtimeNs, ctimeNs, mode } = stat;
  return { kind, ino, birthNs, size: kind === 'file' ? size : 0, mtimeNs, ctimeNs, mode };
}
