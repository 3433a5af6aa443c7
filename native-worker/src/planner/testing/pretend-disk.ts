/** The local side of a pretend pair: renames, downloads and the recycle area. */
import type { NodeId } from '@coffer/protocol/core';
import type { LocalParent, Operation } from '../operations.ts';
import type { LocalId, LocalNode } from '../types.ts';
import { LOCAL_ROOT, STAGING, type PretendPair } from './pretend-pair.ts';
import { Drop, type PretendWorld } from './pretend-world.ts';

export class PretendDisk {
  readonly #world: PretendWorld;
  readonly #pair: PretendPair;
  readonly #staged = new Map<LocalId, LocalNode>();

  constructor(world: PretendWorld) {
    this.#world = world;
    this.#pair = world.pair;
  }

  bring(operation: Extract<Operation, { kind: 'local-make-folder' | 'local-download' }>): void {
    const node = this.#world.node(operation.node);
    const parent = this.#localFolder(operation.parent);
    if (operation.kind === 'local-download' && operation.replaces !== null) {
      const old = this.#world.entry(operation.replaces);
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
    this.#pair.writeLocal({ ...this.#world.entry(id), name: operation.localName });
    this.#world.madeLocal.set(node.id, id);
    this.#pair.putBase(this.#pair.agreed(node, this.#world.entry(id)));
    const isWhole = operation.kind === 'local-make-folder' && operation.whole;
    if (isWhole) this.#world.comeBackBelow(node.id);
  }

  move(operation: Extract<Operation, { kind: 'local-place' | 'local-set-aside' }>): void {
    const entry = this.#world.entry(operation.local);
    const parent =
      operation.kind === 'local-place' ? this.#localFolder(operation.parent) : entry.parent;
    this.#needEmptyLocal(parent, operation.localName, entry.id);
    for (let at = parent; at !== LOCAL_ROOT && at !== STAGING;) {
      if (at === entry.id) throw new Drop('a folder would lie below itself');
      at = this.#pair.local.get(at)?.parent ?? LOCAL_ROOT;
    }
    const moved = { ...entry, parent, name: operation.localName, ctimeNs: this.#pair.now() };
    this.#pair.writeLocal(moved);
    const paired = this.#pair.baseByLocal.get(entry.id);
    if (operation.kind === 'local-set-aside') {
      if (paired !== undefined) this.#pair.removeBase(paired);
      if (operation.copyOf !== null) this.#pair.copyOf.set(entry.id, operation.copyOf);
      return;
    }
    if (paired === undefined || paired !== operation.node || !operation.settles) return;
    const [base, node] = [this.#pair.base.get(paired), this.#pair.remote.get(paired)];
    if (base === undefined || node === undefined || !this.#world.isLive(paired)) return;
    this.#pair.putBase({
      ...base,
      parent: node.parent,
      name: node.name,
      localName: operation.localName,
    });
  }

  stage(local: LocalId): void {
    const row = this.#pair.local.get(local);
    if (row === undefined) return;
    this.#staged.set(local, row);
    this.#pair.local.put({ ...row, parent: STAGING, name: String(local) });
  }

  setMeta(nodeId: NodeId, local: LocalId): void {
    const [node, entry] = [this.#world.node(nodeId), this.#world.entry(local)];
    const now = this.#pair.now();
    const mtimeNs = node.mtimeMs === null ? entry.mtimeNs : BigInt(node.mtimeMs) * 1_000_000n;
    const executable = this.#pair.caps.execBit ? node.executable : entry.executable;
    this.#pair.putLocal({ ...entry, mtimeNs, executable, ctimeNs: now });
    this.#world.writeMeta(node, local, mtimeNs);
  }

  recycle(node: NodeId, local: LocalId): void {
    const paired = this.#pair.baseByLocal.get(local);
    // What holds an ignored entry stays, as a folder that is no node.
    const staying = new Set<LocalId>();
    const ignored = new Set<LocalId>();
    const rows = this.#pair.local.below(local).filter(({ state }) => state !== 'gone');
    for (const row of rows) {
      const isIgnored = row.state === 'detached' || ignored.has(row.parent);
      if (isIgnored) ignored.add(row.id);
      else if (row.state === 'unknown') throw new Drop('something unknown lies in the folder');
      if (!isIgnored && row.state !== 'hollow') continue;
      for (let at: LocalId = row.id; ; at = this.#pair.local.get(at)?.parent ?? local) {
        staying.add(at);
        if (at === local) break;
      }
    }
    for (const { id } of rows) this.#pair.hash(id);
    for (const { id } of rows) {
      const row = this.#pair.local.get(id);
      if (row === undefined || ignored.has(row.id)) continue;
      if (row.sha256 !== null) this.#pair.recycled.add(row.sha256);
      this.#pair.putLocal({ ...row, state: staying.has(row.id) ? 'hollow' : 'gone' });
    }
    const top = paired ?? node;
    this.#world.removeBaseBelow(
      top,
      ({ localId }) => this.#pair.local.get(localId)?.state !== 'seen',
    );
  }

  #localFolder(parent: LocalParent): LocalId {
    const id = 'local' in parent ? parent.local : this.#world.madeLocal.get(parent.madeFor);
    if (id === undefined) throw new Drop('the folder was not made locally');
    if (this.#world.entry(id).kind !== 'folder') throw new Drop('the parent is no folder');
    return id;
  }

  #needEmptyLocal(parent: LocalId, name: string, self?: LocalId): void {
    if (name.length > this.#pair.caps.nameMax) throw new Drop(`the name ${name} is too long`);
    const holder = this.#pair.trees().local.bySlot(parent, this.#pair.key(name));
    if (holder !== undefined && holder.id !== self)
      throw new Drop(`the local slot ${name} is taken`);
  }

  /** What a crash or a dropped operation left in staging goes back: its intent says from where. */
  unstage(): void {
    for (const [local, row] of this.#staged) {
      if (this.#pair.local.get(local)?.parent !== STAGING) continue;
      const isHome =
        row.parent === LOCAL_ROOT || this.#pair.local.get(row.parent)?.state === 'seen';
      const parent = isHome ? row.parent : LOCAL_ROOT;
      const holder = this.#pair.trees().local.bySlot(parent, this.#pair.key(row.name));
      const name = holder === undefined ? row.name : `${row.name} ${local}`;
      this.#pair.putLocal({ ...row, parent, name, ctimeNs: this.#pair.now() });
    }
  }
}
