/** What is on the disk of a person: what their actions are chosen by, and what goes with them. */
import type { DiskUser, SimDisk } from '@coffer/native-worker/testing';
import type { Deed } from './deed.ts';
import { isBuiltInIgnored, isHidden } from './ignored.ts';

export interface FoundEntry {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'symlink';
}

export class DiskView {
  readonly #disk: SimDisk;
  readonly #user: DiskUser;
  readonly #root: string;

  constructor(disk: SimDisk, user: DiskUser, root: string) {
    this.#disk = disk;
    this.#user = user;
    this.#root = root;
  }

  /** Everything below the root that is not built-in ignored, in a fixed order. */
  entries(): readonly FoundEntry[] {
    const out: FoundEntry[] = [];
    const walk = (folder: string): void => {
      for (const name of [...this.#disk.programs.readFolder(folder)].map(String).sort()) {
        if (isBuiltInIgnored(name)) continue;
        const path = `${folder}/${name}`;
        const type = this.#disk.programs.lstat(path)?.type;
        if (type === undefined || type === 'special') continue;
        out.push({ path, kind: type });
        if (type === 'folder') walk(path);
      }
    };
    if (this.#disk.programs.lstat(this.#root) !== undefined) walk(this.#root);
    return out;
  }

  contentOf(path: string): string {
    return Buffer.from(this.#user.read(path)).toString('latin1');
  }

  /** Contents of the file, or of all files below the folder; of those that are meant alone. */
  contentsBelow(
    entry: FoundEntry,
    isMeant: (path: string) => boolean = () => true,
  ): readonly string[] {
    return this.entries()
      .filter(
        ({ kind, path }) =>
          kind === 'file' && (path === entry.path || path.startsWith(`${entry.path}/`)),
      )
      .filter(({ path }) => isMeant(path))
      .map(({ path }) => this.contentOf(path));
  }

  /** What goes with these entries. What a rule hides is deleted on this disk alone. */
  goneWith(
    entries: readonly FoundEntry[],
  ): Pick<Deed, 'gaveUp' | 'deleted' | 'folders' | 'within'> {
    const files = entries.filter(({ kind }) => kind === 'file');
    const contents = files.map(({ path }) => this.contentOf(path));
    const deleted = contents.filter((_, i) => !this.isHidden(files[i]?.path ?? ''));
    const folders = this.foldersAmong(entries);
    const within = files.map(({ path }, i): [string, readonly string[]] => {
      const at = path.slice(this.#root.length);
      return [contents[i] ?? '', folders.filter((folder) => at.startsWith(`${folder}/`))];
    });
    return { gaveUp: contents, deleted, folders: foldersOf(entries), within: new Map(within) };
  }

  /** Paths in the pair of the folders among these entries. */
  foldersAmong(entries: readonly FoundEntry[]): readonly string[] {
    const folders = entries.filter(({ kind }) => kind === 'folder');
    return folders.map(({ path }) => path.slice(this.#root.length));
  }

  isHidden(path: string): boolean {
    const isFile = (at: string): boolean => this.#disk.programs.lstat(at)?.type === 'file';
    return isHidden(path, this.#root, (at) => (isFile(at) ? this.contentOf(at) : undefined));
  }

  /** What is on the disk of these contents, by its path in the pair. */
  still(gone: readonly string[]): ReadonlyMap<string, string> {
    const files = gone.length === 0 ? [] : this.entries().filter(({ kind }) => kind === 'file');
    const there = files.map(({ path }): [string, string] => [path, this.contentOf(path)]);
    return new Map(
      there
        .filter(([, content]) => gone.includes(content))
        .map(([path, content]): [string, string] => [path.slice(this.#root.length), content]),
    );
  }
}

/** Names of the folders among these entries. */
function foldersOf(entries: readonly FoundEntry[]): readonly string[] {
  const folders = entries.filter(({ kind }) => kind === 'folder');
  return folders.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
}
