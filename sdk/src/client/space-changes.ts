/**
 * What a caller (the engine, a Drive) asks of a space, and what became of it. Many changes go into
 * one commit; those whose node changed meanwhile are left out and come back as `stale`.
 */
import type { ChunkId, Bytes, Digest, DeviceId, NodeId } from '@coffer/protocol/core';
import type { NodeKind } from '@coffer/protocol/model';

/** Chunks of a file that were sealed and are at the server (leased or live). */
export interface UploadedContent {
  readonly size: number;
  readonly sha256: Digest;
  readonly chunks: readonly SealedChunkRef[];
}

/**
 * A chunk that was sealed: its id at the server, the key that opens it, and its lengths in bytes.
 */
export interface SealedChunkRef {
  readonly id: ChunkId;
  readonly key: Bytes;
  readonly plainLength: number;
  readonly storedLength: number;
}

/** A node's decrypted, verified view. */
export interface NodeView {
  readonly id: NodeId;
  readonly parent: NodeId;
  readonly kind: NodeKind;
  readonly rev: number;
  readonly name: string;
  readonly size: number;
  readonly sha256: Digest | null;
  readonly mtimeMs: number | null;
  readonly executable: boolean;
  readonly target: string | null;
  /** SHA-256 of the content field; null for all but files. */
  readonly contentId: Digest | null;
  readonly copyOf: NodeId | null;
  readonly written: {
    readonly number: number;
    readonly time: number;
    readonly device: DeviceId;
  } | null;
  readonly changed: { readonly time: number; readonly device: DeviceId };
  /** Directly or indirectly below the trash. */
  readonly trashed: boolean;
  /** Set on nodes directly under the trash: where they were. */
  readonly from: { readonly parent: NodeId; readonly name: string } | null;
  readonly keepUntil: number | null;
}

/** A node whose record verified but does not open (or whose ancestor's does not). */
export interface UnreadableNode {
  readonly id: NodeId;
  readonly parent: NodeId;
  readonly unreadable: true;
}

/** What a file has beside its content. `mtimeMs`: Unix ms; null when nobody knows. */
export interface FileMeta {
  readonly mtimeMs: number | null;
  readonly executable: boolean;
}

/** New ids are chosen by the caller, so that later changes of the same list can refer to them. */
export type SpaceChange =
  | {
      readonly op: 'make-folder';
      readonly id: NodeId;
      readonly parent: NodeId;
      readonly name: string;
    }
  | {
      readonly op: 'make-file';
      readonly id: NodeId;
      readonly parent: NodeId;
      readonly name: string;
      readonly content: UploadedContent;
      readonly meta: FileMeta;
      readonly copyOf: NodeId | null;
    }
  | {
      readonly op: 'make-symlink';
      readonly id: NodeId;
      readonly parent: NodeId;
      readonly name: string;
      readonly target: string;
    }
  | {
      readonly op: 'write';
      readonly id: NodeId;
      /** The revision that the caller saw; another one makes the change stale. */
      readonly rev: number;
      readonly content: UploadedContent;
      readonly meta: FileMeta;
      /** False only for the sync engine's uploads within 5 minutes (protocol §3). */
      readonly keepVersion: boolean;
    }
  | { readonly op: 'retarget'; readonly id: NodeId; readonly rev: number; readonly target: string }
  | { readonly op: 'set-meta'; readonly id: NodeId; readonly rev: number; readonly meta: FileMeta }
  /** Clears `copyOf` once a conflict was resolved. */
  | { readonly op: 'resolve-copy'; readonly id: NodeId; readonly rev: number }
  | { readonly op: 'move'; readonly id: NodeId; readonly parent: NodeId; readonly name: string }
  | { readonly op: 'trash'; readonly id: NodeId; readonly hold?: ApprovedHold }
  /** Out of the trash, with its id. */
  | { readonly op: 'restore'; readonly id: NodeId; readonly parent: NodeId; readonly name: string }
  /** Removes the records of the whole subtree for ever; only from the trash. */
  | { readonly op: 'purge'; readonly id: NodeId };

/** The batch of held deletions, approved by a person, that a deletion belongs to. */
export interface ApprovedHold {
  /** 16 bytes as 32 hexadecimal digits. */
  readonly batch: string;
  /** How many nodes the batch has. */
  readonly nodes: number;
}

/** What became of one change; `node` is null when it is gone for ever. */
export type ChangeOutcome =
  | { readonly kind: 'done'; readonly node: NodeView | null }
  /** The node, its parent or its slot is not what the caller saw: look again and plan anew. */
  | { readonly kind: 'stale'; readonly why: StaleReason }
  | { readonly kind: 'quota-exceeded' }
  | { readonly kind: 'not-allowed' };

/** Why a change was not made on the state that was found: nothing of it was done. */
export type StaleReason =
  | 'node-changed'
  | 'node-gone'
  | 'parent-gone'
  | 'name-taken'
  | 'cycle'
  | 'too-deep'
  | 'content-missing';

/** Nodes whose view may differ from what the caller last read, after a pull or a commit. */
export interface SpaceDelta {
  readonly changed: readonly NodeId[];
  readonly removed: readonly NodeId[];
  /** Nodes whose deletion a person approved on the device that made it: not to be held again. */
  readonly approved: readonly NodeId[];
  readonly seq: number;
}

/** What a download is asked for. */
export interface FetchRequest {
  readonly id: NodeId;
  /** The revision that is wanted: the node's current one, or a kept version. */
  readonly rev: number;
}

/** Receives verified plaintext in order; synchronous, so that it can write files without a queue. */
export interface FetchSink {
  readonly begin: (index: number, node: NodeView) => void;
  readonly write: (index: number, plaintext: Bytes) => void;
  /** Everything verified, the whole file's SHA-256 included. */
  readonly end: (index: number) => void;
  readonly fail: (index: number, error: unknown) => void;
}

/**
 * One space of a signed-in account, fully verified and kept in a SpaceStore. The engine's
 * RemoteSpace port is this interface; nothing else of the SDK reaches the engine.
 */
export interface SpaceClient {
  readonly rootFolder: NodeId;
  readonly trash: NodeId;
  readonly head: () => { readonly seq: number; readonly era: number };
  /** Fetches, verifies and applies new commits. `onApplied` runs inside the store's transaction. */
  readonly pull: (
    signal: AbortSignal,
    onApplied?: (delta: SpaceDelta) => void,
  ) => Promise<SpaceDelta>;
  /** Commits that are applied for callers without an `onApplied` of their own reach this one. */
  readonly otherwise?: (onApplied: (delta: SpaceDelta) => void) => void;
  readonly node: (id: NodeId) => NodeView | UnreadableNode | undefined;
  readonly children: (parent: NodeId) => readonly (NodeView | UnreadableNode)[];
  readonly newNodeId: () => NodeId;
  /**
   * Commits what still holds of `changes`, in as many commits as needed, rebasing on moved heads.
   * Outcomes stand in the order of `changes`. Every applied commit reaches `onApplied` as in `pull`.
   */
  readonly commit: (
    changes: readonly SpaceChange[],
    signal: AbortSignal,
    onApplied?: (delta: SpaceDelta) => void,
  ) => Promise<readonly ChangeOutcome[]>;
  readonly createUploader: () => Uploader;
  /** Fetches contents with as few requests as possible. Failures reach the sink one by one. */
  readonly fetch: (
    requests: readonly FetchRequest[],
    sink: FetchSink,
    signal: AbortSignal,
  ) => Promise<void>;

  /** The server's clock minus this device's, as far as the last answer tells; 0 before it. */
  readonly clockOffsetMs: () => number;
  /** Bytes of request and answer bodies since the client was made. */
  readonly bytesOnWire: () => { readonly sent: number; readonly received: number };
}

/**
 * A content that can be chunked and sealed elsewhere, in worker threads. An Uploader lets it do so;
 * others iterate it like any source.
 */
export interface SelfSealingSource extends Iterable<Bytes> {
  /** Hands every sealed chunk to `take`, in any order, and awaits it before it makes many more. */
  readonly sealChunks: (
    keys: SealingKeys,
    take: (chunk: SealedChunkParts) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<UploadedContent>;
}

/** What a content is cut and sealed with, as an uploader hands it to other threads. */
export interface SealingKeys {
  /** 32 bytes; the first 16 decide about cuts. */
  readonly chunkerKey: Bytes;
  /** Content keys of the space's epochs, newest first. */
  readonly contentKeys: readonly Bytes[];
  /** Chunks of the revision that is replaced: those that are still there are kept as they are. */
  readonly base: readonly SealedChunkRef[];
}

/** A sealed chunk on its way to a pack. */
export interface SealedChunkParts {
  readonly ref: SealedChunkRef;
  /** The stored bytes in order. */
  readonly parts: readonly [Bytes, Bytes];
}

/** Opens long chunks in other threads, while this one receives and writes. */
export interface ChunkOpener {
  /**
   * The plaintext of a stored chunk after every check of protocol §5, or its IntegrityError. Takes
   * the buffer of `stored` over: it is empty afterwards.
   */
  readonly open: (ref: SealedChunkRef, stored: Bytes) => Promise<Bytes>;
}

/** Chunks, seals and sends file contents in packs; nothing is sent that the server has. */
export interface Uploader {
  /**
   * Chunks and seals everything that `source` yields. The promise settles when every chunk is at
   * the server. Small files share packs: do not await one before adding the next.
   */
  readonly add: (
    source: Iterable<Bytes> | AsyncIterable<Bytes>,
    signal: AbortSignal,
  ) => Promise<UploadedContent>;
  /** Sends what is buffered now, whatever its size. */
  readonly flush: () => Promise<void>;
}
