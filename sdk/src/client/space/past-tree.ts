/** A space as it was at an earlier moment, replayed from its commits up to there. */
import type { ListedCommit } from '@coffer/protocol/api';
import {
  FormatError,
  IntegrityError,
  type CommitId,
  type NodeId,
  ZERO_DIGEST,
} from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import {
  changesDigest,
  childrenRange,
  commitId,
  decodeBody,
  decodeRecord,
  MemoryState,
  type NodeRecord,
} from '@coffer/protocol/model';
import type { SignedHead } from '../../ports/index.ts';
import type { SpaceApi } from '../api/space-api.ts';
import type { NodeView, UnreadableNode } from '../space-changes.ts';
import { bodyMissing, malformed, parseHeader } from './commit-judge.ts';
import { NodeReader, type NodeReaderOptions, type NodeSource } from './node-reader.ts';

/** `seq`: after this commit. `time` (Unix ms): before the first commit that was made later. */
export type Moment = { readonly seq: number } | { readonly time: number };

export interface PastTreeOptions extends NodeReaderOptions {
  readonly suite: OpenSuite;
  readonly api: SpaceApi;
  /** The head that was verified here: what leads to it was judged before. */
  readonly head: SignedHead;
  /** How many of the commits up to the head were fetched. */
  readonly onFetched?: ((commits: number, of: number) => void) | undefined;
}

export class PastTree {
  /** Seq of the commit that left this state; 0 for a moment before the first one. */
  readonly seq: number;
  readonly #state: MemoryState;
  readonly #reader: NodeReader;
  readonly #source: NodeSource = { node: (id) => this.#record(id) };

  private constructor(seq: number, state: MemoryState, options: NodeReaderOptions) {
    this.seq = seq;
    this.#state = state;
    this.#reader = new NodeReader(options);
  }

  /**
   * Fetches every commit of the space and holds their chain against the verified head: a whole history
   * travels. Times are those of the devices that wrote. IntegrityError when the chain is another one, or
   * `data-missing` when the server has no body of a commit any more.
   */
  static async replay(
    options: PastTreeOptions,
    moment: Moment,
    signal: AbortSignal,
  ): Promise<PastTree> {
    const { api, head } = options;
    const replay = new Replay(options.suite, moment);
    while (replay.seq < head.seq) {
      const { commits } = await api.commits(replay.seq + 1, signal);
      if (commits.length === 0) throw malformed('the server holds back commits that it had');
      for (const commit of commits) {
        if (replay.seq < head.seq) replay.take(commit);
      }
      options.onFetched?.(replay.seq, head.seq);
    }
    if (replay.id !== head.id) throw new IntegrityError('head-forked', 'the commits are others');
    return new PastTree(replay.stoppedAt ?? replay.seq, replay.state, options);
  }

  node(id: NodeId): NodeView | UnreadableNode | undefined {
    const record = this.#record(id);
    return record && this.#reader.view(record, this.#source);
  }

  children(parent: NodeId): readonly (NodeView | UnreadableNode)[] {
    const nodes: (NodeView | UnreadableNode)[] = [];
    for (const [key, bytes] of this.#state.listRecords(...childrenRange(parent))) {
      const record = decodeRecord(key, bytes);
      if (record.type === 'node') nodes.push(this.#reader.view(record, this.#source));
    }
    return nodes;
  }

  #record(id: NodeId): NodeRecord | undefined {
    const key = this.#state.findNode(id);
    const bytes = key === undefined ? undefined : this.#state.getRecord(key);
    const record = key === undefined || bytes === undefined ? undefined : decodeRecord(key, bytes);
    return record?.type === 'node' ? record : undefined;
  }
}

/** Commits in order; their changes are applied up to the moment, their chain is followed to the end. */
class Replay {
  readonly state = new MemoryState();
  seq = 0;
  id = ZERO_DIGEST as string as CommitId;
  /** Seq of the last commit that was applied, once a later one came. */
  stoppedAt: number | undefined;
  readonly #suite: OpenSuite;
  readonly #moment: Moment;

  constructor(suite: OpenSuite, moment: Moment) {
    this.#suite = suite;
    this.#moment = moment;
  }

  take({ header: encoded, body }: ListedCommit): void {
    const header = parseHeader(encoded);
    if (header.seq !== this.seq + 1 || header.prev !== this.id) {
      throw malformed('the server leaves out or changes commits');
    }
    const isLater =
      'seq' in this.#moment ? header.seq > this.#moment.seq : header.time > this.#moment.time;
    if (isLater) this.stoppedAt ??= this.seq;
    if (this.stoppedAt === undefined) {
      if (body === null) throw bodyMissing();
      if (changesDigest(this.#suite, body) !== header.changes) {
        throw new IntegrityError('digest-mismatch', 'the body of a commit is another one');
      }
      this.state.apply({ records: rowsOf(body), treeNodes: [] });
    }
    this.seq = header.seq;
    this.id = commitId(this.#suite, encoded);
  }
}

function rowsOf(body: Uint8Array): ReturnType<typeof decodeBody> {
  try {
    return decodeBody(body);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', 'the body of a commit is malformed', { cause });
  }
}
