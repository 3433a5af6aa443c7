/** What a root's file system can hold: tried out in the engine's own folder, never assumed (engine §8). */
import { LocalFault, type EntryStat, type FileSystem } from '../ports/index.ts';
import type { Caps } from '../planner/types.ts';
import { OWN_FOLDER } from './temporaries.ts';

const PROBE_FOLDER = 'probe';
const NAME_LENGTH_MAX = 255;
const NAME_LENGTH_MIN = 8;
const NS_PER_MS = 1_000_000n;
/** Its last digits tell granularities of 10 ms, 1 s and 2 s apart. */
const PROBE_TIME_MS = 1_600_000_001_237;
/** A kernel moves its clock every few milliseconds: this many changes take longer. */
const TICKS_MAX = 20_000;
const GRANULARITIES_NS = [NS_PER_MS, 10n * NS_PER_MS, 1000n * NS_PER_MS, 2000n * NS_PER_MS];

/**
 * Probes the file system of a root in `<root>/.coffer/probe`, which it makes and removes. Whether the
 * system tells of changes is the watcher's to know. A LocalFault that passes through means that the
 * root cannot be written: `FileSystemUnsuitable`.
 */
export function probeCaps(fileSystem: FileSystem, rootPath: string, nativeEvents: boolean): Caps {
  const own = `${rootPath}/${OWN_FOLDER}`;
  const at = `${own}/${PROBE_FOLDER}`;
  makeIfAbsent(fileSystem, own);
  removeBelow(fileSystem, at);
  makeIfAbsent(fileSystem, at);
  try {
    const probe = new Probe(fileSystem, at);
    probe.requireRename();
    const mtimeGranNs = probe.granularityNs();
    return {
      caseSensitive: !probe.finds('Case', 'cASE'),
      normalising: probe.isNormalising(),
      birthtime: probe.hasBirthTimes(mtimeGranNs),
      mtimeGranNs,
      nameUnit: probe.holds('é'.repeat(NAME_LENGTH_MAX)) ? 'utf16' : 'bytes',
      nameMax: probe.longestName(),
      execBit: probe.keepsExecutableBit(),
      symlinks: probe.hasSymlinks(),
      windowsNames: !probe.holds('what?'),
      nativeEvents,
    };
  } finally {
    removeBelow(fileSystem, at);
  }
}

class Probe {
  readonly #fileSystem: FileSystem;
  readonly #at: string;

  constructor(fileSystem: FileSystem, at: string) {
    this.#fileSystem = fileSystem;
    this.#at = at;
  }

  /** Everything that the engine does to a tree it does by renames. */
  requireRename(): void {
    const [from, to] = [this.#make('renamed'), `${this.#at}/under another name`];
    const { ino } = this.#stat(from);
    this.#fileSystem.rename(from, to);
    if (this.#fileSystem.lstat(from) === undefined && this.#stat(to).ino === ino) return;
    throw new LocalFault('unsupported', 'probe: a file is another one after a rename');
  }

  /** True when the file `made` is found under the name `asked`. */
  finds(made: string, asked: string): boolean {
    this.#make(made);
    return this.#fileSystem.lstat(`${this.#at}/${asked}`) !== undefined;
  }

  isNormalising(): boolean {
    const isFound = this.finds('caf\u00e9', 'cafe\u0301');
    return isFound || !this.#fileSystem.readFolder(this.#at).includes('caf\u00e9');
  }

  holds(name: string): boolean {
    try {
      this.#make(name);
      return true;
    } catch (error) {
      const isRefused =
        error instanceof LocalFault &&
        (error.code === 'name-too-long' ||
          error.code === 'name-illegal' ||
          error.code === 'not-found');
      if (isRefused) return false;
      throw error;
    }
  }

  longestName(): number {
    if (this.holds('n'.repeat(NAME_LENGTH_MAX))) return NAME_LENGTH_MAX;
    let [fits, fails] = [NAME_LENGTH_MIN, NAME_LENGTH_MAX];
    while (fails - fits > 1) {
      const middle = (fits + fails) >> 1;
      if (this.holds('n'.repeat(middle))) fits = middle;
      else fails = middle;
    }
    return fits;
  }

  granularityNs(): bigint {
    const path = this.#make('times');
    this.#fileSystem.setTimes(path, PROBE_TIME_MS);
    const setNs = BigInt(PROBE_TIME_MS) * NS_PER_MS;
    const { mtimeNs } = this.#stat(path);
    // A number of seconds with a fraction reaches the system a few hundred ns off.
    const lostNs = setNs - mtimeNs < 0n ? mtimeNs - setNs : setNs - mtimeNs;
    if (lostNs < 1000n) return 1n;
    return GRANULARITIES_NS.find((granNs) => lostNs < granNs) ?? 2000n * NS_PER_MS;
  }

  /** Real ones stay when everything else of a file changes. Some systems show the ctime, or nothing. */
  hasBirthTimes(mtimeGranNs: bigint): boolean {
    // Nobody waits for a tick of seconds.
    if (mtimeGranNs >= 1000n * NS_PER_MS) return false;
    const path = this.#make('birth');
    const born = this.#stat(path);
    if (born.birthNs === 0n) return false;
    for (let tick = 0; tick < TICKS_MAX; tick++) {
      this.#fileSystem.setTimes(path, PROBE_TIME_MS);
      const after = this.#stat(path);
      if (after.birthNs !== born.birthNs) return false;
      if (after.ctimeNs > born.ctimeNs) return true;
    }
    // Times too coarse to see a difference: not to be relied on.
    return false;
  }

  keepsExecutableBit(): boolean {
    const path = this.#make('executable');
    return [0o755, 0o644].every((mode) => {
      this.#fileSystem.setMode(path, mode);
      return (this.#stat(path).mode & 0o100) === (mode & 0o100);
    });
  }

  hasSymlinks(): boolean {
    try {
      this.#fileSystem.makeSymlink('nowhere', `${this.#at}/symlink`);
      return this.#stat(`${this.#at}/symlink`).type === 'symlink';
    } catch (error) {
      if (error instanceof LocalFault) return false;
      throw error;
    }
  }

  #make(name: string): string {
    const path = `${this.#at}/${name}`;
    this.#fileSystem.createFile(path).close();
    return path;
  }

  #stat(path: string): EntryStat {
    const stat = this.#fileSystem.lstat(path);
    if (stat === undefined) throw new LocalFault('io', 'probe: what was made is not there');
    return stat;
  }
}

function makeIfAbsent(fileSystem: FileSystem, path: string): void {
  const stat = fileSystem.lstat(path);
  if (stat === undefined) fileSystem.makeFolder(path);
  else if (stat.type !== 'folder') throw new LocalFault('not-a-folder', 'the own folder is none');
}

/** Removes the probe's own files. Nothing of a person is ever in there. */
function removeBelow(fileSystem: FileSystem, folder: string): void {
  if (fileSystem.lstat(folder)?.type !== 'folder') return;
  for (const name of fileSystem.readFolder(folder)) {
    if (typeof name === 'string') fileSystem.unlink(`${folder}/${name}`);
  }
  fileSystem.removeFolder(folder);
}
