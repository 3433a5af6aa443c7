/** A commit (protocol §4): one signed, ordered change of a space. */
import type { AccountId, Bytes, CommitId, DeviceId, Digest, SpaceId } from '../core/index.ts';
import type { TreeKey } from './records.ts';

export interface CommitHeader {
  readonly space: SpaceId;
  readonly seq: number;
  /** Id at seq − 1; ZERO_DIGEST at seq 1. */
  readonly prev: CommitId;
  /** Merkle root over the ids of seq 1 … seq − 1. */
  readonly past: Digest;
  /** Newest earlier commit that touches a space or member record; ZERO_DIGEST at seq 1. */
  readonly auth: CommitId;
  readonly account: AccountId;
  readonly device: DeviceId;
  /** Unix ms by the writer's clock; display only. */
  readonly time: number;
  /** H("changes", body). */
  readonly changes: Digest;
  /** Root of the state tree in the end state. */
  readonly root: Digest;
  readonly note: Bytes | null;
}

/** A commit as it travels and is stored: three byte strings. */
export interface SealedCommit {
  readonly header: Bytes;
  /** SIGN(device, "commit-sign", header). */
  readonly signature: Bytes;
  readonly body: Bytes;
}

/** One row of a body: the new record, or null where it is removed. Bodies ascend by key. */
export type RecordChange = readonly [key: TreeKey, record: Bytes | null];

/** What a writer and a verifier carry from one commit of a space to the next. */
export interface HeadState {
  readonly seq: number;
  readonly id: CommitId;
  /** Newest commit up to and including this one that touches a space or member record. */
  readonly auth: CommitId;
  readonly root: Digest;
  /** Roots of the perfect subtrees over all ids up to and including this one, largest first. */
  readonly edge: readonly Digest[];
}
