/** Changes of what is in a drive, by paths: each looks at the newest state before it is made. */
import { Defect, err, ok, type NodeId, type Result } from '@coffer/protocol/core';
import type { FullSpaceClient } from '../space/full-space-client.ts';
import type { Moment } from '../space/past-tree.ts';
import type { NodeView, SpaceChange } from '../space-changes.ts';
import { copyChanges } from './copy-tree.ts';
import type { OnEditProgress } from './edit-progress.ts';
import { refusalCode, refuse, type DriveRefusal } from './drive-refusal.ts';
import { RewindJob, type RewindPreview, type Rewound } from './rewind.ts';
import type { DriveEntry, DriveTree, Place } from './drive-tree.ts';

type Outcome<T> = Promise<Result<T, DriveRefusal>>;

/** How often an operation is done anew when another device changes the same node. */
const ATTEMPTS_MAX = 3;
/** How many copies are planned before they are made: their chunks are held in memory. */
const CHANGES_PER_COMMIT = 1000;

/**
 * Changes of what is there, as `drive.edit`. Each brings the newest state first and throws faults,
 * IntegrityError and the reason of an aborted signal; what was refused changed nothing unless it
 * says otherwise.
 */
export class DriveEditor {
  readonly #space: FullSpaceClient;
  readonly #tree: DriveTree;
  readonly #refresh: (signal: AbortSignal) => Promise<void>;

  constructor(
    space: FullSpaceClient,
    tree: DriveTree,
    refresh: (signal: AbortSignal) => Promise<void>,
  ) {
    this.#space = space;
    this.#tree = tree;
    this.#refresh = refresh;
  }

  /**
   * Never replaces: into an existing folder under its name, else to the name that is given. `exists`,
   * `not-found`, `not-a-folder`, `name-invalid`; `refused` for the root and into itself, `limit-reached`
   * when it would stand too deep, `conflict` when others always changed it first.
   */
  move(from: string, to: string, signal: AbortSignal): Outcome<DriveEntry> {
    return this.#change(from, signal, ({ node }) => {
      const place = this.#placeInto(to, node.name);
      if (!place.ok) return place;
      const { folder, name, taken } = place.value;
      if (taken !== undefined && taken.id !== node.id) return refuse('exists', to);
      return ok([{ op: 'move', id: node.id, parent: folder.id, name }]);
    });
  }

  /**
   * A copy of a file, link or whole folder, by the rules of `move` for `to`. No chunk travels; versions
   * are not copied. `integrity` when something in it does not open. What was copied of a folder by then
   * goes to the trash when the rest is refused (`limit-reached`, say), which names it as `part`; when
   * this throws, it stays.
   */
  async copy(
    from: string,
    to: string,
    signal: AbortSignal,
    onProgress?: OnEditProgress,
  ): Outcome<DriveEntry> {
    await this.#refresh(signal);
    const source = this.#tree.resolve(from);
    if (!source.ok) return source;
    const place = this.#placeInto(to, source.value.node.name);
    if (!place.ok) return place;
    const { folder, name, taken } = place.value;
    if (taken !== undefined) return refuse('exists', to);
    if (this.#isAtOrBelow(folder, source.value.node.id)) return refuse('refused', to);
    const changes = copyChanges(this.#space, source.value, { folder, name }, signal);
    const copied = await this.#makeCopy(changes, to, signal, onProgress);
    if (!copied.ok) return copied;
    return ok(this.#entryOf(copied.value, to));
  }

  /** All that `changes` yields, the copy itself first; or nothing but what is in the trash. */
  async #makeCopy(
    changes: ReturnType<typeof copyChanges>,
    to: string,
    signal: AbortSignal,
    onProgress: OnEditProgress = () => undefined,
  ): Outcome<NodeView> {
    let top: NodeId | undefined;
    let count = 0;
    const refused = async (error: DriveRefusal): Outcome<NodeView> => {
      if (top === undefined || this.#readable(top) === null) return err(error);
      await this.#space.commit([{ op: 'trash', id: top }], signal);
      const part = this.#readable(top);
      return err(part === null ? error : { ...error, part });
    };
    for (let isDone = false; !isDone;) {
      const batch: SpaceChange[] = [];
      while (!isDone && batch.length < CHANGES_PER_COMMIT) {
        onProgress({ step: 'changes', done: count + batch.length, total: null });
        const next = await changes.next();
        if (next.done !== true) batch.push(next.value);
        else if (next.value.ok) isDone = true;
        else return refused(next.value.error);
      }
      top ??= batch[0]?.id;
      count += batch.length;
      const made = await this.#commit(batch, to, signal);
      if (!made.ok) return refused(made.error);
    }
    const copy = top === undefined ? null : this.#readable(top);
    if (copy === null) throw new Defect('a copy that was made is there');
    return ok(copy);
  }

  /**
   * Brings a folder back to how it was at a moment: deleted, moved, renamed and written things as they
   * were, what came since into the trash. Contents of now stay as versions, so that rewinding can be
   * undone. Fetches the commits of the whole space, but no content. What could not be brought back is
   * in the answer; `not-found` when the folder was not there then.
   */
  async rewind(
    path: string,
    moment: Moment,
    signal: AbortSignal,
    onProgress?: OnEditProgress,
  ): Promise<Result<Rewound, DriveRefusal>> {
    const job = await this.#rewindJob(path, moment, signal, onProgress);
    return job.ok ? ok(await job.value.run(signal)) : job;
  }

  /** What `rewind` would do now, changing nothing; the same refusals. Give it the `seq` of the answer to do it. */
  async previewRewind(
    path: string,
    moment: Moment,
    signal: AbortSignal,
    onProgress?: OnEditProgress,
  ): Promise<Result<RewindPreview, DriveRefusal>> {
    const job = await this.#rewindJob(path, moment, signal, onProgress);
    if (!job.ok) return job;
    const top = this.#tree.resolve(path);
    if (!top.ok) return top;
    return ok(job.value.preview(top.value.path, (id) => this.#tree.pathOf(id)));
  }

  async #rewindJob(
    path: string,
    moment: Moment,
    signal: AbortSignal,
    onProgress: OnEditProgress | undefined,
  ): Promise<Result<RewindJob, DriveRefusal>> {
    await this.#refresh(signal);
    const found = this.#tree.resolve(path);
    if (!found.ok) return found;
    const { id, kind } = found.value.node;
    if (kind !== 'folder') return refuse('not-a-folder', path);
    const past = await this.#space.past(moment, signal, (done, total) =>
      onProgress?.({ step: 'history', done, total }),
    );
    const then = past.node(id);
    if (then === undefined || 'unreadable' in then || then.trashed)
      return refuse('not-found', path);
    return ok(new RewindJob(this.#space, past, id, onProgress));
  }

  /** Moves to the trash, folders whole. `not-found`, `refused` for the root, `conflict`. */
  trash(path: string, signal: AbortSignal): Outcome<DriveEntry> {
    return this.#change(path, signal, ({ node }) => ok([{ op: 'trash', id: node.id }]));
  }

  /** Removes for ever, with all versions: nothing brings it back. */
  purge(path: string, signal: AbortSignal): Outcome<DriveEntry> {
    return this.#change(path, signal, ({ node: { id } }) =>
      ok([
        { op: 'trash', id },
        { op: 'purge', id },
      ]),
    );
  }

  /**
   * Makes a kept version the current content again, or a new file at `to`: the one with this number, or
   * the one before the current. Sends no content. `not-found`, `exists`, `unsupported`, `conflict`.
   */
  async restoreVersion(
    path: string,
    options: { readonly version?: number; readonly to?: string },
    signal: AbortSignal,
  ): Outcome<DriveEntry> {
    await this.#refresh(signal);
    const found = this.#tree.resolve(path);
    if (!found.ok) return found;
    const { id, kind, executable } = found.value.node;
    if (kind !== 'file') return refuse('unsupported', path);
    const versions = this.#space.contents.versions(id);
    const wanted =
      options.version === undefined
        ? versions.at(-2)
        : versions.find(({ number }) => number === options.version);
    if (wanted === undefined) return refuse('not-found', path);
    const { mtimeMs, rev } = wanted;
    const content = await this.#space.contents.uploadedContent({ id, rev }, signal);
    const meta = { mtimeMs, executable };
    return this.#change(path, signal, ({ node }) => {
      if (options.to === undefined) {
        return ok([{ op: 'write', id, rev: node.rev, content, meta, keepVersion: true }]);
      }
      const place = this.#tree.place(options.to);
      if (!place.ok) return place;
      const { folder, name, taken } = place.value;
      if (taken !== undefined) return refuse('exists', options.to);
      const made = { id: this.#space.newNodeId(), parent: folder.id, name, copyOf: null };
      return ok([{ op: 'make-file', ...made, content, meta }]);
    });
  }

  /**
   * Out of the trash to where it was, or to `to`; into the root when its folder is gone. `not-found` for
   * what is not in the trash, `exists` for a taken name: it stays in the trash then.
   */
  async restore(
    id: NodeId,
    options: { readonly to?: string },
    signal: AbortSignal,
  ): Outcome<DriveEntry> {
    await this.#refresh(signal);
    const node = this.#space.node(id);
    if (node === undefined || 'unreadable' in node || !node.trashed) return refuse('not-found', id);
    const place = options.to === undefined ? this.#formerPlace(node) : this.#tree.place(options.to);
    if (!place.ok) return place;
    const { folder, name, taken } = place.value;
    if (taken !== undefined) return refuse('exists', options.to ?? name);
    const change: SpaceChange = { op: 'restore', id, parent: folder.id, name };
    const made = await this.#commit([change], options.to ?? name, signal);
    return made.ok ? ok(this.#entryOf(made.value ?? node, name)) : made;
  }

  /** Removes for ever what is in the trash, or only these nodes of it. Gives how many went. */
  async emptyTrash(
    options: { readonly only?: readonly NodeId[] },
    signal: AbortSignal,
  ): Promise<number> {
    await this.#refresh(signal);
    const inTrash = this.#space.children(this.#space.trash).map(({ id }) => id);
    const ids = options.only?.filter((id) => inTrash.includes(id)) ?? inTrash;
    const changes = ids.map((id): SpaceChange => ({ op: 'purge', id }));
    const outcomes = await this.#space.commit(changes, signal);
    return outcomes.filter(({ kind }) => kind === 'done').length;
  }

  /** A place at `path`, or in the folder that is there under `name`. */
  #placeInto(path: string, name: string): Result<Place, DriveRefusal> {
    const there = this.#tree.resolve(path);
    if (!there.ok || there.value.node.kind !== 'folder') return this.#tree.place(path);
    const folder = there.value.node;
    return ok({ folder, name, taken: this.#space.child(folder.id, name) });
  }

  #formerPlace(node: NodeView): Result<Place, DriveRefusal> {
    const former = node.from === null ? undefined : this.#space.node(node.from.parent);
    const isThere =
      former !== undefined &&
      !('unreadable' in former) &&
      !former.trashed &&
      former.kind === 'folder';
    const folder = isThere ? former : this.#space.node(this.#space.rootFolder);
    if (folder === undefined || 'unreadable' in folder) throw new Defect('a drive has a root');
    const name = node.from?.name ?? node.name;
    return ok({ folder, name, taken: this.#space.child(folder.id, name) });
  }

  /** Plans on the newest state and commits; again when another device changed the node meanwhile. */
  async #change(
    path: string,
    signal: AbortSignal,
    plan: (entry: DriveEntry) => Result<readonly SpaceChange[], DriveRefusal>,
  ): Outcome<DriveEntry> {
    for (let attempt = 1; ; attempt++) {
      await this.#refresh(signal);
      const found = this.#tree.resolve(path);
      if (!found.ok) return found;
      const changes = plan(found.value);
      if (!changes.ok) return changes;
      const made = await this.#commit(changes.value, path, signal);
      if (made.ok) return ok(this.#entryOf(made.value ?? found.value.node, path));
      if (made.error.code !== 'conflict' || attempt === ATTEMPTS_MAX) return made;
    }
  }

  /** The node as the last change left it; null when it is gone for ever. */
  async #commit(
    changes: readonly SpaceChange[],
    path: string,
    signal: AbortSignal,
  ): Outcome<NodeView | null> {
    const outcomes = await this.#space.commit(changes, signal);
    for (const outcome of outcomes) {
      const code = refusalCode(outcome);
      if (code !== undefined) return refuse(code, path);
    }
    const last = outcomes.at(-1);
    return ok(last?.kind === 'done' ? last.node : null);
  }

  #isAtOrBelow(folder: NodeView, ancestor: NodeId): boolean {
    for (let at: NodeView | null = folder; at !== null; at = this.#readable(at.parent)) {
      if (at.id === ancestor) return true;
    }
    return false;
  }

  #readable(id: NodeId): NodeView | null {
    const node = this.#space.node(id);
    return node === undefined || 'unreadable' in node ? null : node;
  }

  /** The node with the path that it has now, or had when it left the tree. */
  #entryOf(node: NodeView, former: string): DriveEntry {
    return { path: this.#tree.pathOf(node.id) ?? former, node };
  }
}
