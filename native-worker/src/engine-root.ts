/**
 * Is this still the pair's root (engine §7)? Its marker, `<root>/.coffer/pair.json`, and its inode and
 * birth time are checked before each scan and each batch of deletions. An unmounted disk, or another
 * folder in its place, must look like nothing at all, never like a folder whose files were deleted.
 */
import { z } from 'zod';
import {
  makeOwnFolder,
  OWN_FOLDER_NAME,
  parseWhole,
  readWhole,
  writeDurably,
} from './executor/index.ts';
import type { StallReason } from './planner/operations.ts';
import { LocalFault, type FileSystem, type LocalFaultCode } from './ports/index.ts';
import type { Pair } from './trees/index.ts';

const MARKER = 'pair.json';
/** What a disk has before anybody put something on it. */
const OF_AN_EMPTY_DISK = 'lost+found';

const Marker = z.object({ pair: z.string(), space: z.string() });

export type RootCheck =
  | { readonly kind: 'present' }
  | {
      readonly kind: 'lost';
      readonly reason: Extract<StallReason, 'RootMissing' | 'RootReplaced'>;
      readonly detail: RootLoss;
    };

export type RootLoss =
  /** Nothing, or no folder, is at the path, or it may not be looked at. */
  | 'absent'
  /** A folder without any entry and without the marker: where a disk is mounted. */
  | 'empty'
  /** A folder with entries that has no marker. */
  | 'unmarked'
  /** The marker of another pair, or one that cannot be read. */
  | 'other-marker'
  /** The right marker in another folder: a copy, or a restored backup. */
  | 'other-folder';

/** Throws LocalFault for what may be over in a moment. */
export function checkRoot(fileSystem: FileSystem, pair: Pair): RootCheck {
  try {
    return inspectRoot(fileSystem, pair);
  } catch (error) {
    if (error instanceof LocalFault && STAYING_CODES.has(error.code)) return lost('absent');
    throw error;
  }
}

/** Answers of a disk that can hold no root: nothing that is waited for makes them good. */
export const UNSUITABLE: ReadonlySet<LocalFaultCode> = new Set(['read-only', 'unsupported']);

const STAYING_CODES = new Set(['not-found', 'denied', 'not-a-folder']);

function inspectRoot(fileSystem: FileSystem, pair: Pair): RootCheck {
  const { localPath } = pair;
  const stat = fileSystem.lstat(localPath);
  if (stat?.type !== 'folder') return lost('absent');
  const marker = readMarker(fileSystem, localPath);
  if (marker === undefined) {
    const names = fileSystem.readFolder(localPath);
    return lost(names.every((name) => name === OF_AN_EMPTY_DISK) ? 'empty' : 'unmarked');
  }
  if (marker === 'unreadable' || marker.pair !== pair.id || marker.space !== pair.space) {
    return lost('other-marker');
  }
  const hasBirth = pair.caps.birthtime && pair.rootBirthNs > 0n;
  const isSame = stat.ino === pair.rootIno && (!hasBirth || stat.birthNs === pair.rootBirthNs);
  return isSame ? { kind: 'present' } : lost('other-folder');
}

function lost(detail: RootLoss): RootCheck {
  const isMissing = detail === 'absent' || detail === 'empty';
  return { kind: 'lost', reason: isMissing ? 'RootMissing' : 'RootReplaced', detail };
}

/**
 * Makes the folder the pair's root, also where it was another one's: an engine that still has that
 * finds `RootReplaced`. Durable when the promise settles: without it the pair would stop after a
 * power cut.
 */
export async function claimRoot(fileSystem: FileSystem, pair: Pair): Promise<void> {
  makeOwnFolder(fileSystem, pair.localPath);
  const text = JSON.stringify({ pair: pair.id, space: pair.space });
  await writeDurably(fileSystem, pair.localPath, `${OWN_FOLDER_NAME}/${MARKER}`, `${text}\n`);
}

/** The folder is no root any more; another pair's marker stays. */
export function releaseRoot(fileSystem: FileSystem, pair: Pair): void {
  const marker = readMarker(fileSystem, pair.localPath);
  if (marker === undefined || marker === 'unreadable' || marker.pair !== pair.id) return;
  fileSystem.unlink(`${pair.localPath}/${OWN_FOLDER_NAME}/${MARKER}`);
}

function readMarker(
  fileSystem: FileSystem,
  root: string,
): z.infer<typeof Marker> | 'unreadable' | undefined {
  // A link in the place of the own folder would lead anywhere.
  if (fileSystem.lstat(`${root}/${OWN_FOLDER_NAME}`)?.type !== 'folder') return undefined;
  const text = readWhole(fileSystem, `${root}/${OWN_FOLDER_NAME}/${MARKER}`);
  return text === undefined ? undefined : (parseWhole(Marker, text) ?? 'unreadable');
}
