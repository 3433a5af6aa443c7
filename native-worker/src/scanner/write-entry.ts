/** Rows as entries are written to them. */
import type { Digest } from '@coffer/protocol/core';
import type { EntryKind, LocalId } from '../planner/types.ts';
import type { EntryStat } from '../ports/index.ts';
import { sightingOf, type LookEntry } from './folder-look.ts';
import type { LocalRow } from './local-tree-writer.ts';
import type { PassState } from './pass-state.ts';

const OWNER_EXECUTES = 0o100;

/** The row is this entry with this content; `at` where it moved. */
export function writeEntry(
  pass: PassState,
  row: LocalRow,
  { kind, stat }: Pick<LookEntry, 'kind' | 'stat'>,
  content: { readonly sha256?: Digest; readonly target?: string },
  at: { readonly parent: LocalId; readonly name: string } = row,
): LocalRow {
  const { execBit } = pass.options.caps;
  const written: LocalRow = {
    ...row,
    ...sightingOf(kind, stat),
    parent: at.parent,
    name: at.name,
    // Where the bit is not kept it stays what it was.
    executable: execBit ? kind === 'file' && (stat.mode & OWNER_EXECUTES) !== 0 : row.executable,
    sha256: content.sha256 ?? null,
    target: content.target ?? null,
    state: 'seen',
  };
  pass.write(written);
  return written;
}

/** A row for an entry that has none. One that was not seen whole (`stat` undefined) has zeros. */
export function writeNew(
  pass: PassState,
  entry: {
    readonly id: LocalId;
    readonly folder: LocalId;
    readonly name: string;
    readonly kind: EntryKind;
    readonly stat: EntryStat | undefined;
    readonly state: 'seen' | 'unknown';
    readonly sha256?: Digest;
    readonly target?: string;
  },
): void {
  const { id, folder, name, kind, stat, state } = entry;
  const sighting = stat === undefined ? { ...UNSEEN, kind } : sightingOf(kind, stat);
  const isFile = kind === 'file' && pass.options.caps.execBit;
  pass.write({
    ...sighting,
    id,
    parent: folder,
    name,
    executable: isFile && (sighting.mode & OWNER_EXECUTES) !== 0,
    sha256: entry.sha256 ?? null,
    target: entry.target ?? null,
    state,
  });
}

const UNSEEN = { ino: 0n, birthNs: 0n, size: 0, mtimeNs: 0n, ctimeNs: 0n, mode: 0 };
