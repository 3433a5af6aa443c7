/**
 * What the planner sees and says (engine §2, §5). Data only.
 */
import type { Brand, Bytes, Digest, NodeId } from '@coffer/protocol/core';

/** Identity of a local entry, stable across renames: given by the scanner, never reused. */
export type LocalId = Brand<number, 'LocalId'>;
/** SHA-256 of kind, ids and preconditions, cut to 16 bytes, in hexadecimal. */
export type OperationId = Brand<string, 'OperationId'>;

export type EntryKind = 'folder' | 'file' | 'symlink';
export type PairMode = 'two-way' | 'upload' | 'download';

/** The remote tree: last verified. */
export interface RemoteNode {
  readonly id: NodeId;
  readonly parent: NodeId;
  readonly name: string;
  readonly kind: EntryKind;
  readonly rev: number;
  /** SHA-256 of the content field; null for folders and links. */
  readonly contentId: Digest | null;
  /** Plain bytes; 0 for folders and links. */
  readonly size: number;
  /** Plain SHA-256; null for folders and links. */
  readonly sha256: Digest | null;
  readonly mtimeMs: number | null;
  readonly executable: boolean;
  readonly target: string | null;
  /** The node that this one is a conflict copy of. */
  readonly copyOf: NodeId | null;
  /** Where it was when it went to the trash. */
  readonly fromParent: NodeId | null;
  readonly fromName: string | null;
  readonly state: 'live' | 'trashed' | 'unreadable';
}

/** The local tree: last observed. */
export interface LocalNode {
  readonly id: LocalId;
  /** LocalId of the parent folder; the root's own id for its children. */
  readonly parent: LocalId;
  readonly name: string;
  readonly kind: EntryKind;
  readonly ino: bigint;
  readonly birthNs: bigint;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly executable: boolean;
  /** Plain SHA-256, or null while not hashed (folders and links: always null). */
  readonly sha256: Digest | null;
  readonly target: string | null;
  /**
   * `gone`: it is not there. `unknown`: it may be there but could not be looked at; nothing is
   * planned for it, and nothing at or above it is deleted. `detached`: it is there, is ignored by a
   * rule, and is no node: its base row is forgotten, its slot stays taken, and it does not keep the
   * folder that it is in. `hollow`: the same for a folder that was deleted and stays for the ignored
   * entries in it; a remote folder that takes its slot adopts it.
   */
  readonly state: 'seen' | 'gone' | 'unknown' | 'detached' | 'hollow';
}

/** The base tree: what both sides last agreed on, pairing a node with its local entry. */
export interface BaseNode {
  readonly id: NodeId;
  readonly localId: LocalId;
  readonly parent: NodeId;
  readonly name: string;
  /** Differs from `name` only where the system cannot hold it. */
  readonly localName: string;
  readonly kind: EntryKind;
  readonly rev: number;
  readonly contentId: Digest | null;
  readonly size: number;
  readonly sha256: Digest | null;
  readonly mtimeMs: number | null;
  readonly localMtimeNs: bigint;
  readonly executable: boolean;
  readonly target: string | null;
}

/** Synchronous read-only view of the three trees of one pair, in one read transaction. */
export interface Trees {
  /** The pair's remote root folder and the local root. They are in no list of children. */
  readonly remoteRoot: NodeId;
  readonly localRoot: LocalId;
  readonly remote: {
    readonly byId: (id: NodeId) => RemoteNode | undefined;
    /** Live nodes at this slot; several only where the remote holds names that clash here. */
    readonly bySlot: (parent: NodeId, nameKey: string) => readonly RemoteNode[];
    /** Rows of every state with this parent: those below a trashed folder are still its children. */
    readonly children: (parent: NodeId) => readonly RemoteNode[];
    /** Live conflict copies of the node. */
    readonly copiesOf: (node: NodeId) => readonly RemoteNode[];
    /** Trashed files with this content. */
    readonly trashedFiles: (sha256: Digest, size: number) => readonly RemoteNode[];
  };
  readonly local: {
    readonly byId: (id: LocalId) => LocalNode | undefined;
    readonly bySlot: (parent: LocalId, nameKey: string) => LocalNode | undefined;
    /** Entries of every state but `gone`. */
    readonly children: (parent: LocalId) => readonly LocalNode[];
    /** Files of every state with this content. */
    readonly byContent: (sha256: Digest, size: number) => readonly LocalNode[];
    /** The node that an entry without a base is a conflict copy of. */
    readonly copyOf: (id: LocalId) => NodeId | null;
  };
  readonly base: {
    readonly byId: (id: NodeId) => BaseNode | undefined;
    readonly byLocalId: (id: LocalId) => BaseNode | undefined;
    readonly bySlot: (parent: NodeId, nameKey: string) => BaseNode | undefined;
    readonly children: (parent: NodeId) => readonly BaseNode[];
  };
}

/** What a root's file system can hold: probed, not assumed. */
export interface Caps {
  readonly caseSensitive: boolean;
  readonly normalising: boolean;
  readonly birthtime: boolean;
  /** Granularity of file times in ns. */
  readonly mtimeGranNs: bigint;
  readonly nameUnit: 'bytes' | 'utf16';
  readonly nameMax: number;
  readonly execBit: boolean;
  readonly symlinks: boolean;
  /** True where Windows' reserved names and characters cannot be held. */
  readonly windowsNames: boolean;
  readonly nativeEvents: boolean;
}

/**
 * Batch decisions on deletions that were held (engine §7). `side` is where the deletion would be
 * done. Items stand here until their deletion was executed or their nodes were brought back.
 */
export interface HeldBatch {
  readonly batch: string;
  readonly decision: 'none' | 'approved' | 'undone';
  readonly side: 'local' | 'remote';
  readonly nodes: ReadonlySet<NodeId>;
}

export interface Policy {
  readonly mode: PairMode;
  /** Sanitised device name for conflict copies. */
  readonly deviceName: string;
  /** Planning time as it stands in conflict names: `YYYY-MM-DD HH-mm-ss`, local time. */
  readonly planningTime: string;
  readonly holdCountMax: number;
  readonly holdShareMax: number;
  readonly holdShareCountMin: number;
  /** With so many open conflict copies a node gets no further one: losers become versions. */
  readonly openCopiesMax: number;
  readonly excluded: ReadonlySet<NodeId>;
  readonly held: readonly HeldBatch[];
  /** Nodes in the base of this pair: the share of a mass deletion is judged against it. */
  readonly baseCount: number;
  /** Nodes whose deletions of this run were already executed (the same run is judged whole). */
  readonly deletionsInRun: { readonly local: number; readonly remote: number };
  /** SHA-256, for operation ids. The planner itself has no cryptography. */
  readonly sha256: (bytes: Bytes) => Bytes;
}

/** Nodes that enter planning: their remote row, local row, hold, stall or exclusion changed. */
export interface Dirty {
  readonly remote: readonly NodeId[];
  readonly local: readonly LocalId[];
}

/** The local entry as the planner saw it. */
export interface LocalSaw {
  readonly kind: EntryKind;
  readonly ino: bigint;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/**
 * What an operation saw of its node, on each side; null where it needs nothing there. The executor
 * checks it in the same synchronous step as the effect and drops the operation on a mismatch. A
 * slot that an operation fills must be empty besides (or hold `replaces`). Of folders only kind and
 * inode are compared: their times change with what is put into them.
 */
export interface Saw {
  readonly rev: number | null;
  readonly local: LocalSaw | null;
}
