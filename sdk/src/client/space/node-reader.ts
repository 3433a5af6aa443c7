/**
 * Opens nodes: from the space's epoch keys down the wrapped keys to a node's own key, and with it the
 * node's meta. Every place that a sealed field is bound to comes from the verified record itself.
 */
import { encodeContent } from '@coffer/protocol/model';
import {
  bytesToHex,
  IntegrityError,
  type Bytes,
  type Digest,
  type NodeId,
} from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import type { NameTag, NodeRecord } from '@coffer/protocol/model';
import {
  nameTag,
  openNodeMeta,
  rootKey,
  trashKey,
  unwrapNodeKey,
  type NodeMeta,
  type SpaceKeys,
} from '@coffer/protocol/model/open';
import type { NodeView, UnreadableNode } from '../space-changes.ts';

/** Where nodes are looked up: the stored state, or a draft of its successor. */
export interface NodeSource {
  readonly node: (id: NodeId) => NodeRecord | undefined;
}

export interface NodeReaderOptions {
  readonly suite: OpenSuite;
  readonly keys: () => SpaceKeys;
  readonly root: NodeId;
  readonly trash: NodeId;
}

/** Keys that were unwrapped; bounded, since each can be unwrapped again. */
const CACHED_KEYS_MAX = 50_000;

export class NodeReader {
  readonly #suite: OpenSuite;
  readonly #keys: () => SpaceKeys;
  readonly #root: NodeId;
  readonly #trash: NodeId;
  readonly #options: NodeReaderOptions;
  readonly #base: NodeReader | undefined;
  readonly #cache = new Map<string, Bytes>();
  /** Folders, with the number of their key, below which every child is wrapped under that key. */
  readonly #settled = new Set<string>();

  constructor(options: NodeReaderOptions, base?: NodeReader) {
    this.#options = options;
    this.#base = base;
    this.#suite = options.suite;
    this.#keys = options.keys;
    this.#root = options.root;
    this.#trash = options.trash;
  }

  /** Forgets all keys: the space is another one under the same numbers. */
  forget(): void {
    this.#cache.clear();
    this.#settled.clear();
  }

  /**
   * A reader for a draft: what it learns stays with it, since another device may win the race and use
   * the same numbers for other keys.
   */
  fork(): NodeReader {
    return new NodeReader(this.#options, this);
  }

  /** Takes over what the reader of a draft learnt, once its commit is part of the space. */
  adopt(fork: NodeReader): void {
    for (const [slot, key] of fork.#cache) this.#keep(slot, key);
    for (const slot of fork.#settled) this.#settled.add(slot);
  }

  isSettled(folder: NodeRecord): boolean {
    const slot = cacheKey(folder.id, folder.kr);
    return this.#settled.has(slot) || this.#base?.isSettled(folder) === true;
  }

  markSettled(folder: NodeRecord): void {
    this.#settled.add(cacheKey(folder.id, folder.kr));
  }

  isRoot(id: NodeId): boolean {
    return id === this.#root || id === this.#trash;
  }

  /** The node's own key. IntegrityError `open-failed` when it or one above it does not open. */
  keyOf(node: NodeRecord, source: NodeSource): Bytes {
    if (this.isRoot(node.id)) return this.#rootKey(node.id, node.kr);
    const known = this.#cached(node.id, node.kr);
    if (known !== undefined) return known;
    const parentKey = this.keyAt(node.parent, node.pk, source);
    if (node.wrappedKey === null || parentKey === undefined) throw unknownKey();
    const key = unwrapNodeKey(this.#suite, parentKey, node, node.wrappedKey);
    this.remember(node.id, node.kr, key);
    return key;
  }

  /** The key that a node had under number `kr`: its own, or one that it keeps for older things. */
  keyAt(id: NodeId, kr: number, source: NodeSource): Bytes | undefined {
    if (this.isRoot(id)) return this.#rootKey(id, kr);
    const known = this.#cached(id, kr);
    if (known !== undefined) return known;
    const node = source.node(id);
    if (node === undefined) return undefined;
    if (node.kr === kr) return this.keyOf(node, source);
    const old = this.metaOf(node, source).olds.find((entry) => entry.kr === kr);
    if (old !== undefined) this.remember(id, kr, old.key);
    return old?.key;
  }

  remember(id: NodeId, kr: number, key: Bytes): void {
    this.#keep(cacheKey(id, kr), key);
  }

  metaOf(node: NodeRecord, source: NodeSource): NodeMeta {
    return openNodeMeta(this.#suite, this.keyOf(node, source), node, node.meta);
  }

  /** Meta of an earlier revision of a node, sealed under the key that it had then. */
  metaAt(place: NodeRecord, source: NodeSource): NodeMeta {
    const key = this.keyAt(place.id, place.kr, source);
    if (key === undefined) throw unknownKey();
    return openNodeMeta(this.#suite, key, place, place.meta);
  }

  openView(node: NodeRecord, meta: NodeMeta, source: NodeSource): NodeView {
    return toView(this.#suite, node, meta, this.isTrashed(node.parent, source));
  }

  /** Tag of `name` in `folder`: where a child with this name is found. */
  tagOf(folder: NodeRecord, name: string, source: NodeSource): NameTag {
    return nameTag(this.#suite, this.keyOf(folder, source), name);
  }

  /** Whether `id` is the trash or below it. */
  isTrashed(id: NodeId, source: NodeSource): boolean {
    for (let at: NodeId | undefined = id; at !== undefined; at = source.node(at)?.parent) {
      if (at === this.#trash) return true;
      if (at === this.#root) return false;
    }
    return false;
  }

  /** The node opened, or marked unreadable when it does not open. */
  view(node: NodeRecord, source: NodeSource, trashed?: boolean): NodeView | UnreadableNode {
    try {
      const meta = this.metaOf(node, source);
      const isTrashed = trashed ?? this.isTrashed(node.parent, source);
      return toView(this.#suite, node, meta, isTrashed);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      return { id: node.id, parent: node.parent, unreadable: true };
    }
  }

  #cached(id: NodeId, kr: number): Bytes | undefined {
    const own = this.#cache.get(cacheKey(id, kr));
    if (own !== undefined || this.#base === undefined) return own;
    return this.#base.#cached(id, kr);
  }

  #keep(slot: string, key: Bytes): void {
    if (this.#cache.size >= CACHED_KEYS_MAX) this.#cache.clear();
    this.#cache.set(slot, key);
  }

  #rootKey(id: NodeId, epoch: number): Bytes {
    const epochKey = this.#keys().epochKeys.get(epoch);
    if (epochKey === undefined) throw unknownKey();
    return (id === this.#trash ? trashKey : rootKey)(this.#suite, epochKey);
  }
}

function toView(suite: OpenSuite, node: NodeRecord, meta: NodeMeta, trashed: boolean): NodeView {
  return {
    id: node.id,
    parent: node.parent,
    kind: node.kind,
    rev: node.rev,
    name: meta.name,
    size: meta.size ?? 0,
    sha256: meta.sha256,
    mtimeMs: meta.mtimeMs,
    executable: meta.executable,
    target: meta.target,
    contentId:
      node.content === null
        ? null
        : (bytesToHex(suite.sha256(encodeContent(node.content))) as Digest),
    copyOf: meta.copyOf,
    written: meta.written,
    changed: meta.changed,
    trashed,
    from: meta.from,
    keepUntil: node.keepUntil,
  };
}

function cacheKey(id: NodeId, kr: number): string {
  return `${id}/${kr}`;
}

function unknownKey(): IntegrityError {
  return new IntegrityError('open-failed', 'a node is sealed under a key that is not there');
}
