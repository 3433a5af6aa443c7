/** Paths and nodes of a drive as it was verified last; asks nobody. */
import { ok, type NodeId, type Result } from '@coffer/protocol/core';
import type { FullSpaceClient } from '../space/full-space-client.ts';
import type { NodeView } from '../space-changes.ts';
import { formatDrivePath, parseDrivePath, type DrivePath } from './drive-paths.ts';
import { refuse, type DriveRefusal } from './drive-refusal.ts';

/** A node with its path, which begins with `/`. */
export interface DriveEntry {
  readonly path: string;
  readonly node: NodeView;
}

/** What stands in a folder, or below it. */
export interface DriveListing {
  /** Sorted by path; a folder stands before what is in it. */
  readonly entries: readonly DriveEntry[];
  /** Nodes that are there but do not open. */
  readonly unreadable: readonly NodeId[];
}

/** Where something is to be put: the folder is there, the name may be free. */
export interface Place {
  readonly folder: NodeView;
  readonly name: string;
  readonly taken: NodeView | undefined;
}

export class DriveTree {
  readonly #space: FullSpaceClient;

  constructor(space: FullSpaceClient) {
    this.#space = space;
  }

  resolve(path: string): Result<DriveEntry, DriveRefusal> {
    const parsed = parseDrivePath(path);
    if (!parsed.ok) return refuse(parsed.error, path);
    const node = this.find(parsed.value);
    if (node === undefined) return refuse('not-found', path);
    return ok({ path: formatDrivePath(parsed.value), node });
  }

  find(names: DrivePath): NodeView | undefined {
    let node = this.#readable(this.#space.rootFolder);
    for (const name of names) {
      if (node === undefined) return undefined;
      node = this.#space.child(node.id, name);
    }
    return node;
  }

  /** A folder's entries, or the node itself. */
  list(path: string, isRecursive: boolean): Result<DriveListing, DriveRefusal> {
    const found = this.resolve(path);
    if (!found.ok) return found;
    const { node } = found.value;
    if (node.kind !== 'folder') return ok({ entries: [found.value], unreadable: [] });
    return ok(this.#below(found.value, isRecursive));
  }

  place(path: string): Result<Place, DriveRefusal> {
    const parsed = parseDrivePath(path);
    if (!parsed.ok) return refuse(parsed.error, path);
    const name = parsed.value.at(-1);
    if (name === undefined) return refuse('exists', path);
    const folder = this.find(parsed.value.slice(0, -1));
    if (folder === undefined) return refuse('not-found', path);
    if (folder.kind !== 'folder') return refuse('not-a-folder', path);
    return ok({ folder, name, taken: this.#space.child(folder.id, name) });
  }

  /** The path of a node, root or trash first; undefined when an ancestor does not open. */
  pathOf(id: NodeId): string | undefined {
    const names: string[] = [];
    for (let at = id; at !== this.#space.rootFolder;) {
      const node = this.#readable(at);
      if (node === undefined || at === this.#space.trash) return undefined;
      names.unshift(node.name);
      at = node.parent;
    }
    return formatDrivePath(names);
  }

  #below(folder: DriveEntry, isRecursive: boolean): DriveListing {
    const entries: DriveEntry[] = [];
    const unreadable: NodeId[] = [];
    const stack: DriveEntry[] = [folder];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top !== folder) entries.push(top);
      if (top.node.kind !== 'folder' || (top !== folder && !isRecursive)) continue;
      const prefix = top.path === '/' ? '' : top.path;
      const children: DriveEntry[] = [];
      for (const node of this.#space.children(top.node.id)) {
        if ('unreadable' in node) unreadable.push(node.id);
        else children.push({ path: `${prefix}/${node.name}`, node });
      }
      // Last first, so that the first is taken from the stack first.
      stack.push(...children.sort((a, b) => (a.node.name < b.node.name ? 1 : -1)));
    }
    return { entries, unreadable };
  }

  #readable(id: NodeId): NodeView | undefined {
    const node = this.#space.node(id);
    return node === undefined || 'unreadable' in node ? undefined : node;
  }
}
