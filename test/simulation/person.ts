/**
 * What a person does on one device, chosen by the seed from what is on that disk at that moment. Each
 * content is written once in the world and says who wrote it, so that it can be found again anywhere.
 */
import type { DiskUser, SimDisk } from '@coffer/native-worker/testing';
import type { Choices } from './choices.ts';

export const MARK = 'Geheimnis';
/** Names come from a small set, so that two people often choose the same one. */
const NAMES = ['alpha', 'beta', 'gamma', 'delta'] as const;

export interface FoundEntry {
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'symlink';
}

/** What the checks must know about an action: contents that came, were touched, or were given up. */
export interface Deed {
  readonly device: string;
  readonly at: number;
  readonly text: string;
  /** Contents written by this action. */
  readonly wrote: readonly string[];
  /** Contents whose file this person deleted or overwrote, having them before their eyes. */
  readonly gaveUp: readonly string[];
  /** Contents whose file or a folder above it was renamed, moved or touched. */
  readonly touched: readonly string[];
  readonly deleted: readonly string[];
}

type Action =
  | 'create'
  | 'edit'
  | 'rename'
  | 'move'
  | 'delete'
  | 'mkdir'
  | 'save'
  | 'swap'
  | 'mode'
  | 'touch'
  | 'link'
  | 'replace';
// prettier-ignore
const ACTIONS: readonly [Action, ...Action[]] = [
  'create', 'create', 'create', 'edit', 'edit', 'rename', 'rename', 'move', 'move',
  'delete', 'delete', 'mkdir', 'mkdir', 'save', 'swap', 'mode', 'touch', 'link', 'replace',
];

export class Person {
  readonly name: string;
  readonly #disk: SimDisk;
  readonly #user: DiskUser;
  readonly #root: string;
  readonly #choices: Choices;
  readonly #now: () => number;

  constructor(
    name: string,
    disk: SimDisk,
    user: DiskUser,
    root: string,
    choices: Choices,
    now: () => number,
  ) {
    this.name = name;
    this.#disk = disk;
    this.#user = user;
    this.#root = root;
    this.#choices = choices;
    this.#now = now;
  }

  /** Performs action number `n` of this person; undefined when there was nothing it could be done to. */
  act(n: number): Deed | undefined {
    const key = `${this.name} does ${n}`;
    const action = this.#choices.pick(`${key} what`, ACTIONS);
    const entries = this.entries();
    const one = (filter: (entry: FoundEntry) => boolean, salt = ''): FoundEntry | undefined => {
      const fitting = entries.filter(filter);
      return fitting[this.#choices.roll(`${key} which ${salt}`, Math.max(1, fitting.length))];
    };
    const slot = (salt = ''): string => this.#freeSlot(`${key} where ${salt}`, entries);
    const content = `${MARK} ${this.name} ${n} ${'.'.repeat(this.#choices.roll(`${key} size`, 200))}`;
    switch (action) {
      case 'create':
        return this.#write(slot(), content);
      case 'edit':
      case 'save': {
        const file = one(({ kind }) => kind === 'file');
        if (file === undefined) return undefined;
        return action === 'edit'
          ? this.#edit(file.path, content)
          : this.#save(file.path, content, key);
      }
      case 'rename':
      case 'move':
        return this.#move(
          one(() => true),
          slot(),
          action,
        );
      case 'replace':
        return this.#replace(
          one(({ kind }) => kind === 'file'),
          one(({ kind }) => kind === 'file', 'target'),
        );
      case 'delete':
        return this.#delete(one(() => true));
      case 'mkdir':
        this.#user.folder(slot());
        return this.#deed('mkdir');
      case 'swap':
        return this.#swap(
          one(() => true),
          one(() => true, 'second'),
        );
      case 'mode':
      case 'touch': {
        const file = one(({ kind }) => kind === 'file');
        if (file === undefined) return undefined;
        if (action === 'mode')
          this.#user.setMode(file.path, this.#choices.roll(`${key} mode`, 2) === 0 ? 0o755 : 0o644);
        else
          this.#user.setTimes(
            file.path,
            this.#now() - this.#choices.roll(`${key} time`, 1_000_000),
          );
        return this.#deed(`${action} ${file.path}`);
      }
      case 'link':
        this.#user.symlink(`target ${n}`, slot());
        return this.#deed('link');
    }
  }

  /** Everything below the root but `.coffer`, in a fixed order. */
  entries(): readonly FoundEntry[] {
    const out: FoundEntry[] = [];
    const walk = (folder: string): void => {
      for (const name of [...this.#disk.programs.readFolder(folder)].map(String).sort()) {
        if (folder === this.#root && name === '.coffer') continue;
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

  #write(path: string, content: string): Deed {
    this.#user.write(path, content);
    return this.#deed(`create ${path}`, { wrote: [content] });
  }

  #edit(path: string, content: string): Deed {
    const before = this.contentOf(path);
    this.#user.write(path, content);
    return this.#deed(`edit ${path}`, { wrote: [content], gaveUp: [before] });
  }

  /** As editors do: write beside it, keep a backup or not, rename over it. */
  #save(path: string, content: string, key: string): Deed {
    const before = this.contentOf(path);
    switch (this.#choices.roll(`${key} editor`, 3)) {
      case 0: // vim with backup: rename away, write anew.
        this.#user.rename(path, `${path}~`);
        this.#user.write(path, content);
        this.#user.remove(`${path}~`);
        break;
      case 1: // GIO: temporary beside it, renamed over.
        this.#user.write(`${path.slice(0, path.lastIndexOf('/'))}/.goutputstream-SIM`, content);
        this.#user.rename(`${path.slice(0, path.lastIndexOf('/'))}/.goutputstream-SIM`, path);
        break;
      default: // Truncate and write in place.
        this.#user.write(path, content);
    }
    return this.#deed(`save ${path}`, { wrote: [content], gaveUp: [before] });
  }

  #move(entry: FoundEntry | undefined, target: string, what: string): Deed | undefined {
    if (entry === undefined || target.startsWith(`${entry.path}/`) || target === entry.path)
      return undefined;
    const touched = this.contentsBelow(entry);
    this.#user.rename(entry.path, target);
    return this.#deed(`${what} ${entry.path} to ${target}`, { touched });
  }

  /** Renames one file over another. */
  #replace(from: FoundEntry | undefined, to: FoundEntry | undefined): Deed | undefined {
    if (from === undefined || to === undefined || from.path === to.path) return undefined;
    const gone = this.contentOf(to.path);
    const touched = [this.contentOf(from.path)];
    this.#user.rename(from.path, to.path);
    return this.#deed(`replace ${to.path} by ${from.path}`, {
      touched,
      gaveUp: [gone],
      deleted: [gone],
    });
  }

  #swap(a: FoundEntry | undefined, b: FoundEntry | undefined): Deed | undefined {
    if (a === undefined || b === undefined || a.path === b.path) return undefined;
    if (`${a.path}/`.startsWith(`${b.path}/`) || `${b.path}/`.startsWith(`${a.path}/`))
      return undefined;
    const touched = [...this.contentsBelow(a), ...this.contentsBelow(b)];
    const aside = `${a.path} aside`;
    if (this.#disk.programs.lstat(aside) !== undefined) return undefined;
    this.#user.rename(a.path, aside);
    this.#user.rename(b.path, a.path);
    this.#user.rename(aside, b.path);
    return this.#deed(`swap ${a.path} and ${b.path}`, { touched });
  }

  #delete(entry: FoundEntry | undefined): Deed | undefined {
    if (entry === undefined) return undefined;
    const gone = this.contentsBelow(entry);
    this.#user.remove(entry.path);
    return this.#deed(`delete ${entry.path}`, { gaveUp: gone, deleted: gone });
  }

  /** Contents of the file, or of all files below the folder. */
  contentsBelow(entry: FoundEntry): readonly string[] {
    return this.entries()
      .filter(
        ({ kind, path }) =>
          kind === 'file' && (path === entry.path || path.startsWith(`${entry.path}/`)),
      )
      .map(({ path }) => this.contentOf(path));
  }

  #freeSlot(key: string, entries: readonly FoundEntry[]): string {
    const folders = [
      this.#root,
      ...entries.filter(({ kind }) => kind === 'folder').map(({ path }) => path),
    ];
    const folder = folders[this.#choices.roll(`${key} folder`, folders.length)] ?? this.#root;
    const name = this.#choices.pick(`${key} name`, NAMES);
    let path = `${folder}/${MARK}-${name}`;
    while (this.#disk.programs.lstat(path) !== undefined) path += "'";
    return path;
  }

  #deed(text: string, what: Partial<Deed> = {}): Deed {
    return {
      device: this.name,
      at: this.#now(),
      text,
      wrote: [],
      gaveUp: [],
      touched: [],
      deleted: [],
      ...what,
    };
  }
}
