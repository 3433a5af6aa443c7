/** What the pretend disk and the pretend server share: lookups, checks, and the base tree. */
import type { NodeId } from '@coffer/protocol/core';
import type { Bind } from '../operations.ts';
import type { BaseNode, LocalId, LocalNode, RemoteNode } from '../types.ts';
import { ROOT, STAGING_NODE, type PretendPair } from './pretend-pair.ts';

/** An operation does not find what it saw. */
export class Drop extends Error {
  override readonly name = 'Drop';
}

export class PretendWorld {
  readonly pair: PretendPair;
  readonly madeRemote = new Map<LocalId, NodeId>();
  readonly madeLocal = new Map<NodeId, LocalId>();

  constructor(pair: PretendPair) {
    this.pair = pair;
  }

  /** Rows below a folder whose entry gets another node have that node as parent from now on. */
  bind(operation: Bind): void {
    const [node, entry] = [this.node(operation.node), this.entry(operation.local)];
    if (operation.agreement === 'apart') {
      const row = this.pair.base.get(node.id);
      if (row?.localId !== entry.id) throw new Drop('the two are not paired');
      const { parent, name } = node;
      this.pair.putBase({ ...row, parent, name, localName: entry.name });
      return;
    }
    const isEqual = node.sha256 === entry.sha256 && node.target === entry.target;
    if (operation.agreement === 'equal' && !isEqual) throw new Drop('the contents differ');
    if (entry.state === 'hollow') this.pair.putLocal({ ...entry, state: 'seen' });
    const below = this.#formerChildren(node, entry);
    this.pair.putBase(this.pair.agreed(node, entry));
    if (operation.whole) this.comeBackBelow(node.id);
    this.#adopt(below, node.id);
  }

  /** The entry's node is this new one. */
  agreeOnMade(node: RemoteNode, entry: LocalNode): void {
    const below = this.#formerChildren(node, entry);
    this.pair.putBase(this.pair.agreed(node, entry));
    this.#adopt(below, node.id);
  }

  #formerChildren(node: RemoteNode, entry: LocalNode): readonly BaseNode[] {
    const former = this.pair.baseByLocal.get(entry.id);
    return former === undefined || former === node.id ? [] : this.pair.base.children(former);
  }

  #adopt(below: readonly BaseNode[], parent: NodeId): void {
    for (const row of below) {
      this.pair.putBase({ ...row, parent });
      this.pair.dirtyRemote.add(row.id);
    }
  }

  node(id: NodeId): RemoteNode {
    const row = this.pair.remote.get(id);
    if (row === undefined || !this.isLive(id)) throw new Drop('the node is not live');
    return row;
  }

  entry(id: LocalId): LocalNode {
    const row = this.pair.local.get(id);
    const isThere = row?.state === 'seen' || row?.state === 'hollow';
    if (row === undefined || !isThere) throw new Drop('the entry is not there');
    return row;
  }

  isLive(id: NodeId): boolean {
    for (let at = id; at !== ROOT && at !== STAGING_NODE;) {
      const row = this.pair.remote.get(at);
      if (row === undefined || row.state !== 'live') return false;
      at = row.parent;
    }
    return true;
  }

  writeMeta(node: RemoteNode, local: LocalId, localMtimeNs: bigint): void {
    const base = this.pair.base.get(node.id);
    if (base?.localId !== local) return;
    const { rev, mtimeMs, executable } = node;
    this.pair.putBase({ ...base, rev, mtimeMs, executable, localMtimeNs });
  }

  /** Rows of what went with the folder's former entry: it comes back with the folder. */
  comeBackBelow(folder: NodeId): void {
    const isGone = (id: LocalId): boolean => (this.pair.local.get(id)?.state ?? 'gone') === 'gone';
    this.removeBaseBelow(folder, ({ id, localId }) => {
      const row = this.pair.local.get(localId);
      const isWithFolder = isGone(localId) && (row === undefined || isGone(row.parent));
      return id !== folder && isWithFolder && this.pair.remote.get(id)?.state === 'live';
    });
  }

  /** Rows of the folder and of what went with it; what had moved out keeps its row. */
  removeBaseBelow(node: NodeId, isGone: (row: BaseNode) => boolean): void {
    for (const row of this.pair.base.below(node)) {
      if (!isGone(row)) continue;
      this.pair.removeBase(row.id);
      // Rows that lose their pairing are looked at again.
      this.pair.dirtyRemote.add(row.id);
      this.pair.dirtyLocal.add(row.localId);
    }
  }
}
