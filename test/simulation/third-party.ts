/** A device of the account without a folder: it changes the drive by paths, as commands do. */
import type { Drive, NodeView } from '@coffer/sdk';
import type { Choices } from './choices.ts';
import { deedOf, type Deed } from './deed.ts';
import { MARK } from './person.ts';
import type { SimDevice } from './device.ts';

const NAMES = ['alpha', 'beta', 'gamma', 'delta'] as const;
const ACTIONS = [
  'put',
  'put',
  'replace',
  'move',
  'trash',
  'restore',
  'folder',
  'retarget',
] as const;

interface ThirdPartyParts {
  readonly device: SimDevice;
  readonly choices: Pick<Choices, 'pick' | 'roll'>;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** The content with this hash, when somebody wrote one. */
  readonly contentOf: (sha256: string) => string | undefined;
  /** Told a content before it may be anywhere. */
  readonly announce: (content: string) => void;
}

/** What became of an action; `isCertain` is false when its answer got lost on the way. */
export interface ThirdPartyDeed {
  readonly deed: Deed;
  readonly isCertain: boolean;
}

type Found = { readonly path: string; readonly node: NodeView };

export class ThirdParty {
  readonly #parts: ThirdPartyParts;

  constructor(parts: ThirdPartyParts) {
    this.#parts = parts;
  }

  get name(): string {
    return this.#parts.device.name;
  }

  /** Performs action number `n`; undefined when it was refused or there was nothing to do it to. */
  async act(n: number): Promise<ThirdPartyDeed | undefined> {
    const { device, choices, now, signal, announce } = this.#parts;
    const key = `${device.name} does ${n}`;
    const action = choices.pick(`${key} what`, ACTIONS);
    const content = `${MARK} ${device.name} ${n} ${'.'.repeat(choices.roll(`${key} size`, 200))}`;
    announce(content);
    try {
      const { drive } = await device.live(signal);
      await drive.refresh(signal);
      const deed = await this.#do(action, { key, n, content, drive });
      return deed === undefined ? undefined : { deed, isCertain: true };
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'RemoteFault') throw error;
      const deed = deedOf(device.name, now(), `${action}, not answered`, { mayWrite: [content] });
      return { deed, isCertain: false };
    }
  }

  async #do(
    action: (typeof ACTIONS)[number],
    doing: {
      readonly key: string;
      readonly n: number;
      readonly content: string;
      readonly drive: Drive;
    },
  ): Promise<Deed | undefined> {
    const { choices, signal } = this.#parts;
    const { key, n, content, drive } = doing;
    const listed = drive.list('/', { recursive: true });
    const entries: readonly Found[] = listed.ok ? listed.value.entries : [];
    const one = (filter: (found: Found) => boolean): Found | undefined => {
      const fitting = entries.filter(filter);
      return fitting[choices.roll(`${key} which`, Math.max(1, fitting.length))];
    };
    const slot = this.#slot(key, entries);
    switch (action) {
      case 'put':
      case 'replace': {
        const path =
          action === 'put' ? slot : (one(({ node }) => node.kind === 'file')?.path ?? slot);
        return this.#put(drive, path, content);
      }
      case 'move': {
        const from = one(() => true);
        if (from === undefined) return undefined;
        const touched = this.#contentsBelow(drive, from.node);
        const moved = await drive.edit.move(from.path, slot, signal);
        const folder = from.node.kind === 'folder' ? [from.path, from.node.id] : [];
        return moved.ok
          ? this.#deed(`move ${from.path} to ${slot}`, { touched, moved: folder })
          : undefined;
      }
      case 'trash': {
        const found = one(() => true);
        return found === undefined ? undefined : this.#trash(drive, found.path);
      }
      case 'restore': {
        const trashed = drive.trashed();
        const node = trashed[choices.roll(`${key} trashed`, Math.max(1, trashed.length))];
        if (node === undefined) return undefined;
        const restored = await drive.edit.restore(node.id, {}, signal);
        if (!restored.ok) return undefined;
        const touched = this.#contentsBelow(drive, restored.value.node);
        return this.#deed(`restore ${restored.value.path}`, { touched });
      }
      case 'folder': {
        const made = await drive.makeFolder(slot, {}, signal);
        return made.ok ? this.#deed(`make ${slot}`, {}) : undefined;
      }
      case 'retarget': {
        const path = one(({ node }) => node.kind === 'symlink')?.path ?? slot;
        const item = { kind: 'symlink', path, target: `target ${n}` } as const;
        const [outcome] = await drive.putAll([item], { makeParents: false }, signal);
        return outcome?.kind === 'done' ? this.#deed(`retarget ${path}`, {}) : undefined;
      }
    }
  }

  async #put(drive: Drive, path: string, content: string): Promise<Deed | undefined> {
    const source = [new TextEncoder().encode(content)];
    const put = await drive.put(path, source, { makeParents: false }, this.#parts.signal);
    if (!put.ok) return undefined;
    // What it replaced is known only now: somebody may have written meanwhile.
    const { id } = put.value.node;
    const replaced = drive.space.contents.versions(id).at(-2);
    const before =
      replaced === undefined
        ? undefined
        : await drive.space.contents.uploadedContent({ id, rev: replaced.rev }, this.#parts.signal);
    const gone = before === undefined ? undefined : this.#parts.contentOf(before.sha256);
    const gaveUp = gone === undefined ? [] : [gone];
    return this.#deed(`put ${path}`, { wrote: [content], gaveUp });
  }

  async #trash(drive: Drive, path: string): Promise<Deed | undefined> {
    const trashed = await drive.edit.trash(path, this.#parts.signal);
    if (!trashed.ok) return undefined;
    const { node } = trashed.value;
    const within = new Map(this.#filesBelow(drive, { path, node }));
    const gone = [...within.keys()];
    const still = this.#still(drive, gone);
    return this.#deed(`trash ${path}`, { gaveUp: gone, deleted: gone, still, within });
  }

  /** Where the drive has more of these contents. */
  #still(drive: Drive, gone: readonly string[]): ReadonlyMap<string, string> {
    const listed = drive.list('/', { recursive: true });
    const entries: readonly Found[] = listed.ok ? listed.value.entries : [];
    return new Map(
      entries.flatMap(({ path, node }): [string, string][] => {
        const content = this.#parts.contentOf(node.sha256 ?? '');
        return content !== undefined && gone.includes(content) ? [[path, content]] : [];
      }),
    );
  }

  #contentsBelow(drive: Drive, node: NodeView): readonly string[] {
    return this.#filesBelow(drive, { path: '', node }).map(([content]) => content);
  }

  /** Contents of the file, or of all below the folder, and the folders that each is in, from that one on. */
  #filesBelow(
    drive: Drive,
    { path, node }: Found,
    folders: readonly string[] = [],
  ): readonly [string, readonly string[]][] {
    if (node.kind === 'folder') {
      const within = [...folders, path, node.id];
      return drive.space.children(node.id).flatMap((child) => {
        if ('unreadable' in child) return [];
        return this.#filesBelow(drive, { path: `${path}/${child.name}`, node: child }, within);
      });
    }
    const content = node.sha256 === null ? undefined : this.#parts.contentOf(node.sha256);
    return content === undefined ? [] : [[content, folders]];
  }

  #slot(key: string, entries: readonly Found[]): string {
    const { choices } = this.#parts;
    const folders = ['', ...entries.filter(({ node }) => node.kind === 'folder').map(pathOf)];
    const folder = folders[choices.roll(`${key} folder`, folders.length)] ?? '';
    const taken = new Set(entries.map(({ path }) => path.normalize('NFC')));
    let path = `${folder}/${MARK}-${choices.pick(`${key} name`, NAMES)}`;
    while (taken.has(path.normalize('NFC'))) path += "'";
    return path;
  }

  #deed(text: string, what: Partial<Deed>): Deed {
    return deedOf(this.#parts.device.name, this.#parts.now(), text, what);
  }
}

function pathOf({ path }: Found): string {
  return path;
}
