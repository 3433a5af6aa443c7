/** Makes signed commits (protocol §4). Whether the rules allow them is for `judgeCommit` to say. */
import {
  ZERO_DIGEST,
  type AccountId,
  type Bytes,
  type CommitId,
  type DeviceId,
  type SpaceId,
} from '../../core/index.ts';
import type { OpenSuite } from '../../crypto/index.ts';
import { sign } from '../../crypto/open/index.ts';
import { changesDigest, commitId, encodeBody, encodeHeader } from '../commit-codec.ts';
import type { CommitHeader, HeadState, RecordChange, SealedCommit } from '../commit.ts';
import { pastRoot } from '../past.ts';
import { headAfter } from '../rules/index.ts';
import type { StateChange, StateView } from '../state-view.ts';
import { planTreeUpdate } from '../tree.ts';

export interface CommitAuthor {
  readonly account: AccountId;
  readonly device: DeviceId;
  readonly deviceSeed: Bytes;
}

export interface CommitToCreate {
  readonly suite: OpenSuite;
  /** The space in the state at `head`. */
  readonly view: StateView;
  /** Undefined before seq 1. */
  readonly head: HeadState | undefined;
  readonly space: SpaceId;
  /** In any order; each key once. */
  readonly changes: readonly RecordChange[];
  readonly author: CommitAuthor;
  /** Unix ms by the writer's clock. */
  readonly time: number;
  /** From `sealNotes`, or null. */
  readonly note: Bytes | null;
}

export interface CreatedCommit {
  readonly commit: SealedCommit;
  readonly id: CommitId;
  readonly header: CommitHeader;
  readonly head: HeadState;
  readonly change: StateChange;
}

/** Throws FormatError for a key that stands twice and above the limits of §10. */
export function createCommit(input: CommitToCreate): CreatedCommit {
  const { suite, view, head, author } = input;
  const records = [...input.changes].sort(([a], [b]) => (a < b ? -1 : 1));
  const body = encodeBody(records);
  const { root, treeNodes } = planTreeUpdate(suite, view, records);
  const header: CommitHeader = {
    space: input.space,
    seq: (head?.seq ?? 0) + 1,
    prev: head?.id ?? (ZERO_DIGEST as string as CommitId),
    past: pastRoot(suite, head?.edge ?? []),
    auth: head?.auth ?? (ZERO_DIGEST as string as CommitId),
    account: author.account,
    device: author.device,
    time: input.time,
    changes: changesDigest(suite, body),
    root,
    note: input.note,
  };
  const encoded = encodeHeader(header);
  const id = commitId(suite, encoded);
  const signature = sign(suite, author.deviceSeed, 'commit-sign', encoded);
  return {
    commit: { header: encoded, signature, body },
    id,
    header,
    head: headAfter(suite, head, { header, id, records }),
    change: { records, treeNodes },
  };
}
