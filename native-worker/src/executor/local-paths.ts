import type { LocalId } from '../planner/types.ts';
import type { EntryStat, FileSystem } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import type { LocalTree } from '../trees/local-tree.ts';

/**
 * Paths of rows, and whether the disk still is what the rows say. Nothing is written below a folder
 * that does not hold: its name may have become a symbolic link to anywhere.
 */
export class LocalPaths {
  /** Entries that wait in staging, by where they are: in none of the folders that their rows name. */
  readonly staged = new Map<LocalId, string>();
  readonly #fileSystem: FileSystem;
  readonly #rootPath: string;
  readonly #tree: LocalTree;

  constructor(fileSystem: FileSystem, rootPath: string, tree: LocalTree) {
    this.#fileSystem = fileSystem;
    this.#rootPath = rootPath;
    this.#tree = tree;
  }

  /** As the rows say, relative to the root, `/`-separated; '' for the root. Undefined when one is missing. */
  relative(id: LocalId): string | undefined {
    return this.#tree.pathOf(id)?.join('/');
  }

  /** Where the entry is, also below what waits in staging. */
  absolute(id: LocalId): string | undefined {
    return this.#tree.chainOf(id)?.reduce((path, row) => this.#step(path, row), '');
  }

  inRoot(relative: string): string {
    return relative === '' ? this.#rootPath : `${this.#rootPath}/${relative}`;
  }

  /** Absolute path of a slot in a folder that holds, else undefined. */
  slot(folder: LocalId, name: string): string | undefined {
    if (!this.folderHolds(folder)) return undefined;
    const path = this.absolute(folder);
    return path === undefined ? undefined : `${path}/${name}`;
  }

  /** True when the folder and all above it are, on disk, the inodes of their rows. */
  folderHolds(folder: LocalId): boolean {
    const chain = this.#tree.chainOf(folder);
    return chain !== undefined && !this.#isStaged(chain) && this.#holds(chain);
  }

  /**
   * Where the entry is, if it and all above it are what their rows say. What is below a folder that waits
   * in staging may leave it from there: a folder that goes into one of its own waits for that one.
   */
  leavable(row: LocalRow): string | undefined {
    const chain = this.#tree.chainOf(row.id);
    if (chain === undefined || row.state === 'gone' || this.staged.has(row.id)) return undefined;
    if (!this.#holds(chain.slice(0, -1))) return undefined;
    const path = this.absolute(row.id);
    const stat = path === undefined ? undefined : this.#fileSystem.lstat(path);
    return stat !== undefined && isAsSeen(row, stat) ? path : undefined;
  }

  #isStaged(chain: readonly LocalRow[]): boolean {
    return this.staged.size > 0 && chain.some(({ id }) => this.staged.has(id));
  }

  #step(above: string, { id, name }: LocalRow): string {
    if (id === this.#tree.root) return this.#rootPath;
    return this.staged.get(id) ?? `${above}/${name}`;
  }

  #holds(chain: readonly LocalRow[]): boolean {
    let path = '';
    for (const row of chain) {
      path = this.#step(path, row);
      if (row.kind !== 'folder' || row.state === 'gone') return false;
      const stat = this.#fileSystem.lstat(path);
      if (stat === undefined || stat.type !== 'folder' || stat.ino !== row.ino) return false;
    }
    return true;
  }

  /** What lstat says of the entry, if it is exactly what its row says and its folder holds. */
  entryHolds(row: LocalRow): EntryStat | undefined {
    if (row.state === 'gone' || !this.folderHolds(row.parent)) return undefined;
    const path = this.absolute(row.id);
    const stat = path === undefined ? undefined : this.#fileSystem.lstat(path);
    return stat !== undefined && isAsSeen(row, stat) ? stat : undefined;
  }
}

/** True when an entry is what its row says; of folders, only identity counts. Links have no size. */
export function isAsSeen(row: LocalRow, stat: EntryStat): boolean {
  if (stat.type !== row.kind || stat.ino !== row.ino) return false;
  if (row.kind === 'folder') return true;
  const isSameSize = row.kind === 'symlink' || stat.size === row.size;
  return isSameSize && stat.mtimeNs === row.mtimeNs && stat.ctimeNs === row.ctimeNs;
}

/** As `isAsSeen`, of an entry that the engine itself has just renamed: that gave it another ctime. */
export function isAsSeenBeforeRename(row: LocalRow, stat: EntryStat): boolean {
  return isAsSeen({ ...row, ctimeNs: stat.ctimeNs }, stat);
}

/** True when two looks at an open or closed file saw the same bytes (engine §3, stable read). */
export function isSameFile(a: EntryStat, b: EntryStat): boolean {
  return (
    a.type === b.type &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

/** The folder that an absolute path is in. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
