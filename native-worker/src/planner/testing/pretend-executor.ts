/**
 * Applies a plan to a pretend pair, in any order that its edges allow, and checks what each operation
 * says that it saw. Without changes from outside no operation of a right plan is ever dropped.
 */
import { Defect, type NodeId } from '@coffer/protocol/core';
import type { LocalParent, Operation, Plan, RemoteParent } from '../operations.ts';
import type { BaseNode, LocalId, LocalNode, OperationId, RemoteNode } from '../types.ts';
import {
  LOCAL_ROOT,
  type PretendPair,
  ROOT,
  STAGING,
  STAGING_NODE,
  TRASH,
} from './pretend-pair.ts';

export interface ExecuteOptions {
  /** Gives the operations in the order in which they are tried; edges are kept besides. */
  readonly shuffle?: (operations: readonly Operation[]) => readonly Operation[];
  /** Stops after so many operations, as a crash would. */
  readonly stopAfter?: number;
}

/** Why an operation was dropped, by operation. */
export type Dropped = ReadonlyMap<Operation, string>;

class Drop extends Error {
  override readonly name = 'Drop';
}

export function executePlan(pair: PretendPair, plan: Plan, options: ExecuteOptions = {}): Dropped {
  return new PretendExecutor(pair).run(plan.operations, options);
}

class PretendExecutor {
  readonly #pair: PretendPair;
  readonly #madeRemote = new Map<LocalId, NodeId>();
  readonly #madeLocal = new Map<NodeId, LocalId>();
  readonly #staged = new Map<LocalId, LocalNode>();
  readonly #stagedNodes = new Map<NodeId, RemoteNode>();

  constructor(pair: PretendPair) {
    this.#pair = pair;
  }

  run(operations: readonly Operation[], options: ExecuteOptions): Dropped {
    const dropped = new Map<Operation, string>();
    const byId = new Map<OperationId, Operation>();
    for (const operation of operations) {
      if (byId.has(operation.id))
        throw new Defect(`two operations have the id of ${operation.kind}`);
      byId.set(operation.id, operation);
    }
    for (const operation of operations) {
      if (!('viaStaging' in operation) || !operation.viaStaging) continue;
      if (operation.kind === 'local-place') this.#stage(operation.local);
      else this.#stageNode(operation.node);
    }
    const done = new Set<OperationId>();
    const failed = new Set<OperationId>();
    const open = [...(options.shuffle?.(operations) ?? operations)];
    let left = options.stopAfter ?? Number.POSITIVE_INFINITY;
    while (open.length > 0 && left > 0) {
      const at = open.findIndex(({ after }) =>
        after.every((id) => done.has(id) || failed.has(id) || !byId.has(id)),
      );
      const operation = open[at];
      if (operation === undefined) throw new Defect('the edges of a plan have no cycle');
      open.splice(at, 1);
      left--;
      const isBroken = operation.after.some((id) => failed.has(id));
      const why = isBroken ? 'after a dropped one' : this.#try(operation);
      if (why === undefined) done.add(operation.id);
      else {
        failed.add(operation.id);
        dropped.set(operation, why);
        this.#markDirty(operation);
      }
    }
    for (const operation of open) this.#markDirty(operation);
    this.#unstage();
    return dropped;
  }

  #try(operation: Operation): string | undefined {
    try {
      this.#checkSaw(operation);
      this.#apply(operation);
      this.#markDirty(operation);
      return undefined;
    } catch (error) {
      if (error instanceof Drop) return error.message;
      throw error;
    }
  }

  #checkSaw({ saw, ...operation }: Operation): void {
    if (saw.local !== null && 'local' in operation) {
      const row = this.#pair.local.get(operation.local);
      if (row === undefined || row.state !== 'seen' || row.kind !== saw.local.kind) {
        throw new Drop('the entry is not there');
      }
      const isSame =
        row.size === saw.local.size &&
        row.mtimeNs === saw.local.mtimeNs &&
        row.ctimeNs === saw.local.ctimeNs;
      if (row.ino !== saw.local.ino || (row.kind !== 'folder' && !isSame)) {
        throw new Drop('the entry is another one');
      }
    }
    if (saw.rev !== null && 'node' in operation && operation.node !== null) {
      const row = this.#pair.remote.get(operation.node);
      if (row?.rev !== saw.rev) throw new Drop('the node is of another revision');
    }
  }

  #apply(operation: Operation): void {
    switch (operation.kind) {
      case 'bind': {
        const [node, entry] = [this.#node(operation.node), this.#entry(operation.local)];
        this.#rebind(node, entry);
        return;
      }
      case 'forget':
        this.#pair.removeBase(operation.node);
        return;
      case 'local-make-folder':
      case 'local-download':
        this.#bring(operation);
        return;
      case 'local-place':
      case 'local-set-aside':
        this.#moveEntry(operation);
        return;
      case 'local-set-meta':
        this.#setLocalMeta(operation.node, operation.local);
        return;
      case 'local-recycle':
        this.#recycle(operation.node, operation.local);
        return;
      default:
        this.#applyRemote(operation);
    }
  }

  /** Rows below a folder whose entry gets another node have that node as parent from now on. */
  #rebind(node: RemoteNode, entry: LocalNode): void {
    const former = this.#pair.baseByLocal.get(entry.id);
    const below =
      former === undefined || former === node.id ? [] : this.#pair.base.children(former);
    this.#pair.putBase(this.#pair.agreed(node, entry));
    for (const row of below) this.#pair.putBase({ ...row, parent: node.id });
  }

  #applyRemote(operation: Operation): void {
    switch (operation.kind) {
      case 'remote-make-folder':
        this.#makeNode(operation.local, operation.parent, operation.name);
        return;
      case 'remote-upload':
        if (operation.node === null) {
          this.#makeNode(operation.local, operation.parent, operation.name);
        } else this.#revise(operation.node, operation.local);
        return;
      case 'remote-place': {
        const parent = this.#remoteFolder(operation.parent);
        this.#moveNode(operation.node, parent, operation.name, operation.settles);
        return;
      }
      case 'remote-set-meta':
        this.#setRemoteMeta(operation.node, operation.local);
        return;
      case 'remote-trash':
        this.#trash(operation.node);
        return;
      case 'remote-restore':
        this.#restore(operation);
        return;
      default:
        throw new Defect(`${operation.kind} is no remote operation`);
    }
  }

  #node(id: NodeId): RemoteNode {
    const row = this.#pair.remote.get(id);
    if (row === undefined || !this.#isLive(id)) throw new Drop('the node is not live');
    return row;
  }

  #entry(id: LocalId): LocalNode {
    const row = this.#pair.local.get(id);
    if (row === undefined || row.state !== 'seen') throw new Drop('the entry is not there');
    return row;
  }

  #isLive(id: NodeId): boolean {
    for (let at = id; at !== ROOT && at !== STAGING_NODE;) {
      const row = this.#pair.remote.get(at);
      if (row === undefined || row.state !== 'live') return false;
      at = row.parent;
    }
    return true;
  }

  #remoteFolder(parent: RemoteParent): NodeId {
    const id = 'node' in parent ? parent.node : this.#madeRemote.get(parent.madeFor);
    if (id === undefined) throw new Drop('the folder was not made remotely');
    if (id === ROOT) return id;
    if (this.#node(id).kind !== 'folder') throw new Drop('the parent is no folder');
    return id;
  }

  #localFolder(parent: LocalParent): LocalId {
    const id = 'local' in parent ? parent.local : this.#madeLocal.get(parent.madeFor);
    if (id === undefined) throw new Drop('the folder was not made locally');
    if (this.#entry(id).kind !== 'folder') throw new Drop('the parent is no folder');
    return id;
  }

  #needEmptyLocal(parent: LocalId, name: string, self?: LocalId): void {
    const holder = this.#pair.trees().local.bySlot(parent, this.#pair.key(name));
    if (holder !== undefined && holder.id !== self)
      throw new Drop(`the local slot ${name} is taken`);
  }

  /** The exact name decides: names that differ in case are two slots on the remote side. */
  #needEmptyRemote(parent: NodeId, name: string, self?: NodeId): void {
    const isTaken = this.#pair.remote
      .children(parent)
      .some(
        (row) =>
          row.id !== self &&
          row.state !== 'trashed' &&
          row.name.normalize('NFC') === name.normalize('NFC'),
      );
    if (isTaken) throw new Drop(`the remote slot ${name} is taken`);
  }

  #bring(operation: Extract<Operation, { kind: 'local-make-folder' | 'local-download' }>): void {
    const node = this.#node(operation.node);
    const parent = this.#localFolder(operation.parent);
    if (operation.kind === 'local-download' && operation.replaces !== null) {
      const old = this.#entry(operation.replaces);
      if (old.parent !== parent || old.name !== operation.localName)
        throw new Drop('the entry moved');
      if (old.sha256 !== null) this.#pair.recycled.add(old.sha256);
      const now = this.#pair.now();
      const entry: LocalNode = {
        ...old,
        ino: now,
        size: node.size,
        sha256: node.sha256,
        target: node.target,
        executable: node.executable,
        mtimeNs: node.mtimeMs === null ? now : BigInt(node.mtimeMs) * 1_000_000n,
        ctimeNs: now,
      };
      this.#pair.putLocal(entry);
      const base = this.#pair.base.get(node.id);
      if (base?.localId !== entry.id) return;
      const { rev, contentId, size, sha256, target, mtimeMs, executable } = node;
      const localMtimeNs = entry.mtimeNs;
      const content = { rev, contentId, size, sha256, target, mtimeMs, executable, localMtimeNs };
      this.#pair.putBase({ ...base, ...content });
      return;
    }
    this.#needEmptyLocal(parent, operation.localName);
    const id = this.#pair.addLocal(parent, operation.localName, {
      kind: node.kind,
      content: node.sha256,
      target: node.target,
      executable: node.executable,
      ...(node.mtimeMs === null ? {} : { mtimeMs: node.mtimeMs }),
    });
    this.#madeLocal.set(node.id, id);
    this.#pair.putBase(this.#pair.agreed(node, this.#entry(id)));
  }

  #moveEntry(operation: Extract<Operation, { kind: 'local-place' | 'local-set-aside' }>): void {
    const entry = this.#entry(operation.local);
    const parent =
      operation.kind === 'local-place' ? this.#localFolder(operation.parent) : entry.parent;
    this.#needEmptyLocal(parent, operation.localName, entry.id);
    for (let at = parent; at !== LOCAL_ROOT && at !== STAGING;) {
      if (at === entry.id) throw new Drop('a folder would lie below itself');
      at = this.#pair.local.get(at)?.parent ?? LOCAL_ROOT;
    }
    const moved = { ...entry, parent, name: operation.localName, ctimeNs: this.#pair.now() };
    this.#pair.putLocal(moved);
    const paired = this.#pair.baseByLocal.get(entry.id);
    if (operation.kind === 'local-set-aside') {
      if (paired !== undefined) this.#pair.removeBase(paired);
      if (operation.copyOf !== null) this.#pair.copyOf.set(entry.id, operation.copyOf);
      return;
    }
    if (paired === undefined || paired !== operation.node || !operation.settles) return;
    const [base, node] = [this.#pair.base.get(paired), this.#pair.remote.get(paired)];
    if (base === undefined || node === undefined || !this.#isLive(paired)) return;
    this.#pair.putBase({
      ...base,
      parent: node.parent,
      name: node.name,
      localName: operation.localName,
    });
  }

  #stage(local: LocalId): void {
    const row = this.#pair.local.get(local);
    if (row === undefined) return;
    this.#staged.set(local, row);
    this.#pair.local.put({ ...row, parent: STAGING, name: String(local) });
  }

  /** One commit has no state in between; here the node is out of the way until its turn. */
  #stageNode(node: NodeId): void {
    const row = this.#pair.remote.get(node);
    if (row === undefined) return;
    this.#stagedNodes.set(node, row);
    this.#pair.remote.put({ ...row, parent: STAGING_NODE, name: node });
    for (const each of this.#pair.remote.below(node)) {
      this.#pair.remote.put({ ...each, state: 'live' });
    }
  }

  /** What a crash or a dropped operation left in staging goes back: its intent says from where. */
  #unstage(): void {
    for (const [local, row] of this.#staged) {
      if (this.#pair.local.get(local)?.parent !== STAGING) continue;
      const isHome =
        row.parent === LOCAL_ROOT || this.#pair.local.get(row.parent)?.state === 'seen';
      const parent = isHome ? row.parent : LOCAL_ROOT;
      const holder = this.#pair.trees().local.bySlot(parent, this.#pair.key(row.name));
      const name = holder === undefined ? row.name : `${row.name} ${local}`;
      this.#pair.putLocal({ ...row, parent, name, ctimeNs: this.#pair.now() });
    }
    for (const [node, row] of this.#stagedNodes) {
      if (this.#pair.remote.get(node)?.parent !== STAGING_NODE) continue;
      // The commit was made with all its changes, or not at all.
      const isHome = row.parent === ROOT || this.#isLive(row.parent);
      if (!isHome && row.state === 'trashed') {
        this.#pair.putRemote(row);
        continue;
      }
      const parent = isHome ? row.parent : ROOT;
      const isFree = this.#pair.remote
        .children(parent)
        .every(({ name }) => name.normalize('NFC') !== row.name.normalize('NFC'));
      const name = isFree ? row.name : `${row.name} ${node.slice(-4)}`;
      this.#pair.putRemote({ ...row, parent, name, state: 'live' });
    }
  }

  #setLocalMeta(nodeId: NodeId, local: LocalId): void {
    const [node, entry] = [this.#node(nodeId), this.#entry(local)];
    const now = this.#pair.now();
    const mtimeNs = node.mtimeMs === null ? entry.mtimeNs : BigInt(node.mtimeMs) * 1_000_000n;
    const executable = this.#pair.caps.execBit ? node.executable : entry.executable;
    this.#pair.putLocal({ ...entry, mtimeNs, executable, ctimeNs: now });
    this.#writeMeta(node, local, mtimeNs);
  }

  #writeMeta(node: RemoteNode, local: LocalId, localMtimeNs: bigint): void {
    const base = this.#pair.base.get(node.id);
    if (base?.localId !== local) return;
    const { rev, mtimeMs, executable } = node;
    this.#pair.putBase({ ...base, rev, mtimeMs, executable, localMtimeNs });
  }

  #recycle(node: NodeId, local: LocalId): void {
    const paired = this.#pair.baseByLocal.get(local);
    for (const row of this.#pair.local.below(local)) {
      if (row.state === 'gone') continue;
      if (row.state !== 'seen') throw new Drop('something unknown lies in the folder');
      if (row.sha256 !== null) this.#pair.recycled.add(row.sha256);
      this.#pair.putLocal({ ...row, state: 'gone' });
    }
    const top = paired ?? node;
    this.#removeBaseBelow(top, ({ localId }) => this.#pair.local.get(localId)?.state !== 'seen');
  }

  /** Rows of the folder and of what went with it; what had moved out keeps its row. */
  #removeBaseBelow(node: NodeId, isGone: (row: BaseNode) => boolean): void {
    for (const row of this.#pair.base.below(node)) {
      if (!isGone(row)) continue;
      this.#pair.removeBase(row.id);
      // Rows that lose their pairing are looked at again.
      this.#pair.dirtyRemote.add(row.id);
      this.#pair.dirtyLocal.add(row.localId);
    }
  }

  #makeNode(local: LocalId, parent: RemoteParent, name: string): void {
    const entry = this.#entry(local);
    const folder = this.#remoteFolder(parent);
    this.#needEmptyRemote(folder, name);
    const id = this.#pair.addRemote(folder, name, {
      kind: entry.kind,
      content: entry.sha256,
      target: entry.target,
      executable: entry.executable,
      mtimeMs: Number((entry.mtimeNs + 500_000n) / 1_000_000n),
    });
    this.#madeRemote.set(local, id);
    this.#pair.putBase(this.#pair.agreed(this.#node(id), entry));
  }

  #revise(nodeId: NodeId, local: LocalId): void {
    const [node, entry] = [this.#node(nodeId), this.#entry(local)];
    if (node.sha256 !== null) this.#pair.versions.add(node.sha256);
    const { sha256, size, target, executable } = entry;
    const mtimeMs = node.kind === 'file' ? Number((entry.mtimeNs + 500_000n) / 1_000_000n) : null;
    const contentId = sha256;
    const revised: RemoteNode = {
      ...node,
      rev: node.rev + 1,
      sha256,
      size,
      target,
      executable,
      mtimeMs,
      contentId,
    };
    this.#pair.putRemote(revised);
    const base = this.#pair.base.get(nodeId);
    if (base?.localId !== local) return;
    const localMtimeNs = entry.mtimeNs;
    const rev = revised.rev;
    this.#pair.putBase({
      ...base,
      rev,
      contentId,
      size,
      sha256,
      target,
      mtimeMs,
      executable,
      localMtimeNs,
    });
  }

  #setRemoteMeta(nodeId: NodeId, local: LocalId): void {
    const [node, entry] = [this.#node(nodeId), this.#entry(local)];
    const executable = this.#pair.caps.execBit ? entry.executable : node.executable;
    const mtimeMs = Number((entry.mtimeNs + 500_000n) / 1_000_000n);
    const revised = { ...node, rev: node.rev + 1, executable, mtimeMs };
    this.#pair.putRemote(revised);
    this.#writeMeta(revised, local, entry.mtimeNs);
  }

  #moveNode(id: NodeId, parent: NodeId, name: string, settles: boolean): void {
    const node = this.#node(id);
    for (let at = parent; at !== ROOT && at !== STAGING_NODE;) {
      if (at === id) throw new Drop('a folder would lie below itself');
      at = this.#pair.remote.get(at)?.parent ?? ROOT;
    }
    this.#needEmptyRemote(parent, name, id);
    this.#pair.putRemote({ ...node, parent, name, rev: node.rev + 1 });
    const base = this.#pair.base.get(id);
    const entry = base === undefined ? undefined : this.#pair.local.get(base.localId);
    if (base === undefined || entry === undefined || !settles) return;
    this.#pair.putBase({ ...base, parent, name, localName: entry.name });
  }

  #trash(id: NodeId): void {
    const node = this.#pair.remote.get(id);
    if (node === undefined) throw new Drop('the node is not there');
    this.#pair.putRemote({ ...node, parent: TRASH, rev: node.rev + 1, state: 'trashed' });
    for (const row of this.#pair.remote.below(id)) {
      this.#pair.putRemote({ ...row, state: 'trashed' });
    }
    this.#removeBaseBelow(id, (row) => !this.#isLive(row.id));
  }

  #restore(operation: Extract<Operation, { kind: 'remote-restore' }>): void {
    const node = this.#pair.remote.get(operation.node);
    const parent = this.#remoteFolder(operation.parent);
    if (node === undefined) throw new Drop('the node is purged');
    if (this.#isLive(node.id)) throw new Drop('the node is live');
    this.#needEmptyRemote(parent, operation.name);
    const { name } = operation;
    this.#pair.putRemote({ ...node, parent, name, state: 'live', rev: node.rev + 1 });
    for (const row of this.#pair.remote.below(node.id)) {
      this.#pair.putRemote({ ...row, state: 'live' });
    }
    const entry = this.#entry(operation.local);
    if (!operation.upload) {
      this.#pair.putBase(this.#pair.agreed(this.#node(node.id), entry));
      return;
    }
    const base = this.#pair.agreed(this.#node(node.id), entry);
    this.#pair.putBase(base);
    this.#revise(node.id, operation.local);
  }

  #markDirty(operation: Operation): void {
    if ('node' in operation && operation.node !== null) this.#pair.dirtyRemote.add(operation.node);
    if ('local' in operation) this.#pair.dirtyLocal.add(operation.local);
  }
}
