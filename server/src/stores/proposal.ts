/** What a commit that was judged asks of the store. */
import type { BodyId } from '@coffer/protocol/api';
import type { AccountId, ChunkId, CommitId, NodeId, PageId, SpaceId } from '@coffer/protocol/core';
import type {
  HeadState,
  NameTag,
  Role,
  SealedCommit,
  SpaceKind,
  StateChange,
  TreeKey,
} from '@coffer/protocol/model';

/** Chunks and pages that one record names. */
export interface ContentReference {
  readonly chunks: readonly { readonly id: ChunkId; readonly storedLength: number }[];
  readonly pages: readonly PageId[];
}

/** Columns behind `StateView.findNode` and `findTag`. */
export interface RecordIndex {
  readonly node: NodeId | null;
  readonly tag: NameTag | null;
}

export interface Proposal {
  readonly space: SpaceId;
  /** The head that the commit was judged on. */
  readonly previous: CommitId;
  readonly head: HeadState;
  readonly commit: SealedCommit;
  readonly change: StateChange;
  /** Of the records that `change` sets. */
  readonly indexes: ReadonlyMap<TreeKey, RecordIndex>;
  /** Members that come, change or (null) go. */
  readonly members: readonly (readonly [account: AccountId, role: Role | null])[];
  readonly gained: readonly ContentReference[];
  readonly lost: readonly ContentReference[];
  readonly now: number;
}

/** A space with its genesis, which references no content. */
export interface NewSpace {
  readonly kind: SpaceKind;
  readonly proposal: Proposal;
}

export type CommitOutcome =
  | { readonly kind: 'accepted' }
  /** This very commit is in the space already. */
  | { readonly kind: 'known' }
  | { readonly kind: 'head-moved'; readonly seq: number }
  | { readonly kind: 'content-missing'; readonly ids: readonly BodyId[] }
  /** A record or page gives a chunk another length than it has. */
  | { readonly kind: 'length-wrong'; readonly id: BodyId }
  | { readonly kind: 'quota-exceeded' };
