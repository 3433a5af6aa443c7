/** What a root's file system can hold, found out by trying (engine §8). */
import { utf8ToBytes } from '@coffer/protocol/core';
import { ensureFolder, OWN_FOLDER_NAME } from './executor/index.ts';
import type { Caps } from './planner/types.ts';
import { LocalFault, type FileSystem } from './ports/index.ts';

const NFC_NAME = 'probe-\u00e9';
const NFD_NAME = 'probe-e\u0301';
/** An odd second with odd milliseconds tells granularities of 1 ms, 1 s and 2 s apart. */
const PROBE_TIME_MS = 1_600_000_001_234;
const SECOND_NS = 1_000_000_000n;
const MS_NS = 1_000_000n;
const NAME_BYTES_MAX = 255;

/** Tries in `.coffer/probe` below `root`, which must exist; leaves nothing behind. */
export function probeCaps(fileSystem: FileSystem, root: string): Caps {
  const folder = ensureFolder(fileSystem, root, `${OWN_FOLDER_NAME}/probe`);
  empty(fileSystem, folder);
  try {
    const path = `${folder}/Probe`;
    createEmpty(fileSystem, path);
    fileSystem.setTimes(path, PROBE_TIME_MS);
    const stat = fileSystem.lstat(path);
    return {
      caseSensitive: fileSystem.lstat(`${folder}/pROBE`) === undefined,
      normalising: isNormalising(fileSystem, folder),
      birthtime: (stat?.birthNs ?? 0n) > 0n,
      mtimeGranNs: granularityOf(stat?.mtimeNs ?? 0n),
      nameUnit: 'bytes',
      nameMax: NAME_BYTES_MAX,
      execBit: keepsExecuteBit(fileSystem, path),
      symlinks: succeeds(() => fileSystem.makeSymlink('target', `${folder}/link`)),
      windowsNames: !succeeds(() => createEmpty(fileSystem, `${folder}/a?b`)),
      nativeEvents: true,
    };
  } finally {
    empty(fileSystem, folder);
    fileSystem.removeFolder(folder);
  }
}

function createEmpty(fileSystem: FileSystem, path: string): void {
  const file = fileSystem.createFile(path);
  try {
    file.write(utf8ToBytes(''));
  } finally {
    file.close();
  }
}

function isNormalising(fileSystem: FileSystem, folder: string): boolean {
  createEmpty(fileSystem, `${folder}/${NFC_NAME}`);
  return fileSystem.lstat(`${folder}/${NFD_NAME}`) !== undefined;
}

function granularityOf(mtimeNs: bigint): bigint {
  const wanted = BigInt(PROBE_TIME_MS) * MS_NS;
  if (mtimeNs === wanted) return 1n;
  const off = mtimeNs > wanted ? mtimeNs - wanted : wanted - mtimeNs;
  if (off < MS_NS) return MS_NS;
  return off < SECOND_NS ? SECOND_NS : 2n * SECOND_NS;
}

function keepsExecuteBit(fileSystem: FileSystem, path: string): boolean {
  const modes = [0o744, 0o644].map((mode) => {
    if (!succeeds(() => fileSystem.setMode(path, mode))) return undefined;
    return fileSystem.lstat(path)?.mode;
  });
  return modes[0] === 0o744 && modes[1] === 0o644;
}

function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof LocalFault) return false;
    throw error;
  }
}

function empty(fileSystem: FileSystem, folder: string): void {
  for (const name of fileSystem.readFolder(folder)) {
    if (typeof name === 'string') fileSystem.unlink(`${folder}/${name}`);
  }
}
