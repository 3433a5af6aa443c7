/**
 * Brings a folder back to a moment: what was deleted, moved, renamed or written since is undone, what
 * came since goes to the trash. Nothing is removed for ever, and the contents of now stay as versions.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { FullSpaceClient } from '../space/full-space-client.ts';
import type { PastTree } from '../space/past-tree.ts';
import type { NodeView, SpaceChange, UnreadableNode } from '../space-changes.ts';

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
  #changed = 0;

  constructor(space: FullSpaceClient, past: PastTree, folder: NodeId) {
    this.#space = space;
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
    if (then.kind === 'symlink' && target !== null && target !== now.target) {
      return { op: 'retarget', id, rev, target };
    }
    if (then.kind !== 'file') return undefined;
    if (then.sha256 === now.sha256) {
      const isSame = mtimeMs === now.mtimeMs && executable === now.executable;
      return isSame ? undefined : { op: 'set-meta', id, rev, meta };
    }
    const version = this.#space.contents
      .versions(id)
      .find(({ number }) => number === then.written?.number);
    if (version === undefined) return this.#fail(path, 'version-gone');
    const content = await this.#space.contents.uploadedContent({ id, rev: version.rev }, signal);
    return { op: 'write', id, rev, content, meta, keepVersion: true };
  }

  /** How many of the changes were made. */
  async #commit(changes: readonly SpaceChange[], signal: AbortSignal): Promise<number> {
    if (changes.length === 0) return 0;
    const outcomes = await this.#space.commit(changes, signal);
    const done = outcomes.filter(({ kind }) => kind === 'done').length;
    this.#changed += done;
    return done;
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
