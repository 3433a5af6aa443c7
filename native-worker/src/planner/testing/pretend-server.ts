/** The remote side of a pretend pair: commits, versions and the trash. */
import type { NodeId } from '@coffer/protocol/core';
import type { Operation, RemoteParent } from '../operations.ts';
import type { LocalId, RemoteNode } from '../types.ts';
import { ROOT, STAGING_NODE, TRASH, type PretendPair } from './pretend-pair.ts';
import { Drop, type PretendWorld } from './pretend-world.ts';

export class PretendServer {
  readonly #world: PretendWorld;
  readonly #pair: PretendPair;
  readonly #staged = new Map<NodeId, RemoteNode>();
  readonly #toStage = new Set<NodeId>();

  constructor(world: PretendWorld) {
    this.#world = world;
    this.#pair = world.pair;
  }

  make(
    local: LocalId,
    at: { readonly parent: RemoteParent; readonly name: string },
    copyOf: NodeId | null,
  ): void {
    this.#pair.hash(local);
    const entry = this.#world.entry(local);
    const folder = this.#remoteFolder(at.parent);
    this.#needEmptyRemote(folder, at.name);
    const id = this.#pair.addRemote(folder, at.name, {
      kind: entry.kind,
      content: entry.sha256,
      target: entry.target,
      executable: entry.executable,
      mtimeMs: Number((entry.mtimeNs + 500_000n) / 1_000_000n),
      copyOf: entry.kind === 'file' ? (copyOf ?? this.#pair.copyOf.get(local) ?? null) : null,
    });
    this.#world.madeRemote.set(local, id);
    this.#world.agreeOnMade(this.#world.node(id), entry);
  }

  revise(nodeId: NodeId, local: LocalId): void {
    const [node, entry] = [this.#world.node(nodeId), this.#world.entry(local)];
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

  setMeta(nodeId: NodeId, local: LocalId): void {
    const [node, entry] = [this.#world.node(nodeId), this.#world.entry(local)];
    const executable = this.#pair.caps.execBit ? entry.executable : node.executable;
    const mtimeMs = Number((entry.mtimeNs + 500_000n) / 1_000_000n);
    const revised = { ...node, rev: node.rev + 1, executable, mtimeMs };
    this.#pair.putRemote(revised);
    this.#world.writeMeta(revised, local, entry.mtimeNs);
  }

  move(operation: Extract<Operation, { kind: 'remote-place' }>): void {
    const { node: id, name, settles } = operation;
    const parent = this.#remoteFolder(operation.parent);
    const node = this.#world.node(id);
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

  trash(id: NodeId): void {
    const node = this.#pair.remote.get(id);
    if (node === undefined) throw new Drop('the node is not there');
    const from = { fromParent: node.parent, fromName: node.name };
    this.#pair.putRemote({ ...node, parent: TRASH, ...from, rev: node.rev + 1, state: 'trashed' });
    for (const row of this.#pair.remote.below(id)) {
      this.#pair.putRemote({ ...row, state: 'trashed' });
    }
    // A row whose entry is still there says that this one is to go, too.
    this.#world.removeBaseBelow(
      id,
      (row) => !this.#world.isLive(row.id) && this.#pair.local.get(row.localId)?.state !== 'seen',
    );
  }

  restore(operation: Extract<Operation, { kind: 'remote-restore' }>): void {
    const node = this.#pair.remote.get(operation.node);
    const parent = this.#remoteFolder(operation.parent);
    if (node === undefined) throw new Drop('the node is purged');
    if (this.#world.isLive(node.id)) throw new Drop('the node is live');
    this.#needEmptyRemote(parent, operation.name);
    const { name } = operation;
    this.#pair.putRemote({ ...node, parent, name, state: 'live', rev: node.rev + 1 });
    for (const row of this.#pair.remote.below(node.id)) {
      this.#pair.putRemote({ ...row, state: 'live' });
    }
    for (const waiting of this.#toStage) this.stage(waiting);
    const entry = this.#world.entry(operation.local);
    if (!operation.upload) {
      this.#pair.putBase(this.#pair.agreed(this.#world.node(node.id), entry));
      return;
    }
    const base = this.#pair.agreed(this.#world.node(node.id), entry);
    this.#pair.putBase(base);
    this.revise(node.id, operation.local);
  }

  #remoteFolder(parent: RemoteParent): NodeId {
    const id = 'node' in parent ? parent.node : this.#world.madeRemote.get(parent.madeFor);
    if (id === undefined) throw new Drop('the folder was not made remotely');
    if (id === ROOT) return id;
    if (this.#world.node(id).kind !== 'folder') throw new Drop('the parent is no folder');
    return id;
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

  /**
   * One commit has no state in between; here the node is out of the way until its turn, or from when
   * the folder comes back that it is in.
   */
  stage(node: NodeId): void {
    const row = this.#pair.remote.get(node);
    if (row === undefined) return;
    if (!this.#world.isLive(node)) {
      this.#toStage.add(node);
      return;
    }
    this.#toStage.delete(node);
    this.#staged.set(node, row);
    this.#pair.remote.put({ ...row, parent: STAGING_NODE, name: node });
  }

  /** A commit is made with all its changes, or not at all. */
  unstage(): void {
    for (const [node, row] of this.#staged) {
      if (this.#pair.remote.get(node)?.parent !== STAGING_NODE) continue;
      const isHome = row.parent === ROOT || this.#world.isLive(row.parent);
      const parent = isHome ? row.parent : ROOT;
      const isFree = this.#pair.remote
        .children(parent)
        .every(({ name }) => name.normalize('NFC') !== row.name.normalize('NFC'));
      const name = isFree ? row.name : `${row.name} ${node.slice(-4)}`;
      this.#pair.putRemote({ ...row, parent, name, state: 'live' });
    }
  }
}
