/**
 * One pair of folders in memory: three trees, and what the world keeps beside them (trash, versions,
 * recycle area). Contents are their digests; equal digests are equal bytes.
 */
import type { Bytes, Digest, NodeId } from '@coffer/protocol/core';
import { nameKey } from '../name-key.ts';
import type {
  BaseNode,
  Caps,
  Dirty,
  EntryKind,
  LocalId,
  LocalNode,
  Policy,
  RemoteNode,
  Trees,
} from '../types.ts';
import { Table } from './table.ts';

const ID_DIGITS = 32;
const MS_TO_NS = 1_000_000n;
const CONTENT_SIZE_MAX = 97;

export const LINUX: Caps = {
  caseSensitive: true,
  normalising: false,
  birthtime: true,
  mtimeGranNs: 1n,
  nameUnit: 'bytes',
  nameMax: 255,
  execBit: true,
  symlinks: true,
  windowsNames: false,
  nativeEvents: true,
};
export const MACOS: Caps = { ...LINUX, caseSensitive: false, normalising: true };
export const WINDOWS: Caps = {
  ...LINUX,
  caseSensitive: false,
  nameUnit: 'utf16',
  execBit: false,
  windowsNames: true,
};

export const ROOT = nodeId(1);
export const TRASH = nodeId(2);
export const LOCAL_ROOT = 1 as LocalId;
export const STAGING = 2 as LocalId;
export const STAGING_NODE = nodeId(3);

export function nodeId(number: number): NodeId {
  return number.toString(16).padStart(ID_DIGITS, '0') as NodeId;
}

/** The digest that stands for a content with this label. */
export function contentOf(label: string): Digest {
  return label as Digest;
}

export function sizeOf(content: Digest | null): number {
  let sum = 0;
  for (const character of content ?? '')
    sum = (sum * 31 + character.charCodeAt(0)) % CONTENT_SIZE_MAX;
  return sum;
}

/** Not cryptographic: ids of operations in tests only need to differ. */
export function mixedHash(bytes: Bytes): Bytes {
  const out = new Uint8Array(32);
  let [a, b, c, d] = [0x9e37, 0x79b9, 0x7f4a, 0x7c15];
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01_00_01_93);
    b = Math.imul(b + byte, 0x85_eb_ca_6b) ^ (a >>> 13);
    c = Math.imul(c ^ (b + byte), 0xc2_b2_ae_35);
    d = Math.imul(d + (c ^ byte), 0x27_d4_eb_2f) ^ (c >>> 15);
  }
  new DataView(out.buffer).setInt32(0, a);
  new DataView(out.buffer).setInt32(4, b);
  new DataView(out.buffer).setInt32(8, c);
  new DataView(out.buffer).setInt32(12, d);
  return out;
}

export function aPolicy(changes: Partial<Policy> = {}): Policy {
  return {
    mode: 'two-way',
    deviceName: 'nova',
    planningTime: '2026-11-23 10-00-00',
    holdCountMax: 500,
    holdShareMax: 0.5,
    holdShareCountMin: 10,
    openCopiesMax: 10,
    excluded: new Set(),
    held: [],
    baseCount: 1_000_000,
    deletionsInRun: { local: 0, remote: 0 },
    sha256: mixedHash,
    ...changes,
  };
}

export interface EntryParts {
  readonly kind: EntryKind;
  readonly content?: Digest | null;
  readonly target?: string | null;
  readonly mtimeMs?: number;
  readonly executable?: boolean;
  readonly copyOf?: NodeId | null;
}

export class PretendPair {
  readonly caps: Caps;
  readonly remote: Table<NodeId, RemoteNode>;
  readonly local: Table<LocalId, LocalNode>;
  readonly base: Table<NodeId, BaseNode>;
  readonly baseByLocal = new Map<LocalId, NodeId>();
  readonly versions = new Set<Digest>();
  readonly recycled = new Set<Digest>();
  readonly copyOf = new Map<LocalId, NodeId>();
  /** What files hold that were not hashed. */
  readonly unread = new Map<LocalId, Digest>();
  readonly dirtyRemote = new Set<NodeId>();
  readonly dirtyLocal = new Set<LocalId>();
  #nextNode = 16;
  #nextLocal = 16;
  #tick = 1_000;

  constructor(caps: Caps = LINUX) {
    this.caps = caps;
    const key = (name: string): string => nameKey(name, caps);
    this.remote = new Table(key);
    this.local = new Table(key);
    this.base = new Table(key);
    this.local.put(this.#localRow(LOCAL_ROOT, LOCAL_ROOT, '', { kind: 'folder' }));
  }

  key(name: string): string {
    return nameKey(name, this.caps);
  }

  newNode(): NodeId {
    return nodeId(this.#nextNode++);
  }

  newLocal(): LocalId {
    return this.#nextLocal++ as LocalId;
  }

  now(): bigint {
    return BigInt(this.#tick++) * MS_TO_NS;
  }

  addRemote(parent: NodeId, name: string, parts: EntryParts): NodeId {
    const id = this.newNode();
    this.putRemote({
      id,
      parent,
      name,
      kind: parts.kind,
      rev: 1,
      contentId: parts.content ?? null,
      size: sizeOf(parts.content ?? null),
      sha256: parts.content ?? null,
      mtimeMs: parts.kind === 'file' ? (parts.mtimeMs ?? Number(this.now() / MS_TO_NS)) : null,
      executable: parts.executable ?? false,
      target: parts.target ?? null,
      copyOf: parts.copyOf ?? null,
      fromParent: null,
      fromName: null,
      state: 'live',
    });
    return id;
  }

  addLocal(parent: LocalId, name: string, parts: EntryParts): LocalId {
    const id = this.newLocal();
    this.putLocal(this.#localRow(id, parent, name, parts));
    return id;
  }

  putRemote(row: RemoteNode): void {
    this.remote.put(row);
    this.dirtyRemote.add(row.id);
  }

  /** A root that normalises shows names decomposed, whatever they were written as. */
  putLocal(row: LocalNode): void {
    this.local.put(
      this.caps.normalising && row.state !== 'gone'
        ? { ...row, name: row.name.normalize('NFD') }
        : row,
    );
    this.dirtyLocal.add(row.id);
  }

  /** What the engine writes keeps the form of its name until somebody else changes the entry. */
  writeLocal(row: LocalNode): void {
    this.local.put(row);
    this.dirtyLocal.add(row.id);
  }

  putBase(row: BaseNode): void {
    const former = this.baseByLocal.get(row.localId);
    if (former !== undefined) this.removeBase(former);
    this.removeBase(row.id);
    this.base.put(row);
    this.baseByLocal.set(row.localId, row.id);
  }

  removeBase(id: NodeId): void {
    const row = this.base.get(id);
    if (row === undefined) return;
    this.base.remove(id);
    if (this.baseByLocal.get(row.localId) === id) this.baseByLocal.delete(row.localId);
  }

  /** The file's bytes are read: its row knows their digest from now on. */
  hash(id: LocalId): void {
    const [row, sha256] = [this.local.get(id), this.unread.get(id)];
    this.unread.delete(id);
    if (row !== undefined && sha256 !== undefined) this.putLocal({ ...row, sha256 });
  }

  /** The base row that says: these two are one, as the remote side has it. */
  agreed(node: RemoteNode, entry: LocalNode): BaseNode {
    const { id, parent, name, kind, rev, contentId, size, sha256, mtimeMs, executable, target } =
      node;
    return {
      id,
      localId: entry.id,
      parent,
      name,
      localName: entry.name,
      kind,
      rev,
      contentId,
      size,
      sha256,
      mtimeMs,
      localMtimeNs: entry.mtimeNs,
      executable,
      target,
    };
  }

  trees(): Trees {
    return {
      remoteRoot: ROOT,
      localRoot: LOCAL_ROOT,
      remote: {
        byId: (id) => this.remote.get(id),
        bySlot: (parent, key) =>
          this.remote.atSlot(parent, key).filter(({ state }) => state !== 'trashed'),
        children: (parent) => this.remote.children(parent),
        copiesOf: (node) =>
          [...this.remote.rows.values()].filter(
            ({ copyOf, state }) => copyOf === node && state === 'live',
          ),
        trashedFiles: (sha256, size) =>
          [...this.remote.rows.values()].filter(
            (row) => row.state === 'trashed' && row.sha256 === sha256 && row.size === size,
          ),
      },
      local: {
        byId: (id) => this.local.get(id),
        bySlot: (parent, key) =>
          this.local.atSlot(parent, key).findLast(({ state }) => state !== 'gone'),
        children: (parent) => this.local.children(parent).filter(({ state }) => state !== 'gone'),
        byContent: (sha256, size) =>
          [...this.local.rows.values()].filter((row) => row.sha256 === sha256 && row.size === size),
        copyOf: (id) => this.copyOf.get(id) ?? null,
      },
      base: {
        byId: (id) => this.base.get(id),
        byLocalId: (id) => {
          const node = this.baseByLocal.get(id);
          return node === undefined ? undefined : this.base.get(node);
        },
        bySlot: (parent, key) => this.base.atSlot(parent, key)[0],
        children: (parent) => this.base.children(parent),
      },
    };
  }

  takeDirty(): Dirty {
    const dirty = { remote: [...this.dirtyRemote], local: [...this.dirtyLocal] };
    this.dirtyRemote.clear();
    this.dirtyLocal.clear();
    return dirty;
  }

  /** Everything there is. */
  allDirty(): Dirty {
    return {
      remote: [...new Set([...this.remote.rows.keys(), ...this.base.rows.keys()])],
      local: [...this.local.rows.keys()],
    };
  }

  #localRow(id: LocalId, parent: LocalId, name: string, parts: EntryParts): LocalNode {
    const now = this.now();
    return {
      id,
      parent,
      name,
      kind: parts.kind,
      ino: BigInt(id),
      birthNs: now,
      size: sizeOf(parts.content ?? null),
      mtimeNs: parts.mtimeMs === undefined ? now : BigInt(parts.mtimeMs) * MS_TO_NS,
      ctimeNs: now,
      executable: parts.executable ?? false,
      sha256: parts.content ?? null,
      target: parts.target ?? null,
      state: 'seen',
    };
  }
}
