/**
 * The records of a space (protocol §3): what each row of the state tree holds, decoded. Sealed fields
 * are bytes here; `open/` seals and opens them.
 */
import type {
  AccountId,
  Brand,
  Bytes,
  Digest,
  ItemId,
  NodeId,
  PageId,
  SpaceId,
} from '../core/index.ts';

/**
 * Key of a record in the state tree: 32 bytes as 64 hexadecimal digits. Code-unit order is tree
 * order. For nodes and versions the first 32 digits are the parent (the file of a version).
 */
export type TreeKey = Brand<string, 'TreeKey'>;
/** H(F of the parent, NFC name) cut to 16 bytes, as 32 hexadecimal digits: equal names collide. */
export type NameTag = Brand<string, 'NameTag'>;

export type SpaceKind = 'drive' | 'shared' | 'account';
export type NodeKind = 'folder' | 'file' | 'symlink' | 'mount';
/** In order of rights: each may do what the ones before it may. */
export type Role = 'viewer' | 'editor' | 'manager' | 'owner';

export interface SpaceRecord {
  readonly type: 'space';
  readonly space: SpaceId;
  readonly rev: number;
  readonly kind: SpaceKind;
  readonly creator: AccountId;
  readonly creatorIdentity: Bytes;
  readonly nonce: Bytes;
  /** Number of the newest epoch: the seq of the commit that made it. */
  readonly epoch: number;
  /** SEAL(E, "old-epochs", [space, epoch], [[epoch, key]…]). */
  readonly oldEpochs: Bytes;
  readonly versionDays: number;
  readonly versionsKept: number;
  readonly trashDays: number;
}

export interface MemberRecord {
  readonly type: 'member';
  readonly space: SpaceId;
  readonly account: AccountId;
  readonly rev: number;
  readonly role: Role;
  readonly identity: Bytes;
  readonly chainSeq: number;
  readonly chainHead: Digest;
  readonly rotate: boolean;
  readonly epoch: number;
  /** ENVELOPE(member KEM, "epoch-key", [space, epoch, account, role], E ‖ chunker key). */
  readonly envelope: Bytes;
}

export interface ItemRecord {
  readonly type: 'item';
  readonly space: SpaceId;
  readonly id: ItemId;
  readonly rev: number;
  readonly sealed: Bytes;
  readonly epoch: number;
}

/** Which chunks a file has. Exactly one of `inlinePage` and `pages` is filled, except when empty. */
export interface Content {
  /** Stored lengths of all chunks, added up. */
  readonly storedBytes: number;
  readonly chunkCount: number;
  readonly inlinePage: Bytes | null;
  readonly pages: readonly PageId[];
}

export interface NodeRecord {
  readonly type: 'node';
  readonly space: SpaceId;
  readonly id: NodeId;
  readonly parent: NodeId;
  readonly kind: NodeKind;
  readonly rev: number;
  /** Number of the node's key: seq of the head on which it was made. */
  readonly kr: number;
  /** Seq of the commit since which older keys at and below this node are dead; 0 = never. */
  readonly cut: number;
  /** `kr` of the parent key that wraps this node's key. */
  readonly pk: number;
  readonly tag: NameTag | null;
  readonly wrappedKey: Bytes | null;
  readonly meta: Bytes;
  /** Null for all kinds but files. */
  readonly content: Content | null;
  readonly by: AccountId;
  /** Unix ms; non-null exactly directly under the trash. */
  readonly keepUntil: number | null;
}

export interface VersionRecord {
  readonly type: 'version';
  readonly space: SpaceId;
  readonly file: NodeId;
  readonly rev: number;
  readonly kr: number;
  readonly meta: Bytes;
  readonly content: Content;
  readonly by: AccountId;
  /** Time of the header that made it, Unix ms. */
  readonly time: number;
  readonly keepUntil: number;
}

export type SpaceStateRecord = SpaceRecord | MemberRecord | ItemRecord | NodeRecord | VersionRecord;
