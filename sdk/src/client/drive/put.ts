/** Puts files, folders and links of any number into a drive, sharing packs and commits. */
import { Defect, type Bytes, type NodeId } from '@coffer/protocol/core';
import type { ErrorCode } from '@coffer/protocol/api';
import { isRefusal } from '../../ports/index.ts';
import type { FullSpaceClient } from '../space/full-space-client.ts';
import type { ChangeOutcome, FileMeta, NodeView, SpaceChange, Uploader } from '../space-changes.ts';
import { formatDrivePath, nameKey, parseDrivePath, type DrivePath } from './drive-paths.ts';
import { refusalCode } from './drive-refusal.ts';

/** Something that is put at a path. */
export type PutItem =
  | {
      readonly kind: 'file';
      readonly path: string;
      /** Called once, when its turn has come. */
      readonly open: () => Iterable<Bytes> | AsyncIterable<Bytes>;
      readonly meta: FileMeta;
    }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'folder'; readonly path: string };

/**
 * What became of one item: `refused` by the state of the drive, `failed` by a fault. Others went
 * on.
 */
export type PutOutcome =
  | { readonly kind: 'done'; readonly path: string; readonly node: NodeView }
  | { readonly kind: 'refused'; readonly path: string; readonly code: ErrorCode }
  /** The source could not be read, or its upload failed; others went on. */
  | { readonly kind: 'failed'; readonly path: string; readonly error: unknown };

/** How things are put. */
export interface PutOptions {
  /** Make missing folders above. */
  readonly makeParents: boolean;
}

/** Files that are read at once; the uploader bounds memory by itself. */
const UPLOADS_MAX = 64;
/** Changes that are gathered before they are committed. */
const CHANGES_PER_COMMIT = 2000;

interface Planned {
  readonly index: number;
  readonly change: SpaceChange;
}

export class PutJob {
  readonly #space: FullSpaceClient;
  readonly #uploader: Uploader;
  readonly #options: PutOptions;
  readonly #signal: AbortSignal;
  readonly #outcomes: (PutOutcome | undefined)[] = [];
  readonly #items: readonly PutItem[];
  /** Folders of the drive by their path's key: those that are there and those that are being made. */
  readonly #folders = new Map<string, NodeId>();
  /** Slots that an item of this job fills. */
  readonly #claimed = new Set<string>();
  #planned: Planned[] = [];

  constructor(
    space: FullSpaceClient,
    items: readonly PutItem[],
    options: PutOptions,
    signal: AbortSignal,
  ) {
    this.#space = space;
    this.#uploader = space.createUploader();
    this.#items = items;
    this.#options = options;
    this.#signal = signal;
    this.#folders.set('', space.rootFolder);
  }

  /** Outcomes stand in the order of the items. Throws when the server or the space fails. */
  async run(): Promise<readonly PutOutcome[]> {
    const uploads = new Set<Promise<void>>();
    for (const [index, item] of this.#items.entries()) {
      this.#signal.throwIfAborted();
      if (item.kind !== 'file') {
        this.#plan(index, item, (slot) => makeChange(this.#space, item, slot));
        continue;
      }
      if (uploads.size >= UPLOADS_MAX) await Promise.race(uploads);
      const upload = this.#upload(index, item).finally(() => uploads.delete(upload));
      uploads.add(upload);
      if (this.#planned.length >= CHANGES_PER_COMMIT) await this.#commit();
    }
    await Promise.all([this.#uploader.flush(), ...uploads]);
    await this.#commit();
    return this.#items.map(
      ({ path }, i) => this.#outcomes[i] ?? { kind: 'refused', path, code: 'failed' },
    );
  }

  async #upload(index: number, item: Extract<PutItem, { kind: 'file' }>): Promise<void> {
    try {
      const content = await this.#uploader.add(item.open(), this.#signal);
      this.#plan(index, item, (slot) => {
        const { meta } = item;
        if (slot.taken === undefined) {
          const id = this.#space.newNodeId();
          return { op: 'make-file', id, ...slot.place, content, meta, copyOf: null };
        }
        const { id, rev, kind } = slot.taken;
        if (kind !== 'file') return kind === 'folder' ? 'is-a-folder' : 'exists';
        return { op: 'write', id, rev, content, meta, keepVersion: true };
      });
    } catch (error) {
      this.#signal.throwIfAborted();
      const { path } = item;
      this.#outcomes[index] = isRefusal(error, 'quota-exceeded')
        ? { kind: 'refused', path, code: 'quota-exceeded' }
        : { kind: 'failed', path, error };
    }
  }

  #plan(
    index: number,
    item: PutItem,
    change: (slot: PutSlot) => SpaceChange | NodeView | ErrorCode,
  ): void {
    const slot = this.#slot(item.path);
    const made = typeof slot === 'string' ? slot : change(slot);
    if (typeof made === 'string') {
      this.#outcomes[index] = { kind: 'refused', path: item.path, code: made };
    } else if ('op' in made) {
      this.#planned.push({ index, change: made });
      if (made.op === 'make-folder') this.#folders.set(pathKey(item.path), made.id);
    } else {
      this.#outcomes[index] = { kind: 'done', path: item.path, node: made };
    }
  }

  /** Parent and name of a path, with missing parents planned; a code when it cannot be. */
  #slot(path: string): PutSlot | ErrorCode {
    const parsed = parseDrivePath(path);
    if (!parsed.ok) return parsed.error;
    const name = parsed.value.at(-1);
    if (name === undefined) return 'exists';
    const parent = this.#folder(parsed.value.slice(0, -1));
    if (parent.code !== undefined) return parent.code;
    const slotKey = `${parent.id}/${nameKey(name)}`;
    if (this.#claimed.has(slotKey)) return 'exists';
    this.#claimed.add(slotKey);
    const taken = this.#space.child(parent.id, name);
    return { place: { parent: parent.id, name }, taken };
  }

  #folder(names: DrivePath): FoundFolder {
    const known = this.#folders.get(pathKey(formatDrivePath(names)));
    if (known !== undefined) return { id: known };
    const name = names.at(-1);
    if (name === undefined) return { id: this.#space.rootFolder };
    const parent = this.#folder(names.slice(0, -1));
    if (parent.code !== undefined) return parent;
    const there = this.#space.child(parent.id, name);
    if (there !== undefined && there.kind !== 'folder') return { code: 'not-a-folder' };
    const id = there?.id ?? this.#makeFolder(parent.id, name);
    if (id === undefined) return { code: 'not-found' };
    this.#folders.set(pathKey(formatDrivePath(names)), id);
    return { id };
  }

  #makeFolder(parent: NodeId, name: string): NodeId | undefined {
    if (!this.#options.makeParents) return undefined;
    const id = this.#space.newNodeId();
    this.#claimed.add(`${parent}/${nameKey(name)}`);
    this.#planned.push({ index: -1, change: { op: 'make-folder', id, parent, name } });
    return id;
  }

  async #commit(): Promise<void> {
    const planned = this.#planned;
    this.#planned = [];
    if (planned.length === 0) return;
    const outcomes = await this.#space.commit(
      planned.map(({ change }) => change),
      this.#signal,
    );
    for (const [i, { index }] of planned.entries()) {
      const item = this.#items[index];
      if (item !== undefined) this.#outcomes[index] = outcomeOf(item.path, outcomes[i]);
    }
  }
}

type FoundFolder =
  | { readonly id: NodeId; readonly code?: undefined }
  | { readonly code: ErrorCode; readonly id?: undefined };

interface PutSlot {
  readonly place: { readonly parent: NodeId; readonly name: string };
  readonly taken: NodeView | undefined;
}

function makeChange(
  space: FullSpaceClient,
  item: Extract<PutItem, { kind: 'symlink' | 'folder' }>,
  { place, taken }: PutSlot,
): SpaceChange | NodeView | ErrorCode {
  if (item.kind === 'folder') {
    if (taken !== undefined) return taken.kind === 'folder' ? taken : 'exists';
    return { op: 'make-folder', id: space.newNodeId(), ...place };
  }
  if (taken === undefined) {
    return { op: 'make-symlink', id: space.newNodeId(), ...place, target: item.target };
  }
  if (taken.kind !== 'symlink') return 'exists';
  return { op: 'retarget', id: taken.id, rev: taken.rev, target: item.target };
}

function outcomeOf(path: string, outcome: ChangeOutcome | undefined): PutOutcome {
  const code = refusalCode(outcome);
  if (code !== undefined) return { kind: 'refused', path, code };
  if (outcome?.kind !== 'done' || outcome.node === null) {
    throw new Defect('a node that was put is there');
  }
  return { kind: 'done', path, node: outcome.node };
}

function pathKey(path: string): string {
  return path
    .split('/')
    .filter((name) => name !== '')
    .map(nameKey)
    .join('/');
}
