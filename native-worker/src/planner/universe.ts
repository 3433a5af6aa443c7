/**
 * The units that enter a plan: the dirty ones and what they touch (engine §5). Nothing else of the
 * trees is read, so that one edit among a million entries costs what its neighbourhood costs.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { Cell } from './cells.ts';
import { localNameFor, originalsOf, remoteNameOf } from './local-names.ts';
import { nameKey } from './name-key.ts';
import { Statuses } from './status.ts';
import { TrashMatches } from './trash-matches.ts';
import type {
  BaseNode,
  Caps,
  Dirty,
  LocalId,
  LocalNode,
  Policy,
  RemoteNode,
  Trees,
} from './types.ts';
import { compareKeys, type Unit } from './unit.ts';
import {
  emptyTarget,
  localChange,
  localKey,
  remoteChange,
  rootUnit,
  type Draft,
} from './unit-facts.ts';

export class Universe {
  readonly trees: Trees;
  readonly caps: Caps;
  readonly policy: Policy;
  readonly root: Unit;
  /** Units that found their slot taken by something that stays: nothing is planned for them. */
  readonly blocked = new Map<string, Cell>();
  readonly #statuses: Statuses;
  readonly #trash: TrashMatches;
  readonly #byNode = new Map<NodeId, Draft>();
  readonly #byLocal = new Map<LocalId, Draft>();
  readonly #copies = new Map<string, Unit>();
  readonly #units: Unit[] = [];
  readonly #queue: Draft[] = [];

  constructor(trees: Trees, policy: Policy, caps: Caps) {
    this.trees = trees;
    this.policy = policy;
    this.caps = caps;
    this.#statuses = new Statuses(trees, policy, (name) => this.key(name));
    this.#trash = new TrashMatches(trees, this.#statuses, {
      key: (name) => this.key(name),
      isOff: policy.mode === 'download',
    });
    const root = rootUnit(trees);
    this.root = root;
    this.#byNode.set(trees.remoteRoot, root);
    this.#byLocal.set(trees.localRoot, root);
  }

  /** Nothing is planned for the unit from the next pass on; the first reason stays. */
  block(unit: Unit, cell: Cell): void {
    if (!this.blocked.has(unit.key)) this.blocked.set(unit.key, cell);
  }

  touch(dirty: Dirty): void {
    for (const id of dirty.remote) this.ofNode(id);
    for (const id of dirty.local) this.ofLocal(id);
    this.settle();
  }

  /** Grows when a pass brought in units or blocked some: then another one is due. */
  get size(): number {
    return this.#units.length + this.#queue.length + this.blocked.size;
  }

  /** All units but the root, in the order of their keys. */
  sorted(): readonly Unit[] {
    return this.#units.sort(compareKeys);
  }

  ofNode(id: NodeId): Unit | undefined {
    const known = this.#byNode.get(id);
    if (known !== undefined) return known;
    const base = this.trees.base.byId(id);
    const remoteNode = this.trees.remote.byId(id);
    const remote = this.#statuses.remote(id);
    const localNode = this.#entryOf(base, remoteNode);
    const isNowhere = remote === 'purged' || remote === 'deleted';
    if (base === undefined && isNowhere && localNode === undefined) return undefined;
    const unit = this.#create({ key: id, node: id, base, remoteNode, localNode });
    this.#byNode.set(id, unit);
    if (localNode !== undefined) this.#byLocal.set(localNode.id, unit);
    return unit;
  }

  #entryOf(base: BaseNode | undefined, node: RemoteNode | undefined): LocalNode | undefined {
    if (base === undefined) return node === undefined ? undefined : this.#trash.entryOf(node);
    const row = this.trees.local.byId(base.localId);
    // An entry of another kind is another entry, whatever its identity says.
    return row?.kind === base.kind ? row : undefined;
  }

  ofLocal(id: LocalId): Unit | undefined {
    const known = this.#byLocal.get(id);
    if (known !== undefined) return known;
    const base = this.trees.base.byLocalId(id);
    const localNode = this.trees.local.byId(id);
    if (base !== undefined && (localNode === undefined || localNode.kind === base.kind)) {
      return this.ofNode(base.id);
    }
    if (base !== undefined) this.ofNode(base.id);
    const status = this.#statuses.local(id);
    if (localNode === undefined || status === 'gone' || status === 'below-gone') return undefined;
    const trashed = base === undefined ? this.#trash.nodeOf(localNode) : undefined;
    if (trashed !== undefined) return this.ofNode(trashed);
    const key = localKey(id);
    const unit = this.#create({
      key,
      node: null,
      base: undefined,
      remoteNode: undefined,
      localNode,
    });
    this.#byLocal.set(id, unit);
    return unit;
  }

  /** Left out only until the folder that it is in, which was moved here, has left too. */
  followsOut({ node, remote, remotePlace, localMoved }: Unit): boolean {
    const above = remotePlace?.parent.node;
    if (remote !== 'excluded' || localMoved || node === null || above === undefined) return false;
    return above !== null && !this.policy.excluded.has(node) && this.#statuses.isMovedOut(above);
  }

  /** Conflict copies of the node that are live, and were not deleted here. */
  openCopies(node: NodeId): readonly RemoteNode[] {
    return this.trees.remote.copiesOf(node).filter(({ id }) => {
      const base = this.trees.base.byId(id);
      return base === undefined || this.#statuses.local(base.localId) === 'seen';
    });
  }

  /** The entry of a unit as one of its own: the conflict copy that it becomes. */
  copyOf(unit: Unit): Unit {
    const known = this.#copies.get(unit.key);
    if (known !== undefined) {
      Object.assign(known.target, emptyTarget());
      return known;
    }
    const copy: Unit = {
      ...unit,
      key: localKey(unit.localNode?.id ?? 0),
      node: null,
      base: undefined,
      remoteNode: undefined,
      remote: 'none',
      remotePlace: undefined,
      localMoved: false,
      remoteMoved: false,
      copyOf: unit.node,
      target: emptyTarget(),
    };
    this.#copies.set(unit.key, copy);
    return copy;
  }

  key(name: string): string {
    return nameKey(name, this.caps);
  }

  /** Brings in whoever holds or claims the slot on either side. */
  touchSlot(parent: Unit, name: string, isFolder: boolean): void {
    if (parent.node !== null) {
      for (const node of this.trees.remote.bySlot(parent.node, this.key(name)))
        this.ofNode(node.id);
    }
    const folder = parent.target.entry ?? parent.localNode;
    if (folder === undefined) return;
    const localName = localNameFor(name, isFolder, this.caps);
    const entry = this.trees.local.bySlot(folder.id, this.key(localName));
    if (entry !== undefined) this.ofLocal(entry.id);
  }

  /** Brings in all children of a folder, on both sides and in the base. */
  touchChildren(folder: Unit): void {
    const { node, localNode, remote, local } = folder;
    if (node !== null) {
      for (const child of this.trees.base.children(node)) this.ofNode(child.id);
      const isHidden = remote === 'excluded' && !this.#statuses.isMovedOut(node);
      const isShown = !isHidden && remote !== 'unreadable' && remote !== 'purged';
      if (isShown && local !== 'detached') {
        for (const child of this.trees.remote.children(node)) this.ofNode(child.id);
      }
    }
    if (localNode !== undefined && local !== 'detached' && local !== 'unknown') {
      for (const child of this.trees.local.children(localNode.id)) this.ofLocal(child.id);
    }
  }

  /** Finishes the units that questions brought in, and those that these bring in. */
  settle(): void {
    for (let unit = this.#queue.pop(); unit !== undefined; unit = this.#queue.pop()) {
      this.#units.push(unit);
      this.#findPlaces(unit);
      this.#expand(unit);
    }
  }

  #create(rows: {
    readonly key: string;
    readonly node: NodeId | null;
    readonly base: BaseNode | undefined;
    readonly remoteNode: RemoteNode | undefined;
    readonly localNode: LocalNode | undefined;
  }): Draft {
    const { base, remoteNode, localNode, node } = rows;
    const local = localNode === undefined ? 'none' : this.#statuses.local(localNode.id);
    const unit: Draft = {
      ...rows,
      kind: base?.kind ?? remoteNode?.kind ?? localNode?.kind ?? 'file',
      remote: node === null ? 'none' : this.#statuses.remote(node),
      local: local === 'none' && base !== undefined ? 'gone' : local,
      localContent: localChange(base, localNode),
      remoteContent: remoteChange(base, remoteNode),
      localMoved: false,
      remoteMoved: false,
      localPlace: undefined,
      remotePlace: undefined,
      copyOf: null,
      target: emptyTarget(),
    };
    this.#queue.push(unit);
    return unit;
  }

  #findPlaces(unit: Draft): void {
    const { base, localNode, remoteNode } = unit;
    const isOnDisk = unit.local === 'seen' || unit.local === 'unknown' || unit.local === 'detached';
    if (localNode !== undefined && isOnDisk) {
      const parent = this.ofLocal(localNode.parent);
      if (parent !== undefined) {
        const name = remoteNameOf(localNode.name, base, this.caps);
        unit.localPlace = { parent, name, from: 'local' };
        unit.localMoved = base !== undefined && (parent.node !== base.parent || name !== base.name);
      }
    }
    const hasPlace =
      unit.remote !== 'none' && unit.remote !== 'purged' && unit.remote !== 'deleted';
    if (remoteNode !== undefined && hasPlace) {
      const parent = this.ofNode(remoteNode.parent);
      if (parent === undefined) unit.remote = 'deleted';
      else unit.remotePlace = { parent, name: remoteNode.name, from: 'remote' };
      unit.remoteMoved =
        base !== undefined && (remoteNode.parent !== base.parent || remoteNode.name !== base.name);
    }
  }

  #expand(unit: Draft): void {
    const { base, localPlace, remotePlace } = unit;
    const isFolder = unit.kind === 'folder';
    if (base !== undefined) this.ofNode(base.parent);
    if (localPlace !== undefined) this.touchSlot(localPlace.parent, localPlace.name, isFolder);
    if (remotePlace !== undefined) this.touchSlot(remotePlace.parent, remotePlace.name, isFolder);
    if (localPlace !== undefined && unit.node === null) {
      for (const name of originalsOf(localPlace.name, this.caps))
        this.touchSlot(localPlace.parent, name, isFolder);
    }
    if (!isFolder || unit.local === 'unknown' || unit.remote === 'unreadable') return;
    const isInPlace = unit.remote === 'live' && unit.local === 'seen';
    const isUnseen =
      base === undefined && (unit.remote === 'excluded' || unit.local === 'detached');
    // What is below a folder that is here alone is dirty by itself.
    const isNew = unit.node === null && unit.localNode?.state === 'seen';
    if (!isInPlace && !isUnseen && !isNew) this.touchChildren(unit);
  }
}
