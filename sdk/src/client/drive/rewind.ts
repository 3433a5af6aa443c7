/**
 * Brings a folder back to a moment: what was deleted, moved, renamed or written since is undone, what
 * came since goes to the trash. Nothing is removed for ever, and the contents of now stay as versions.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { VersionView } from '../space/file-contents.ts';
import type { FullSpaceClient } from '../space/full-space-client.ts';
import type { PastTree } from '../space/past-tree.ts';
import type { NodeView, SpaceChange, UnreadableNode } from '../space-changes.ts';
import type { OnEditProgress } from './edit-progress.ts';

/** What rewinding a folder did; each path as it was at the moment. */
export interface Rewound {
  /** Seq of the commit that left the state which the folder is in again. */
  readonly seq: number;
  /** How many nodes were brought back, moved, rewritten, or put into the trash. */
  readonly changed: number;
  /** What could not be brought back. */
  readonly failed: readonly {
    readonly path: string;
    /** `gone`: removed for ever. `version-gone`: that content is not kept. `changed`: others changed it. */
    readonly why: 'gone' | 'version-gone' | 'unreadable' | 'changed';
  }[];
}

/** One change that rewinding would make. */
export interface RewindStep {
  readonly op: 'restore' | 'move' | 'make-folder' | 'trash' | 'write' | 'retarget' | 'set-meta';
  /** As the folder is after the step before; of what comes or goes back to its place, that place. */
  readonly path: string;
  /** Only of a move. */
  readonly to?: string;
}

/** What rewinding a folder would do now; `seq` and `failed` as in `Rewound`. */
export interface RewindPreview extends Pick<Rewound, 'seq' | 'failed'> {
  readonly steps: readonly RewindStep[];
}

/** Path of a node in the drive as it is now; undefined for what is in the trash. */
type PathOf = (id: NodeId) => string | undefined;

interface Wanted {
  readonly node: NodeView;
  readonly path: string;
}

type Failure = Rewound['failed'][number];

/** Passes over a folder in which others write at the same time, or whose changes need several commits. */
const PASSES_MAX = 3;

export class RewindJob {
  readonly #space: FullSpaceClient;
  readonly #past: PastTree;
  readonly #folder: NodeId;
  readonly #wanted = new Map<NodeId, Wanted>();
  /** What did not open then, and folders that were made anew: they stay. */
  readonly #leftAlone = new Set<NodeId>();
  readonly #failed = new Map<string, Failure>();
  /** Folders that are gone for ever, with the new ones that stand for them. */
  readonly #standIns = new Map<NodeId, NodeId>();
  readonly #onProgress: OnEditProgress;
  #changed = 0;

  constructor(
    space: FullSpaceClient,
    past: PastTree,
    folder: NodeId,
    onProgress: OnEditProgress = () => undefined,
  ) {
    this.#space = space;
    this.#onProgress = onProgress;
    this.#past = past;
    this.#folder = folder;
    this.#want(folder, '');
  }

  async run(signal: AbortSignal): Promise<Rewound> {
    for (let pass = 1; pass <= PASSES_MAX; pass++) {
      if ((await this.#commit(this.#places(), signal)) === 0) break;
    }
    for (let pass = 1; pass <= PASSES_MAX; pass++) {
      if ((await this.#commit(await this.#contents(signal), signal)) === 0) break;
    }
    for (const { node, path } of this.#wanted.values()) {
      if (!this.#isBack(node)) this.#fail(path, 'changed');
    }
    return { seq: this.#past.seq, changed: this.#changed, failed: [...this.#failed.values()] };
  }

  /** What `run` would do, of a job that is not run. Paths begin below the folder, moves from elsewhere at `/`. */
  preview(folderPath: string, pathOf: PathOf): RewindPreview {
    const prefix = folderPath === '/' ? '' : folderPath;
    const steps: RewindStep[] = [];
    for (const { node, path } of this.#wanted.values()) {
      const op = this.#placeOf(node, path)?.op;
      const at = prefix + path;
      const isBroughtAlong = op === 'restore' && this.#comesWithItsFolder(node);
      if (op === 'make-folder' || (op === 'restore' && !isBroughtAlong))
        steps.push({ op, path: at });
      if (op === 'move') steps.push({ op, path: pathOf(node.id) ?? at, to: at });
    }
    const folders = [{ id: this.#folder, path: '' }];
    for (const { node, path } of this.#wanted.values())
      if (node.kind === 'folder') folders.push({ id: node.id, path });
    for (const { id, path } of folders) steps.push(...this.#extraSteps(id, prefix + path, pathOf));
    for (const { node, path } of this.#wanted.values()) {
      const op = this.#contentStep(node, path);
      if (op !== undefined) steps.push({ op, path: prefix + path });
    }
    return { seq: this.#past.seq, steps, failed: [...this.#failed.values()] };
  }

  /** In the trash only because its folder is. */
  #comesWithItsFolder({ id, parent, name }: NodeView): boolean {
    const now = this.#space.node(id);
    return (
      now !== undefined && !('unreadable' in now) && now.parent === parent && now.name === name
    );
  }

  *#extraSteps(folder: NodeId, path: string, pathOf: PathOf): Generator<RewindStep> {
    for (const node of this.#space.children(folder)) {
      if (this.#wanted.has(node.id) || this.#leftAlone.has(node.id)) continue;
      const at = `${path}/${'unreadable' in node ? node.id : node.name}`;
      const change = this.#away(node);
      const into = change.op === 'move' ? pathOf(change.parent) : undefined;
      yield change.op === 'move' && into !== undefined
        ? { op: 'move', path: at, to: `${into === '/' ? '' : into}/${change.name}` }
        : { op: 'trash', path: at };
    }
  }

  #contentStep(then: NodeView, path: string): RewindStep['op'] | undefined {
    const now = this.#space.node(then.id);
    if (now === undefined || 'unreadable' in now) return undefined;
    const op = contentOp(then, now);
    if (op !== 'write' || this.#versionOf(then) !== undefined) return op;
    return this.#fail(path, 'version-gone');
  }

  /** All that was below the folder, parents first. */
  #want(folder: NodeId, prefix: string): void {
    for (const node of this.#past.children(folder)) {
      if ('unreadable' in node) {
        this.#fail(`${prefix}/${node.id}`, 'unreadable');
        this.#leftAlone.add(node.id);
        continue;
      }
      const path = `${prefix}/${node.name}`;
      this.#wanted.set(node.id, { node, path });
      if (node.kind === 'folder') this.#want(node.id, path);
    }
  }

  /** Everything that was there to its place, then what was not there away. */
  #places(): readonly SpaceChange[] {
    const changes: SpaceChange[] = [];
    for (const { node, path } of this.#wanted.values()) {
      const change = this.#placeOf(node, path);
      if (change !== undefined) changes.push(change);
    }
    return [...changes, ...this.#extras(this.#folder)];
  }

  #placeOf(then: NodeView, path: string): SpaceChange | undefined {
    const id = this.#standIns.get(then.id) ?? then.id;
    const parent = this.#standIns.get(then.parent) ?? then.parent;
    const { name } = then;
    const now = this.#space.node(id);
    if (now === undefined) {
      if (then.kind !== 'folder') return this.#fail(path, 'gone');
      const made = this.#space.newNodeId();
      this.#standIns.set(then.id, made);
      this.#leftAlone.add(made);
      return { op: 'make-folder', id: made, parent, name };
    }
    if ('unreadable' in now) return this.#fail(path, 'unreadable');
    if (now.trashed) return { op: 'restore', id, parent, name };
    if (now.parent === parent && now.name === name) return undefined;
    return { op: 'move', id, parent, name };
  }

  /** What is in a folder now and was not: back to where it was, or into the trash with what is in it. */
  *#extras(folder: NodeId): Generator<SpaceChange> {
    for (const node of this.#space.children(folder)) {
      const isWanted = this.#wanted.has(node.id) || this.#leftAlone.has(node.id);
      if (!isWanted) yield this.#away(node);
      if (isWanted && !('unreadable' in node) && node.kind === 'folder') {
        yield* this.#extras(node.id);
      }
    }
  }

  #away({ id }: NodeView | UnreadableNode): SpaceChange {
    const then = this.#past.node(id);
    if (then === undefined || 'unreadable' in then || then.trashed) return { op: 'trash', id };
    const parent = this.#space.node(then.parent);
    const isThere = parent !== undefined && !('unreadable' in parent) && !parent.trashed;
    const isFree = isThere && this.#space.child(then.parent, then.name) === undefined;
    const { name } = then;
    return isFree ? { op: 'move', id, parent: then.parent, name } : { op: 'trash', id };
  }

  async #contents(signal: AbortSignal): Promise<readonly SpaceChange[]> {
    const changes: SpaceChange[] = [];
    for (const { node, path } of this.#wanted.values()) {
      this.#tell(changes.length, null);
      const now = this.#space.node(node.id);
      if (now === undefined || 'unreadable' in now || now.trashed) continue;
      const change = await this.#contentOf(node, now, path, signal);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  async #contentOf(
    then: NodeView,
    now: NodeView,
    path: string,
    signal: AbortSignal,
  ): Promise<SpaceChange | undefined> {
    const { id, rev } = now;
    const { mtimeMs, executable, target } = then;
    const meta = { mtimeMs, executable };
    const op = contentOp(then, now);
    if (op === 'retarget' && target !== null) return { op, id, rev, target };
    if (op === 'set-meta') return { op, id, rev, meta };
    if (op !== 'write') return undefined;
    const version = this.#versionOf(then);
    if (version === undefined) return this.#fail(path, 'version-gone');
    const content = await this.#space.contents.uploadedContent({ id, rev: version.rev }, signal);
    return { op, id, rev, content, meta, keepVersion: true };
  }

  /** The kept version that holds the content of then. */
  #versionOf({ id, written }: NodeView): VersionView | undefined {
    return this.#space.contents.versions(id).find(({ number }) => number === written?.number);
  }

  /** How many of the changes were made. */
  async #commit(changes: readonly SpaceChange[], signal: AbortSignal): Promise<number> {
    if (changes.length === 0) return 0;
    this.#tell(0, changes.length);
    const outcomes = await this.#space.commit(changes, signal);
    const done = outcomes.filter(({ kind }) => kind === 'done').length;
    this.#changed += done;
    return done;
  }

  /** Of the pass that is being worked out or committed. */
  #tell(inPass: number, ofPass: number | null): void {
    const total = ofPass === null ? null : this.#changed + ofPass;
    this.#onProgress({ step: 'changes', done: this.#changed + inPass, total });
  }

  #isBack(then: NodeView): boolean {
    const id = this.#standIns.get(then.id) ?? then.id;
    const parent = this.#standIns.get(then.parent) ?? then.parent;
    const now = this.#space.node(id);
    if (now === undefined || 'unreadable' in now) return false;
    const isInPlace = !now.trashed && now.parent === parent && now.name === then.name;
    return isInPlace && now.sha256 === then.sha256 && now.target === then.target;
  }

  /** The first reason counts. */
  #fail(path: string, why: Failure['why']): undefined {
    if (!this.#failed.has(path)) this.#failed.set(path, { path, why });
  }
}

/** What a node that is in its place still lacks of how it was. */
function contentOp(then: NodeView, now: NodeView): 'write' | 'retarget' | 'set-meta' | undefined {
  if (then.kind === 'symlink' && then.target !== null && then.target !== now.target)
    return 'retarget';
  if (then.kind !== 'file') return undefined;
  if (then.sha256 !== now.sha256) return 'write';
  const isSame = then.mtimeMs === now.mtimeMs && then.executable === now.executable;
  return isSame ? undefined : 'set-meta';
}
