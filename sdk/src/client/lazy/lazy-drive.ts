/**
 * A drive that is read without its history: every call asks the server and verifies what it says
 * (`LazySpace`). Writes nothing, keeps nothing but its pin.
 */
import { IntegrityError, ok, type NodeId, type Result } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import {
  nodeKey,
  rootFolderId,
  rootNodeKey,
  trashId,
  type NodeRecord,
  type TreeKey,
} from '@coffer/protocol/model';
import { fetchContents, type FetchOptions } from '../content/fetch-contents.ts';
import type { FileToFetch } from '../content/fetch-plan.ts';
import { readRange, type ByteRange } from '../content/read-range.ts';
import { formatDrivePath, nameKey, parseDrivePath, type DrivePath } from '../drive/drive-paths.ts';
import { refuse, type DriveRefusal } from '../drive/drive-refusal.ts';
import type { DriveEntry, DriveListing } from '../drive/drive-tree.ts';
import type { ContentSink } from '../drive/drive.ts';
import type { NodeView, UnreadableNode } from '../space-changes.ts';
import { NodeReader, type NodeSource } from '../space/node-reader.ts';
import type { OpenLazySpace } from './open-lazy-space.ts';
import type { ProvenRows } from './proven-rows.ts';

export interface LazyDriveParts {
  readonly suite: OpenSuite;
  readonly space: OpenLazySpace;
  readonly fetching: FetchOptions;
  /** Holds the head against what other devices saw, where that is due; before the drive is read. */
  readonly checkDevices: (signal: AbortSignal) => Promise<void>;
}

/** A folder's entries in the state at one head. */
export interface LazyListing extends DriveListing {
  /** Seq of the head that they are of. */
  readonly seq: number;
}

/** The nodes from the root down to one that was looked for, and what is directly in it. */
interface Found {
  readonly entry: DriveEntry;
  readonly record: NodeRecord;
  readonly children: readonly NodeRecord[];
  readonly source: NodeSource;
  readonly seq: number;
}

/** How often a walk begins anew when a folder on its way is renamed or moved meanwhile. */
const ATTEMPTS_MAX = 5;
/** Names that are remembered as hints; every answer verifies them again. */
const HINTS_MAX = 50_000;

/** A drive that is read without its history. Made by `openLazyDrive`; it writes nothing. */
export class LazyDrive {
  readonly #parts: LazyDriveParts;
  readonly #reader: NodeReader;
  readonly #root: NodeId;
  /** Where a name was found last: saves the listings of the folders above. */
  readonly #hints = new Map<string, NodeId>();

  constructor(parts: LazyDriveParts) {
    const { suite, space } = parts;
    this.#parts = parts;
    this.#root = rootFolderId(space.id);
    const roots = { root: this.#root, trash: trashId(suite, space.id) };
    this.#reader = new NodeReader({ suite, keys: space.keys, ...roots });
  }

  /** The newest head that was verified. */
  head(): { readonly seq: number; readonly era: number } {
    const { seq, era } = this.#parts.space.head();
    return { seq, era };
  }

  /**
   * What is directly in a folder at the head that the server has now, complete, or the file itself.
   * Throws faults and IntegrityError, HeadRefused among them.
   */
  async list(path: string, signal: AbortSignal): Promise<Result<LazyListing, DriveRefusal>> {
    const found = await this.#find(path, signal);
    if (!found.ok) return found;
    const { entry, children, source, seq } = found.value;
    if (entry.node.kind !== 'folder') return ok({ entries: [entry], unreadable: [], seq });
    const prefix = entry.path === '/' ? '' : entry.path;
    const entries: DriveEntry[] = [];
    const unreadable: NodeId[] = [];
    for (const record of children) {
      const node = this.#reader.view(record, source);
      if ('unreadable' in node) unreadable.push(node.id);
      else entries.push({ path: `${prefix}/${node.name}`, node });
    }
    entries.sort((a, b) => (a.node.name < b.node.name ? -1 : 1));
    return ok({ entries, unreadable, seq });
  }

  /** The node at a path; throws what `list` throws. */
  async resolve(path: string, signal: AbortSignal): Promise<Result<DriveEntry, DriveRefusal>> {
    const found = await this.#find(path, signal);
    return found.ok ? ok(found.value.entry) : found;
  }

  /** The current content of a file, as `Drive.get` gives it; `range`: these bytes alone. */
  async get(
    path: string,
    sink: ContentSink,
    options: { readonly range?: ByteRange },
    signal: AbortSignal,
  ): Promise<Result<NodeView, DriveRefusal>> {
    const found = await this.#find(path, signal);
    if (!found.ok) return found;
    const { entry, record, source } = found.value;
    const { node } = entry;
    if (node.kind === 'folder') return refuse('is-a-folder', path);
    if (record.content === null) return refuse('unsupported', path);
    const file: FileToFetch = {
      index: 0,
      node,
      content: record.content,
      place: {
        space: this.#parts.space.id,
        node: node.id,
        keyOf: (kr) => this.#reader.keyAt(node.id, kr, source),
      },
    };
    if (options.range === undefined) await this.#fetch(file, sink, signal);
    else {
      sink.begin?.(node);
      for await (const piece of readRange(this.#parts.fetching, file, options.range, signal))
        sink.write(piece);
    }
    return ok(node);
  }

  async #fetch(file: FileToFetch, sink: ContentSink, signal: AbortSignal): Promise<void> {
    let failure: unknown;
    const inner = {
      begin: (_: number, node: NodeView) => sink.begin?.(node),
      write: (_: number, plaintext: Uint8Array) => {
        sink.write(plaintext);
      },
      end: () => undefined,
      fail: (_: number, error: unknown) => {
        failure = error;
      },
    };
    await fetchContents(this.#parts.fetching, [file], inner, signal);
    if (failure !== undefined) throw failure;
  }

  async #find(path: string, signal: AbortSignal): Promise<Result<Found, DriveRefusal>> {
    const names = parseDrivePath(path);
    if (!names.ok) return refuse(names.error, path);
    await this.#parts.checkDevices(signal);
    for (let attempt = 1; ; attempt++) {
      const found = await this.#walk(names.value, signal);
      if (found === 'absent') return refuse('not-found', path);
      if (found !== 'moved') return ok(found);
      this.#hints.clear();
      if (attempt === ATTEMPTS_MAX) return refuse('conflict', path);
    }
  }

  /** `moved`: what was seen on the way, or remembered, does not stand any more. */
  async #walk(names: DrivePath, signal: AbortSignal): Promise<Found | 'absent' | 'moved'> {
    const ids = this.#hinted(names);
    for (;;) {
      const trail = trailOf(this.#root, ids);
      const last = ids.at(-1) ?? this.#root;
      const rows = await this.#parts.space.read({ keys: trail, listings: [last] }, signal);
      const found = this.#foundAt(names, ids, rows, trail);
      if (found === 'moved' || ids.length === names.length) return found;
      if (found.record.kind !== 'folder') return 'absent';
      const name = names[ids.length] ?? '';
      const child = found.children.find((record) =>
        hasName(this.#reader.view(record, found.source), name),
      );
      if (child === undefined) return 'absent';
      this.#remember(last, name, child.id);
      ids.push(child.id);
    }
  }

  /** The last node of the trail, when every node on it stands there under the name that is looked for. */
  #foundAt(
    names: DrivePath,
    ids: readonly NodeId[],
    rows: ProvenRows,
    trail: readonly TreeKey[],
  ): Found | 'moved' {
    const records = new Map<NodeId, NodeRecord>();
    const source: NodeSource = { node: (id) => records.get(id) };
    let last: NodeRecord | undefined;
    for (const [depth, key] of trail.entries()) {
      const record = rows.record(key);
      if (record?.type !== 'node') return this.#gone(depth);
      if (last !== undefined && last.kind !== 'folder') return 'moved';
      records.set(record.id, record);
      const name = names[depth - 1];
      if (name !== undefined && !hasName(this.#reader.view(record, source), name)) return 'moved';
      last = record;
    }
    const below = rows.below(ids.at(-1) ?? this.#root);
    const children = below.filter((record) => record.type === 'node');
    for (const child of children) records.set(child.id, child);
    const node = last === undefined ? undefined : this.#reader.view(last, source);
    if (last === undefined || node === undefined || 'unreadable' in node) {
      throw new IntegrityError('open-failed', 'the root folder of the drive does not open');
    }
    const entry = { path: formatDrivePath(names.slice(0, ids.length)), node };
    return { entry, record: last, children, source, seq: rows.seq };
  }

  #gone(depth: number): 'moved' {
    if (depth > 0) return 'moved';
    throw new IntegrityError('data-missing', 'a drive has a root folder');
  }

  #hinted(names: DrivePath): NodeId[] {
    const ids: NodeId[] = [];
    for (const name of names) {
      const id = this.#hints.get(`${ids.at(-1) ?? this.#root}/${nameKey(name)}`);
      if (id === undefined) break;
      ids.push(id);
    }
    return ids;
  }

  #remember(parent: NodeId, name: string, id: NodeId): void {
    if (this.#hints.size >= HINTS_MAX) this.#hints.clear();
    this.#hints.set(`${parent}/${nameKey(name)}`, id);
  }
}

/** Keys of the nodes from the root down; every answer proves all of them in one state. */
function trailOf(root: NodeId, ids: readonly NodeId[]): readonly TreeKey[] {
  return [rootNodeKey(root), ...ids.map((id, i) => nodeKey(ids[i - 1] ?? root, id))];
}

function hasName(node: NodeView | UnreadableNode, name: string): boolean {
  return !('unreadable' in node) && nameKey(node.name) === nameKey(name);
}
