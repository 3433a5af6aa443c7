/** What the client library needs of the world outside. Adapters and simulations implement these. */
import type { AccountId, Bytes, CommitId, DeviceId, NodeId, SpaceId } from '@coffer/protocol/core';
import type { HeadState, SealedCommit, StateChange, StateView } from '@coffer/protocol/model';

/** What time it is, and waiting for it. */
export interface Clock {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Unpredictable bytes, for what is no key: keys come from the suite. */
export interface Random {
  readonly bytes: (length: number) => Uint8Array<ArrayBuffer>;
}

/** One request to the server that the transport was made for. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path and query on the server, beginning with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Bytes;
}

/** The answer, as soon as its head is there. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it comes; to be consumed once. Breaks off with a RemoteFault when the network does. */
  readonly body: AsyncIterable<Bytes>;
}

/**
 * One HTTP exchange. Follows no redirect, retries nothing, decompresses nothing. Throws RemoteFault
 * when no answer came: nothing is known then about what the server did.
 */
export interface HttpTransport {
  readonly request: (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;
}

/** The secrets of this device, at rest: in a file 0600, a keyring, or memory. */
export interface DeviceSecrets {
  readonly server: string;
  /** The name that the account signs in with. */
  readonly email: string;
  readonly account: AccountId;
  readonly device: DeviceId;
  readonly deviceName: string;
  readonly deviceSeed: Bytes;
  readonly deviceKemSeed: Bytes;
  /** Generation g and key A_g. */
  readonly generation: number;
  readonly accountKey: Bytes;
  /** Key of this device's database: node keys rest sealed under it. */
  readonly databaseKey: Bytes;
  /** Where the account's own spaces are; absent until they were found and verified once. */
  readonly homes?: { readonly accountSpace: SpaceId; readonly drive: SpaceId };
}

/** Where the secrets of this device rest. Whoever can read it is this device. */
export interface KeyStore {
  /** Undefined when nobody is signed in here. */
  readonly load: () => Promise<DeviceSecrets | undefined>;
  /** Atomic: after a crash the old or the new secrets are there. */
  readonly save: (secrets: DeviceSecrets) => Promise<void>;
  readonly clear: () => Promise<void>;
}

/** Where a full client keeps one account's verified spaces. Synchronous; one writer. */
export interface SpaceStore {
  /** Runs `action` in one transaction: all of its writes or none. */
  readonly transaction: <T>(action: () => T) => T;
  readonly view: (space: SpaceId) => StateView;
  readonly head: (space: SpaceId) => StoredHead | undefined;
  /** Writes the change and the new head of a commit that was verified. */
  readonly apply: (space: SpaceId, head: StoredHead, change: StateChange) => void;
  /** Verified key chain of an account: its entries in order. */
  readonly chain: (account: AccountId) => readonly Bytes[];
  readonly saveChain: (account: AccountId, entries: readonly Bytes[]) => void;
  /**
   * Keys that were unwrapped, sealed under the database key; a cache that may be empty. A space's
   * epoch key stands under its root folder and the epoch's number.
   */
  readonly nodeKey: (space: SpaceId, node: NodeId, kr: number) => Bytes | undefined;
  readonly saveNodeKey: (space: SpaceId, node: NodeId, kr: number, sealed: Bytes) => void;
  /** Forgets state, head and keys of the space; key chains stay. */
  readonly forget: (space: SpaceId) => void;
}

/**
 * Where a lazy client keeps what it trusts of each space: its pin, who belongs to the space, key chains.
 * Nothing in it is secret; whoever can change it can make the client believe an older state.
 */
export interface PinStore {
  /** Undefined for a space that was never read here. */
  readonly load: (space: SpaceId) => Promise<Bytes | undefined>;
  /** Atomic: after a crash the old or the new bytes are there. */
  readonly save: (space: SpaceId, trusted: Bytes) => Promise<void>;
}

/** A head as its device signed it, whoever shows it. */
export interface SignedHead {
  readonly seq: number;
  readonly id: CommitId;
  readonly era: number;
  readonly header: Bytes;
  readonly signature: Bytes;
}

/** A head that this device had seen, and one that the server shows and that does not descend from it. */
export interface HeadEvidence {
  readonly space: SpaceId;
  readonly pinned: SignedHead;
  readonly offered: SignedHead;
}

/** Keeps evidence for people, the same one once; returns where. Must not throw for a full disk. */
export type KeepEvidence = (evidence: HeadEvidence) => string | undefined;

/** The head of a verified space, with what the next commit is built on. */
export interface StoredHead extends HeadState {
  readonly era: number;
  /** The signed header, kept as evidence against forks. */
  readonly header: Bytes;
  readonly signature: Bytes;
}

/** What a commit request answers. */
export type ProposeOutcome =
  | { readonly kind: 'accepted'; readonly seq: number; readonly id: CommitId }
  | { readonly kind: 'head-moved'; readonly seq: number }
  | { readonly kind: 'content-missing'; readonly ids: readonly string[] }
  | { readonly kind: 'quota-exceeded' };

export type { SealedCommit };
export * from './remote-fault.ts';
