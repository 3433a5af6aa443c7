/**
 * What a person does on one device, chosen by the seed from what is on that disk at that moment. Each
 * content is written once in the world and says who wrote it, so that it can be found again anywhere.
 */
import type { DiskUser, SimDisk } from '@coffer/native-worker/testing';
import type { Choices } from './choices.ts';
import { deedOf, type Deed } from './deed.ts';
import { DiskView, type FoundEntry } from './disk-view.ts';
import { IGNORE_FILE, IGNORE_PATTERN, SCRATCH } from './ignored.ts';
import type { Feature } from './options.ts';
import { editorFor, keepsBackup, takenBy, TEMPORARY, type SlowSave } from './saving.ts';

export const MARK = 'Geheimnis';
/** Names come from a small set, so that two people often choose the same one. */
const NAMES = ['alpha', 'beta', 'gamma', 'delta'] as const;
const HARD_NAMES = ['alpha', 'Alpha', 'ALPHA', '\u{c4}rger', 'A\u{308}rger', '\u{e4}rger'] as const;
const SCRATCH_NAMES = ['alpha', 'beta', `alpha${SCRATCH}`, `beta${SCRATCH}`] as const;

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
  | 'retarget'
  | 'replace'
  | 'edit-copy'
  | 'fill'
  | 'purge'
  | 'ignore';
// prettier-ignore
const ACTIONS: readonly [Action, ...Action[]] = [
  'create', 'create', 'create', 'edit', 'edit', 'rename', 'rename', 'move', 'move', 'delete', 'delete',
  'mkdir', 'mkdir', 'save', 'save', 'swap', 'mode', 'touch', 'link', 'retarget', 'replace', 'edit-copy',
];
const CROWD_ACTIONS = ['fill', 'fill', 'fill', 'purge', 'purge', 'purge'] as const;
const LARGE_BYTES = 3_000_000;
const CROWD_MIN = 8;
const CROWD_MORE = 24;

type Find = (filter: (entry: FoundEntry) => boolean, salt?: string) => FoundEntry | undefined;

interface Doing {
  readonly key: string;
  readonly n: number;
  readonly entries: readonly FoundEntry[];
  readonly one: Find;
  readonly slot: () => string;
  /** New, and sometimes long. */
  readonly content: () => string;
  /** New and short. */
  readonly plain: string;
}

export class Person {
  readonly name: string;
  readonly view: DiskView;
  /** Runs what is left of a slow save; set by the world, at once without it. */
  onSlowSave: ((save: SlowSave) => void) | undefined;
  features: ReadonlySet<Feature> = new Set();
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
    this.view = new DiskView(disk, user, root);
    this.#disk = disk;
    this.#user = user;
    this.#root = root;
    this.#choices = choices;
    this.#now = now;
  }

  /** Performs action number `n` of this person; undefined when there was nothing it could be done to. */
  act(n: number): Deed | undefined {
    const key = `${this.name} does ${n}`;
    // What an editor at work has beside its file is nobody's to touch.
    const entries = this.view.entries().filter(({ path }) => !TEMPORARY.test(path));
    const plain = `${MARK} ${this.name} ${n} ${'.'.repeat(this.#choices.roll(`${key} size`, 200))}`;
    return this.#do(this.#choices.pick(`${key} what`, this.#actions()), {
      key,
      n,
      entries,
      one: (filter, salt = '') => {
        const fitting = entries.filter(filter);
        return fitting[this.#choices.roll(`${key} which ${salt}`, Math.max(1, fitting.length))];
      },
      slot: () => this.#freeSlot(`${key} where `, entries),
      content: () => this.#long(key, plain),
      plain,
    });
  }

  #actions(): readonly [Action, ...Action[]] {
    return [
      ...ACTIONS,
      ...(this.features.has('crowds') ? CROWD_ACTIONS : []),
      ...(this.features.has('ignores') ? (['ignore', 'ignore'] as const) : []),
    ];
  }

  #long(key: string, plain: string): string {
    if (!this.features.has('large-files') || this.#choices.roll(`${key} large`, 4) !== 0)
      return plain;
    const bytes = this.#choices.bytes(`${key} bytes`, LARGE_BYTES);
    return `${plain}${Buffer.from(bytes).toString('latin1')}`;
  }

  #do(action: Action, doing: Doing): Deed | undefined {
    const { key, one, slot, content } = doing;
    const isFile = ({ kind }: FoundEntry): boolean => kind === 'file';
    switch (action) {
      case 'create':
        return this.#write(slot(), content());
      case 'edit':
        return this.#edit(one(isFile), content());
      case 'edit-copy':
        return this.#edit(
          one((entry) => isFile(entry) && entry.path.includes('(conflict ')),
          content(),
        );
      case 'save':
        return this.#save(one(isFile), doing.plain, key);
      case 'rename':
      case 'move':
        return this.#move(
          one(() => true),
          slot(),
          action,
        );
      case 'replace':
        return this.#replace(one(isFile), one(isFile, 'target'));
      case 'delete':
        return this.#delete(one(() => true));
      case 'mkdir':
        return this.#makeFolder(slot());
      case 'swap':
        return this.#swap(
          one(() => true),
          one(() => true, 'second'),
        );
      case 'mode':
      case 'touch':
        return this.#changeMeta(action, one(isFile), key);
      case 'link':
      case 'retarget':
        return this.#link(action, doing);
      case 'fill':
        return this.#fill(slot(), doing);
      case 'purge':
        return this.#purge(doing);
      case 'ignore':
        return this.#ignore(doing);
    }
  }

  #makeFolder(path: string): Deed {
    this.#user.folder(path);
    return this.#deed(`mkdir ${path}`);
  }

  #write(path: string, content: string): Deed {
    this.#user.write(path, toBytes(content));
    return this.#deed(`create ${path}`, { wrote: [content] });
  }

  #edit(file: FoundEntry | undefined, content: string): Deed | undefined {
    if (file === undefined) return undefined;
    const before = this.view.contentOf(file.path);
    this.#user.write(file.path, toBytes(content));
    return this.#deed(`edit ${file.path}`, { wrote: [content], gaveUp: [before] });
  }

  /** As one of the editors does: at once, or step by step while engines look. */
  #save(file: FoundEntry | undefined, content: string, key: string): Deed | undefined {
    if (file === undefined) return undefined;
    const { path } = file;
    const before = this.view.contentOf(path);
    const editor = editorFor(this.#choices, key, this.#disk.volume.options.hardLinks);
    const steps = editor.steps(this.#user, path, content, key.replaceAll(' ', '-'));
    const root: FoundEntry = { path: this.#root, kind: 'folder' };
    const contents = (): readonly string[] => this.view.contentsBelow(root);
    const old = keepsBackup(editor) ? { touched: [before] } : { gaveUp: [before] };
    if (this.onSlowSave !== undefined && this.#choices.roll(`${key} slowly`, 2) === 0) {
      const read = (): string | undefined =>
        this.#disk.programs.lstat(path)?.type === 'file' ? this.view.contentOf(path) : undefined;
      const lasting = (): readonly string[] =>
        this.view.contentsBelow(root, (at) => !TEMPORARY.test(at));
      this.onSlowSave({ key, path, content, steps, read, contents, lasting });
      return this.#deed(`begin to save ${path} as ${editor.name}`, { mayWrite: [content], ...old });
    }
    const save = (): void => {
      for (const step of steps) step();
    };
    const unseen = takenBy(save, contents).filter((taken) => taken !== before);
    return this.#deed(`save ${path} as ${editor.name}`, {
      ...old,
      wrote: [content],
      gaveUp: [...(old.gaveUp ?? []), ...unseen],
      unseen,
    });
  }

  #move(entry: FoundEntry | undefined, target: string, what: string): Deed | undefined {
    if (entry === undefined || target.startsWith(`${entry.path}/`) || target === entry.path)
      return undefined;
    const touched = this.view.contentsBelow(entry);
    this.#user.rename(entry.path, target);
    const moved = this.view.foldersAmong([entry]);
    return this.#deed(`${what} ${entry.path} to ${target}`, { touched, moved });
  }

  /** Renames one file over another. */
  #replace(from: FoundEntry | undefined, to: FoundEntry | undefined): Deed | undefined {
    if (from === undefined || to === undefined || from.path === to.path) return undefined;
    const gone = this.view.contentOf(to.path);
    const touched = [this.view.contentOf(from.path)];
    this.#user.rename(from.path, to.path);
    return this.#deed(`replace ${to.path} by ${from.path}`, {
      touched,
      gaveUp: [gone],
      deleted: this.view.isHidden(to.path) ? [] : [gone],
      still: this.view.still([gone]),
    });
  }

  #swap(a: FoundEntry | undefined, b: FoundEntry | undefined): Deed | undefined {
    if (a === undefined || b === undefined || a.path === b.path) return undefined;
    if (`${a.path}/`.startsWith(`${b.path}/`) || `${b.path}/`.startsWith(`${a.path}/`))
      return undefined;
    const touched = [...this.view.contentsBelow(a), ...this.view.contentsBelow(b)];
    const aside = `${a.path} aside`;
    if (this.#disk.programs.lstat(aside) !== undefined) return undefined;
    this.#user.rename(a.path, aside);
    this.#user.rename(b.path, a.path);
    this.#user.rename(aside, b.path);
    const moved = this.view.foldersAmong([a, b]);
    return this.#deed(`swap ${a.path} and ${b.path}`, { touched, moved });
  }

  #delete(entry: FoundEntry | undefined): Deed | undefined {
    if (entry === undefined) return undefined;
    const below = this.view.entries().filter(({ path }) => `${path}/`.startsWith(`${entry.path}/`));
    const gone = this.view.goneWith(below);
    this.#user.remove(entry.path);
    return this.#deed(`delete ${entry.path}`, { ...gone, still: this.view.still(gone.deleted) });
  }

  #changeMeta(what: 'mode' | 'touch', file: FoundEntry | undefined, key: string): Deed | undefined {
    if (file === undefined) return undefined;
    const { path } = file;
    if (what === 'mode')
      this.#user.setMode(path, this.#choices.roll(`${key} mode`, 2) === 0 ? 0o755 : 0o644);
    else this.#user.setTimes(path, this.#now() - this.#choices.roll(`${key} time`, 1_000_000));
    return this.#deed(`${what} ${path}`, { touched: [this.view.contentOf(path)] });
  }

  #link(what: 'link' | 'retarget', { n, one, slot }: Doing): Deed | undefined {
    const old = what === 'retarget' ? one(({ kind }) => kind === 'symlink') : undefined;
    if (what === 'retarget' && old === undefined) return undefined;
    if (old !== undefined) this.#user.remove(old.path);
    const path = old?.path ?? slot();
    this.#user.symlink(`target ${n}`, path);
    return this.#deed(`${what} ${path}`);
  }

  /** A folder with many files. */
  #fill(folder: string, { key, plain }: Doing): Deed {
    const count = CROWD_MIN + this.#choices.roll(`${key} crowd`, CROWD_MORE);
    this.#user.folder(folder);
    const wrote = Array.from({ length: count }, (_, i) => `${plain} of ${i}`);
    for (const [i, each] of wrote.entries())
      this.#user.write(`${folder}/${MARK}-${i}`, toBytes(each));
    return this.#deed(`fill ${folder} with ${count}`, { wrote });
  }

  /** Deletes everything, or everything in a folder, or every second file. */
  #purge({ key, entries, one }: Doing): Deed | undefined {
    const how = this.#choices.roll(`${key} how`, 3);
    const folder = how === 0 ? undefined : one(({ kind }) => kind === 'folder')?.path;
    const above = `${folder ?? this.#root}/`;
    const going = entries
      .filter(({ path }) => path.startsWith(above))
      .filter(({ kind }, i) => how !== 2 || (kind === 'file' && i % 2 === 0));
    const gone = this.view.goneWith(going);
    for (const { path } of going) this.#user.remove(path);
    const still = this.view.still(gone.deleted);
    return this.#deed(`purge ${above} of ${going.length}`, { ...gone, still });
  }

  #ignore({ n }: Doing): Deed {
    const path = `${this.#root}/${IGNORE_FILE}`;
    const content = `# ${MARK} ${this.name} ${n}\n${IGNORE_PATTERN}\n`;
    const kind = this.#disk.programs.lstat(path)?.type;
    // Somebody may have swapped a folder to this name: all that is in it goes.
    const gaveUp =
      kind === 'file' || kind === 'folder' ? this.view.contentsBelow({ path, kind }) : [];
    this.#user.remove(path);
    this.#user.write(path, toBytes(content));
    return this.#deed(`ignore ${IGNORE_PATTERN} by ${path}`, { wrote: [content], gaveUp });
  }

  #names(): readonly [string, ...string[]] {
    if (this.features.has('names')) return HARD_NAMES;
    return this.features.has('ignores') ? SCRATCH_NAMES : NAMES;
  }

  #freeSlot(key: string, entries: readonly FoundEntry[]): string {
    const folders = [
      this.#root,
      ...entries.filter(({ kind }) => kind === 'folder').map(({ path }) => path),
    ];
    const folder = folders[this.#choices.roll(`${key} folder`, folders.length)] ?? this.#root;
    let name = `${MARK}-${this.#choices.pick(`${key} name`, this.#names())}`;
    // Two spellings of one name in a folder are a stall (engine §8), which other tests are about.
    const taken = new Set(
      this.#disk.programs.readFolder(folder).map((there) => String(there).normalize('NFC')),
    );
    while (
      taken.has(name.normalize('NFC')) ||
      this.#disk.programs.lstat(`${folder}/${name}`) !== undefined
    )
      name += "'";
    return `${folder}/${name}`;
  }

  #deed(text: string, what: Partial<Deed> = {}): Deed {
    return deedOf(this.name, this.#now(), text, what);
  }
}

/** Contents are latin1 in memory: each character is a byte. */
function toBytes(content: string): Uint8Array {
  return Buffer.from(content, 'latin1');
}
