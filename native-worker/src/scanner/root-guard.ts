/**
 * Is this still the pair's root (engine §7)? Its marker, `<root>/.coffer/pair.json`, and its inode and
 * birth time are checked before each scan and each batch of deletions. An unmounted disk, or another
 * one in its place, must look like nothing at all, never like a folder whose files were deleted.
 */
import { bytesToUtf8, utf8ToBytes, type SpaceId } from '@coffer/protocol/core';
import { LocalFault, type EntryStat, type FileSystem } from '../ports/index.ts';
import type { StallReason } from '../planner/operations.ts';
import { OWN_FOLDER } from './temporaries.ts';

export const MARKER_FILE = 'pair.json';
export const STAGING_FOLDER = 'staging';
export const RECYCLE_FOLDER = 'recycle';
const MARKER_BYTES_MAX = 4096;
const MARKER_VERSION = 1;

export interface PairMarker {
  readonly pair: string;
  readonly space: SpaceId;
}

/** As it was when the pair was made. `birthNs` is 0 where birth times are not real. */
export interface RootIdentity {
  readonly ino: bigint;
  readonly birthNs: bigint;
}

export type RootCheck =
  | { readonly kind: 'present'; readonly stat: EntryStat }
  | {
      readonly kind: 'lost';
      readonly reason: Extract<StallReason, 'RootMissing' | 'RootReplaced'>;
      readonly detail: RootLoss;
    };

export type RootLoss =
  /** Nothing, or no folder, is at the path, or it cannot be looked at. */
  | 'absent'
  /** A folder without any entry and without the marker: where a disk is mounted. */
  | 'empty'
  /** A folder with entries that has no marker. */
  | 'unmarked'
  /** The marker of another pair, or one that cannot be read. */
  | 'other-marker'
  /** The right marker in another folder: a copy, or a restored backup. */
  | 'other-folder';

/** Never throws LocalFault: what cannot be looked at is lost. */
export function checkRoot(
  fileSystem: FileSystem,
  rootPath: string,
  expected: { readonly marker: PairMarker; readonly identity: RootIdentity },
): RootCheck {
  try {
    return inspectRoot(fileSystem, rootPath, expected);
  } catch (error) {
    if (error instanceof LocalFault) return lost('absent');
    throw error;
  }
}

function inspectRoot(
  fileSystem: FileSystem,
  rootPath: string,
  { marker, identity }: Parameters<typeof checkRoot>[2],
): RootCheck {
  const stat = fileSystem.lstat(rootPath);
  if (stat?.type !== 'folder') return lost('absent');
  const found = readMarker(fileSystem, rootPath);
  if (found === undefined) {
    return lost(fileSystem.readFolder(rootPath).length === 0 ? 'empty' : 'unmarked');
  }
  if (found === 'unreadable' || found.pair !== marker.pair || found.space !== marker.space) {
    return lost('other-marker');
  }
  const hasBirth = identity.birthNs !== 0n && stat.birthNs !== 0n;
  const isSame = stat.ino === identity.ino && (!hasBirth || stat.birthNs === identity.birthNs);
  return isSame ? { kind: 'present', stat } : lost('other-folder');
}

function lost(detail: RootLoss): RootCheck {
  const isMissing = detail === 'absent' || detail === 'empty';
  return { kind: 'lost', reason: isMissing ? 'RootMissing' : 'RootReplaced', detail };
}

/** The marker of a root; undefined without one. */
export function readMarker(
  fileSystem: FileSystem,
  rootPath: string,
): PairMarker | 'unreadable' | undefined {
  const path = `${rootPath}/${OWN_FOLDER}/${MARKER_FILE}`;
  // A link in the place of the own folder would lead anywhere.
  if (fileSystem.lstat(`${rootPath}/${OWN_FOLDER}`)?.type !== 'folder') return undefined;
  if (fileSystem.lstat(path) === undefined) return undefined;
  const file = fileSystem.openRead(path);
  try {
    const bytes = new Uint8Array(MARKER_BYTES_MAX);
    return parseMarker(bytes.subarray(0, file.read(bytes, 0)));
  } finally {
    file.close();
  }
}

function parseMarker(bytes: Uint8Array): PairMarker | 'unreadable' {
  try {
    const value: unknown = JSON.parse(bytesToUtf8(bytes));
    if (typeof value !== 'object' || value === null) return 'unreadable';
    const { version, pair, space } = value as Record<string, unknown>;
    const isMarker =
      (version === undefined || version === MARKER_VERSION) &&
      typeof pair === 'string' &&
      typeof space === 'string' &&
      /^[0-9a-f]{32}$/.test(space);
    return isMarker ? { pair, space: space as SpaceId } : 'unreadable';
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return 'unreadable';
    throw error;
  }
}

/** Staging and recycle area of a root. Not to be called before `checkRoot`: nothing is made in a lost root. */
export function makeOwnFolders(fileSystem: FileSystem, rootPath: string): void {
  const own = `${rootPath}/${OWN_FOLDER}`;
  for (const path of [own, `${own}/${STAGING_FOLDER}`, `${own}/${RECYCLE_FOLDER}`]) {
    const stat = fileSystem.lstat(path);
    if (stat === undefined) {
      fileSystem.makeFolder(path);
      fileSystem.setMode(path, 0o700);
    } else if (stat.type !== 'folder') {
      throw new LocalFault('not-a-folder', 'an own folder is none');
    }
  }
}

export type ClaimOutcome =
  | { readonly kind: 'claimed'; readonly identity: RootIdentity }
  /** The root is another pair's, or has a marker that cannot be read. */
  | { readonly kind: 'taken' };

/**
 * Makes a folder the root of a pair: own folders and a durable marker. Claiming one's own root again
 * succeeds; a marker of another pair is left as it is. `birthtime` as probed.
 */
export async function claimRoot(
  fileSystem: FileSystem,
  rootPath: string,
  options: { readonly marker: PairMarker; readonly birthtime: boolean },
): Promise<ClaimOutcome> {
  const { marker, birthtime } = options;
  const stat = fileSystem.lstat(rootPath);
  if (stat?.type !== 'folder') throw new LocalFault('not-a-folder', 'a root is a folder');
  const found = readMarker(fileSystem, rootPath);
  const isForeign =
    found === 'unreadable' ||
    (found !== undefined && (found.pair !== marker.pair || found.space !== marker.space));
  if (isForeign) return { kind: 'taken' };
  makeOwnFolders(fileSystem, rootPath);
  if (found === undefined) await writeMarker(fileSystem, rootPath, marker);
  return {
    kind: 'claimed',
    identity: { ino: stat.ino, birthNs: birthtime ? stat.birthNs : 0n },
  };
}

/** Complete under its name or not there: written beside it, made durable, renamed. */
async function writeMarker(
  fileSystem: FileSystem,
  rootPath: string,
  marker: PairMarker,
): Promise<void> {
  const own = `${rootPath}/${OWN_FOLDER}`;
  const staged = `${own}/${STAGING_FOLDER}/${MARKER_FILE}`;
  if (fileSystem.lstat(staged) !== undefined) fileSystem.unlink(staged);
  const file = fileSystem.createFile(staged);
  try {
    file.write(utf8ToBytes(`${JSON.stringify({ version: MARKER_VERSION, ...marker })}\n`));
    await file.sync();
  } finally {
    file.close();
  }
  fileSystem.rename(staged, `${own}/${MARKER_FILE}`);
  await fileSystem.syncFolder(own);
  await fileSystem.syncFolder(rootPath);
}
