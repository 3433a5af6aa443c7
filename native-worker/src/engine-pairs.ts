/** Adding, removing and changing folder pairs. */
import { bytesToHex, type NodeId } from '@coffer/protocol/core';
import type { SpaceChange } from '@coffer/sdk';
import { EngineFault, type PairListing } from './contract/index.ts';
import type { EngineCore } from './engine-core.ts';
import { pairListing } from './engine-listings.ts';
import { isHeldByAnother } from './engine-lock.ts';
import type { PairRunner } from './engine-pair.ts';
import { claimRoot, releaseRoot, UNSUITABLE } from './engine-root.ts';
import { STALL_TEXTS } from './engine-stall-texts.ts';
import type { Caps, LocalId, PairMode } from './planner/types.ts';
import { LocalFault, type FileSystem, type LocalFaultCode } from './ports/index.ts';
import { probeCaps } from './scanner/index.ts';
import { allocateLocalId, isUnreadable, type Pair } from './trees/index.ts';

const NOTHING = 'Nothing was changed. Give another path.';
const SEE_LIST = "'coffer sync list' shows the synced folders. Nothing was changed.";
const SEE_DRIVE = "'coffer ls' and 'coffer find' show what is there. Nothing was changed.";

export interface NewPair {
  readonly local: string;
  readonly remote: string;
  readonly mode: PairMode;
  readonly ignore: readonly string[];
  readonly exclude: readonly string[];
}

export async function addPair(
  core: EngineCore,
  wanted: NewPair,
  signal: AbortSignal,
): Promise<PairListing> {
  const { database, fileSystem, clock, random, space } = core.options;
  const localPath = parseLocalPath(wanted.local);
  requireApart(core, localPath);
  requireFree(core, localPath);
  await core.pull(signal);
  parseRemotePath(wanted.remote);
  const excluded = wanted.exclude.map((path) => requireRemote(core, path));
  // The drive comes last: what is refused here leaves nothing on other devices.
  await ensureLocalFolder(core, localPath);
  const stat = fileSystem.lstat(localPath);
  if (stat?.type !== 'folder')
    throw new EngineFault('unsuitable', `${localPath} is no folder`, NOTHING);
  const caps = await suitable(() => (core.options.probe ?? probed(fileSystem))(localPath));
  const remoteRoot = await ensureRemoteFolder(core, wanted.remote, signal);
  const pair: Pair = {
    id: bytesToHex(random.bytes(16)),
    space,
    remoteRoot,
    mode: wanted.mode,
    localPath,
    rootLocalId: 0 as LocalId,
    rootIno: stat.ino,
    rootBirthNs: stat.birthNs,
    caps,
    ignores: wanted.ignore,
    cursorSeq: 0,
    scanGen: 0,
    state: 'new',
    pausedUntilMs: 0,
    lastSyncedAtMs: null,
    createdAtMs: clock.now(),
  };
  await suitable(() => claimRoot(fileSystem, pair));
  const runner = database.durably(() => insertPair(core, pair, excluded));
  runner.catchUp();
  core.changed();
  return pairListing(core, runner);
}

/** An engine that syncs the folder now would lose its root to the new pair. */
function requireFree(core: EngineCore, root: string): void {
  const { fileSystem, host } = core.options;
  if (!isHeldByAnother(fileSystem, root, host)) return;
  const { message, hint } = STALL_TEXTS.AnotherEngineRunning;
  throw new EngineFault('exists', message, hint);
}

function probed(fileSystem: FileSystem): (root: string) => Caps {
  return (root) => probeCaps(fileSystem, root, true);
}

/** What the disk answers to the first things that are written there, in words for people. */
async function suitable<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof LocalFault)) throw error;
    const { message, hint } =
      STALL_TEXTS[UNSUITABLE.has(error.code) ? 'FileSystemUnsuitable' : 'WriteDenied'];
    throw new EngineFault('unsuitable', `${message} (${error.code})`, hint, { cause: error });
  }
}

/** Writes the pair's rows and opens it. */
export function insertPair(
  core: EngineCore,
  wanted: Pair,
  excluded: readonly NodeId[],
): PairRunner {
  const { database, fileSystem } = core.options;
  const pair = { ...wanted, rootLocalId: allocateLocalId(database) };
  core.pairs.insert(pair);
  const runner = core.open(pair);
  const stat = fileSystem.lstat(pair.localPath);
  runner.trees.local.put({
    id: pair.rootLocalId,
    parent: pair.rootLocalId,
    name: '',
    kind: 'folder',
    ino: pair.rootIno,
    birthNs: pair.rootBirthNs,
    size: 0,
    mtimeNs: stat?.mtimeNs ?? 0n,
    ctimeNs: stat?.ctimeNs ?? 0n,
    mode: stat?.mode ?? 0o755,
    executable: false,
    sha256: null,
    target: null,
    state: 'seen',
  });
  for (const id of excluded) runner.trees.exclusions.add(id);
  return runner;
}

export function removePair(core: EngineCore, name: string): void {
  const runner = core.find(name);
  runner.release();
  releaseRoot(core.options.fileSystem, runner.pair);
  core.pairs.remove(runner.pair.id);
  core.forget(runner.pair.id);
  core.changed();
}

export function exclude(core: EngineCore, name: string, paths: readonly string[]): void {
  const runner = core.find(name);
  for (const path of paths) {
    const id = requireRemote(core, path);
    // It may have been made since the pair's last pass.
    if (runner.trees.remote.byId(id) === undefined) runner.catchUp();
    if (runner.trees.remote.byId(id) === undefined) {
      throw new EngineFault('invalid', `${path} is not in what this folder syncs`, SEE_LIST);
    }
    runner.trees.exclusions.add(id);
    runner.book.markBelow(id);
  }
  core.changed();
}

export function include(core: EngineCore, name: string, paths: readonly string[]): void {
  const runner = core.find(name);
  for (const path of paths) {
    const id = requireRemote(core, path);
    runner.trees.exclusions.remove(id);
    runner.book.markBelow(id);
  }
  core.changed();
}

function parseLocalPath(text: string): string {
  if (!text.startsWith('/') && !/^[A-Za-z]:[\\/]/.test(text)) {
    throw new EngineFault('invalid', `${text} is not absolute`, NOTHING);
  }
  const path = text
    .replaceAll('\\', '/')
    .replaceAll(/\/{2,}/g, '/')
    .replace(/\/$/, '');
  if (path === '' || path.split('/').some((name) => name === '.' || name === '..')) {
    throw new EngineFault('invalid', `${text} cannot be a synced folder`, NOTHING);
  }
  return path;
}

function requireApart(core: EngineCore, path: string): void {
  for (const { pair } of core.runners()) {
    const other = pair.localPath;
    if (path === other) throw new EngineFault('exists', `${path} is synced already`, SEE_LIST);
    if (path.startsWith(`${other}/`) || other.startsWith(`${path}/`)) {
      const where = path.startsWith(`${other}/`) ? 'is inside' : 'holds';
      throw new EngineFault(
        'exists',
        `${path} ${where} ${other}, which is synced already`,
        'Synced folders cannot be inside each other. Nothing was changed.',
      );
    }
  }
}

async function ensureLocalFolder(core: EngineCore, path: string): Promise<void> {
  const { fileSystem } = core.options;
  const names = path.split('/');
  for (let depth = 1; depth <= names.length; depth++) {
    const folder = names.slice(0, depth).join('/');
    if (folder === '' || /^[A-Za-z]:$/.test(folder)) continue;
    if (fileSystem.lstat(folder) !== undefined) continue;
    await made(folder, async () => {
      fileSystem.makeFolder(folder);
      await fileSystem.syncFolder(names.slice(0, depth - 1).join('/') || '/');
    });
  }
}

/** Why a folder could not be made, in words for people; for other codes the code. */
const NOT_MADE: Readonly<Partial<Record<LocalFaultCode, string>>> = {
  denied: 'your user may not write there',
  'read-only': 'that disk is read-only',
  'not-a-folder': 'a part of that path is no folder',
  'not-found': 'nothing can be made there',
  'disk-full': 'that disk is full',
  'name-too-long': 'that name is too long',
};

async function made(folder: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof LocalFault)) throw error;
    const why = NOT_MADE[error.code] ?? error.code;
    throw new EngineFault('unsuitable', `${folder} cannot be made: ${why}`, NOTHING, {
      cause: error,
    });
  }
}

/** Names of a remote path; `.` and `..` are refused. */
function parseRemotePath(path: string): readonly string[] {
  const names = path.split('/').filter((name) => name !== '');
  if (names.some((name) => name === '.' || name === '..' || name.includes('\0'))) {
    throw new EngineFault('invalid', `${path} is no path on the drive`, NOTHING);
  }
  return names;
}

function childByName(core: EngineCore, parent: NodeId, name: string): NodeId | undefined {
  const wanted = name.normalize('NFC');
  for (const child of core.options.spaceClient.children(parent)) {
    if (!isUnreadable(child) && child.name.normalize('NFC') === wanted) return child.id;
  }
  return undefined;
}

/** Throws EngineFault `not-found`. */
export function requireRemote(core: EngineCore, path: string): NodeId {
  let at = core.options.spaceClient.rootFolder;
  for (const name of parseRemotePath(path)) {
    const child = childByName(core, at, name);
    if (child === undefined) {
      throw new EngineFault('not-found', `${path} is not on the drive`, SEE_DRIVE);
    }
    at = child;
  }
  return at;
}

async function ensureRemoteFolder(
  core: EngineCore,
  path: string,
  signal: AbortSignal,
): Promise<NodeId> {
  const { spaceClient } = core.options;
  let at = spaceClient.rootFolder;
  const changes: SpaceChange[] = [];
  for (const name of parseRemotePath(path)) {
    const child = changes.length > 0 ? undefined : childByName(core, at, name);
    if (child === undefined) {
      const id = spaceClient.newNodeId();
      changes.push({ op: 'make-folder', id, parent: at, name });
      at = id;
      continue;
    }
    const node = spaceClient.node(child);
    if (node === undefined || isUnreadable(node) || node.kind !== 'folder') {
      throw new EngineFault('unsuitable', `${path} is no folder of the drive`, NOTHING);
    }
    at = child;
  }
  if (changes.length === 0) return at;
  const outcomes = await spaceClient.commit(changes, signal, core.applied);
  if (outcomes.every(({ kind }) => kind === 'done')) return at;
  throw new EngineFault('stale', 'the remote folder could not be made', 'Try again.');
}
