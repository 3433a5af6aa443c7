/**
 * One commit in the making (protocol §3): numbers, wraps, tags and sealed metas of the records that it
 * writes, and rotation on touch. What a change of a node means is in `node-changes.ts`.
 */
import {
  Defect,
  REWRAPPED_CHILDREN_MAX,
  TREE_DEPTH_MAX,
  type AccountId,
  type Bytes,
  type DeviceId,
  type NodeId,
} from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import type { Content, NodeKind, NodeRecord, SpaceRecord, StateView } from '@coffer/protocol/model';
import { nameTag, sealNodeMeta, wrapNodeKey, type NodeMeta } from '@coffer/protocol/model/open';
import type { NodeView } from '../space-changes.ts';
import { Draft } from './draft.ts';
import type { NodeReader, NodeSource } from './node-reader.ts';

export interface CommitContext {
  readonly suite: OpenSuite;
  readonly author: { readonly account: AccountId; readonly device: DeviceId };
  readonly space: SpaceRecord;
  readonly root: NodeId;
  readonly trash: NodeId;
  /** Seq of the head on which the commit is built. */
  readonly headSeq: number;
  /** The writer's clock: time of the header and of `changed`. */
  readonly time: number;
  /** The server's clock, as `keepUntil` counts it. */
  readonly serverTime: number;
}

export interface NodeKey {
  readonly kr: number;
  readonly key: Bytes;
}

/** What a node gets; what is left out stays. */
export interface NodePatch {
  readonly parent?: NodeId;
  readonly meta?: NodeMeta;
  readonly content?: Content | null;
  readonly keepUntil?: number | null;
  readonly key?: NodeKey;
}

/** A folder has more children than one commit may wrap anew: the rest comes in the next ones. */
export class RotationUnfinished extends Error {
  override readonly name = 'RotationUnfinished';
}

/** A clock that is off by up to this much does not shorten what is kept. */
const KEEP_MARGIN_MS = 60 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;

export class CommitDraft implements NodeSource {
  readonly context: CommitContext;
  readonly draft: Draft;
  readonly reader: NodeReader;
  /** Metas that this draft sealed, by their sealed bytes: none is opened again. */
  readonly #metas = new WeakMap<Bytes, NodeMeta>();
  #rewrapped = 0;

  constructor(context: CommitContext, view: StateView, reader: NodeReader) {
    this.context = context;
    this.draft = new Draft(view);
    this.reader = reader.fork();
  }

  readonly node = (id: NodeId): NodeRecord | undefined => this.draft.node(id);

  metaOf(node: NodeRecord): NodeMeta {
    return this.#metas.get(node.meta) ?? this.reader.metaOf(node, this);
  }

  /** The node as it will be read once the commit is part of the space. */
  viewOf(node: NodeRecord): NodeView {
    return this.reader.openView(node, this.metaOf(node), this);
  }

  keyOf(node: NodeRecord): Bytes {
    return this.reader.keyOf(node, this);
  }

  keepUntil(days: number): number {
    return this.context.serverTime + days * DAY_MS + KEEP_MARGIN_MS;
  }

  isTrashed(id: NodeId): boolean {
    return this.reader.isTrashed(id, this);
  }

  /** Whether the node is below the trash before this commit. */
  wasTrashed(id: NodeId): boolean {
    const before = { node: (at: NodeId) => this.draft.nodeBefore(at) };
    return this.reader.isTrashed(id, before);
  }

  /** Number of edges from a root down to `id`, counted up to one more than the limit. */
  depthOf(id: NodeId): number {
    let depth = 0;
    for (const node of this.#upwards(id)) {
      if (this.reader.isRoot(node.id) || depth > TREE_DEPTH_MAX) break;
      depth++;
    }
    return depth;
  }

  isBelow(id: NodeId, ancestor: NodeId): boolean {
    for (const node of this.#upwards(id)) if (node.id === ancestor) return true;
    return false;
  }

  /** A key for a node, numbered by the head on which it is made. */
  makeKey(id: NodeId): NodeKey {
    const made = { kr: this.context.headSeq, key: this.context.suite.randomBytes(32) };
    this.reader.remember(id, made.kr, made.key);
    return made;
  }

  create(node: {
    readonly id: NodeId;
    readonly parent: NodeId;
    readonly kind: NodeKind;
    readonly meta: NodeMeta;
    readonly content: Content | null;
    readonly key: NodeKey;
  }): void {
    const parent = this.#parentSlot(node.parent);
    const place = {
      type: 'node' as const,
      space: this.context.space.space,
      id: node.id,
      parent: parent.id,
      kind: node.kind,
      rev: 1,
      kr: node.key.kr,
      cut: 0,
      pk: parent.kr,
    };
    this.draft.put({
      ...place,
      ...this.#slot(parent, place, node.meta.name, node.key.key),
      meta: this.#seal(place, node.meta, node.key.key),
      content: node.content,
      by: this.context.author.account,
      keepUntil: null,
    });
  }

  /**
   * Writes `patch` into `node`. `rev` grows by 1 against the state before this commit when meta or
   * content change, however often the commit touches the node.
   */
  update(node: NodeRecord, patch: NodePatch): NodeRecord {
    const key = patch.key?.key ?? this.keyOf(node);
    const isRevised = patch.meta !== undefined || patch.content !== undefined;
    const place = {
      ...node,
      parent: patch.parent ?? node.parent,
      kr: patch.key?.kr ?? node.kr,
      rev: isRevised ? this.#nextRev(node) : node.rev,
      content: patch.content === undefined ? node.content : patch.content,
      by: isRevised ? this.context.author.account : node.by,
      keepUntil: patch.keepUntil === undefined ? node.keepUntil : patch.keepUntil,
    };
    const meta = isRevised ? (patch.meta ?? this.metaOf(node)) : undefined;
    const record = { ...place, ...this.#placement(node, place, meta, key) };
    const updated =
      meta === undefined ? record : { ...record, meta: this.#seal(record, meta, key) };
    this.draft.put(updated);
    return updated;
  }

  /**
   * Rotation on touch: gives `folder` and what is above it the keys that a change below needs, top
   * down. Throws RotationUnfinished when one commit cannot wrap all children anew.
   */
  freshenFolder(folder: NodeId): void {
    let required = this.context.space.epoch;
    for (const { id } of [...this.#upwards(folder)].reverse()) {
      if (id === this.context.trash) continue;
      const node = this.#folder(id);
      required = Math.max(required, node.cut);
      if (node.kr < required) this.#rotateFolder(node);
      this.#settle(id);
    }
  }

  /** The node with a key that lets its meta or content change. */
  freshen(node: NodeRecord): NodeRecord {
    this.freshenFolder(node.kind === 'folder' ? node.id : node.parent);
    const current = this.#existing(node.id);
    if (current.kind === 'folder' || current.kr >= this.#requiredFor(current)) return current;
    const meta = this.metaOf(current);
    const olds = [{ kr: current.kr, key: this.keyOf(current) }, ...meta.olds];
    return this.update(current, { meta: { ...meta, olds }, key: this.makeKey(current.id) });
  }

  #rotateFolder(node: NodeRecord): void {
    const meta = this.metaOf(node);
    if (this.reader.isRoot(node.id)) {
      const { epoch } = this.context.space;
      this.update(node, { meta, key: { kr: epoch, key: this.keyOf({ ...node, kr: epoch }) } });
      return;
    }
    const olds = [{ kr: node.kr, key: this.keyOf(node) }, ...meta.olds];
    this.update(node, { meta: { ...meta, olds }, key: this.makeKey(node.id) });
  }

  /** Wraps anew the children that still stand under an older key of their folder. */
  #settle(id: NodeId): void {
    const folder = this.#folder(id);
    if (this.reader.isSettled(folder)) return;
    const meta = this.metaOf(folder);
    const hadKeys = this.reader.isRoot(id) ? this.context.space.epoch > 1 : meta.olds.length > 0;
    if (!hadKeys) {
      this.reader.markSettled(folder);
      return;
    }
    const stale = this.draft.children(id).filter((child) => child.pk !== folder.kr);
    const room = REWRAPPED_CHILDREN_MAX - this.#rewrapped;
    this.#rewrapped += Math.min(room, stale.length);
    for (const child of stale.slice(0, room)) {
      const name = this.metaOf(child).name;
      const place = { ...child, pk: folder.kr };
      const slot = this.#slot(this.#parentSlot(id), place, name, this.keyOf(child));
      this.draft.put({ ...place, ...slot });
    }
    if (stale.length > room) throw new RotationUnfinished();
    if (meta.olds.length > 0) this.update(folder, { meta: { ...meta, olds: [] } });
    this.reader.markSettled(this.#folder(id));
  }

  /** The least number that the key of a node below `parent` has when it is touched. */
  requiredBelow(parent: NodeId): number {
    let required = this.context.space.epoch;
    for (const { id, cut } of this.#upwards(parent)) {
      if (id !== this.context.trash) required = Math.max(required, cut);
    }
    return required;
  }

  #requiredFor(node: NodeRecord): number {
    return Math.max(node.cut, this.requiredBelow(node.parent));
  }

  /** Parent, key number, wrap and tag of a record: made anew only where one of them changes. */
  #placement(
    before: NodeRecord,
    place: NodeRecord,
    meta: NodeMeta | undefined,
    key: Bytes,
  ): Pick<NodeRecord, 'pk' | 'tag' | 'wrappedKey'> {
    if (this.reader.isRoot(before.id)) return { pk: 0, tag: null, wrappedKey: null };
    const parent = this.#parentSlot(place.parent);
    const isWrappedHere = before.parent === place.parent && before.kr === place.kr;
    const isTrashed = parent.id === this.context.trash;
    const name = meta?.name ?? this.metaOf(before).name;
    const slot = this.#slot(parent, { ...place, pk: parent.kr }, name, key);
    if (isWrappedHere && (isTrashed || before.pk === parent.kr)) {
      return { pk: before.pk, tag: slot.tag, wrappedKey: before.wrappedKey };
    }
    return { pk: parent.kr, ...slot };
  }

  /** The key under which children of `id` are wrapped now: below the trash that of the newest epoch. */
  #parentSlot(id: NodeId): NodeKey & { readonly id: NodeId } {
    const folder = this.#folder(id);
    const kr = id === this.context.trash ? this.context.space.epoch : folder.kr;
    return { id, kr, key: this.keyOf({ ...folder, kr }) };
  }

  #slot(
    parent: NodeKey & { readonly id: NodeId },
    place: NodePlace & Pick<NodeRecord, 'pk'>,
    name: string,
    key: Bytes,
  ): Pick<NodeRecord, 'tag' | 'wrappedKey'> {
    const { suite, trash } = this.context;
    return {
      tag: parent.id === trash ? null : nameTag(suite, parent.key, name),
      wrappedKey: wrapNodeKey(suite, parent.key, place, key),
    };
  }

  #seal(place: NodePlace, meta: NodeMeta, key: Bytes): Bytes {
    const sealed = sealNodeMeta(this.context.suite, key, place, meta);
    this.#metas.set(sealed, meta);
    return sealed;
  }

  #nextRev(node: NodeRecord): number {
    return (this.draft.nodeBefore(node.id)?.rev ?? 0) + 1;
  }

  *#upwards(id: NodeId): Generator<NodeRecord, void, undefined> {
    for (let node = this.node(id); node !== undefined; node = this.node(node.parent)) {
      yield node;
      if (this.reader.isRoot(node.id)) return;
    }
  }

  #folder(id: NodeId): NodeRecord {
    const node = this.#existing(id);
    if (node.kind !== 'folder') throw new Defect('only folders have children');
    return node;
  }

  #existing(id: NodeId): NodeRecord {
    const node = this.node(id);
    if (node === undefined) throw new Defect('a node that was looked up is gone');
    return node;
  }
}

/** What the sealed fields of a node are bound to. */
type NodePlace = Pick<NodeRecord, 'space' | 'id' | 'parent' | 'kind' | 'rev' | 'kr'>;
