/**
 * What a client sees that does not read all commits (protocol §4, Who verifies what): the signed head,
 * the authority commits that it does not know, its pin's place in the past, and the records that it
 * asks for with a proof against the head's root. All of it of one moment.
 */
import {
  decodeProofQuery,
  encodeProofAnswer,
  PROOF_COMMITS_SIZE_BYTES_MAX,
  PROOF_ROWS_MAX,
  PROOF_ROWS_SIZE_BYTES_MAX,
  type ProofQuery,
} from '@coffer/protocol/api';
import { FormatError, type Bytes, type CommitId, type SpaceId } from '@coffer/protocol/core';
import {
  childrenRange,
  decodeHeader,
  MEMBERS_PARENT,
  ProofWriter,
  SPACE_KEY,
  type HeadState,
  type ProofRequest,
  type RecordChange,
  type SealedCommit,
  type StateView,
  type TreeKey,
} from '@coffer/protocol/model';
import { Failure } from '../failure.ts';
import type { StoredHead } from '../stores/metadata-store.ts';
import type { Context } from './context.ts';
import { PastPaths } from './past-paths.ts';

/** Authority commits of one answer; each is looked for with some 20 reads of a header. */
const AUTHORITY_COMMITS_MAX = 256;
/** Nodes of a proof that are written at one go: some 10 ms. */
const NODES_PER_STEP = 2048;
/** Where others write all the time, the last try is made at one go. */
const TRIES_IN_STEPS = 4;

interface Shown {
  readonly signed: StoredHead;
  readonly proof: Bytes;
  readonly rows: readonly RecordChange[];
}

export class Proofs {
  readonly #context: Context;
  readonly #paths: PastPaths;

  constructor(context: Context) {
    this.#context = context;
    this.#paths = new PastPaths(context);
  }

  async prove(space: SpaceId, request: Bytes): Promise<Bytes> {
    const query = decodeProofQuery(request);
    const { signed, proof, rows } = await this.#show(space, query);
    const { era, state, header, signature } = signed;
    const isPast = query.pin > 0 && query.pin < state.seq;
    return encodeProofAnswer({
      era,
      serverTime: this.#context.clock.now(),
      header,
      signature,
      path: isPast ? await this.#paths.pathOf(space, state.seq - 1, query.pin) : [],
      authority: await this.#authorityAfter(space, state, query.authority),
      proof,
      rows,
    });
  }

  /** Head, proof and rows of one state, whatever is committed meanwhile. */
  async #show(space: SpaceId, query: ProofQuery): Promise<Shown> {
    for (let tries = 1; ; tries++) {
      const signed = await this.#context.store.getHead(space);
      if (signed === undefined) throw new Failure('not-found');
      const nodesPerStep = tries < TRIES_IN_STEPS ? NODES_PER_STEP : Infinity;
      const shown = await this.#showAt(space, signed, query, nodesPerStep);
      if (shown !== undefined) return { signed, ...shown };
    }
  }

  /** In steps, so that others do not wait for a large proof; undefined when the head moved meanwhile. */
  async #showAt(
    space: SpaceId,
    { state }: StoredHead,
    query: ProofQuery,
    nodesPerStep: number,
  ): Promise<Omit<Shown, 'signed'> | undefined> {
    const { store, suite } = this.#context;
    let proof: ProofWriter | undefined;
    for (;;) {
      const step = await store.readState(space, (head, view) => {
        if (head.id !== state.id) return 'moved';
        proof ??= new ProofWriter(suite, view, shownOf(query));
        if (!writeSome(proof, nodesPerStep)) return 'unfinished';
        return { proof: proof.bytes(), rows: rowsOf(view, query) };
      });
      if (step === undefined) throw new Failure('not-found');
      if (step === 'moved') return undefined;
      if (step !== 'unfinished') return step;
      await this.#turn();
    }
  }

  /** Lets others have theirs. */
  #turn(): Promise<void> {
    return new Promise(this.#context.schedule);
  }

  /**
   * Every header names the newest authority commit before it, and never an older one than the header
   * before: where the next one stands is found by halving.
   */
  async #authorityAfter(space: SpaceId, head: HeadState, known: number): Promise<SealedCommit[]> {
    const commits: SealedCommit[] = [];
    let sizeBytes = 0;
    for (let at = known; at < head.seq && commits.length < AUTHORITY_COMMITS_MAX;) {
      const before = await this.#authorityAt(space, head, at);
      if (before === head.auth) break;
      if (commits.length > 0) await this.#turn();
      let last = head.seq;
      for (let first = at + 1; first < last;) {
        const middle = Math.floor((first + last) / 2);
        if ((await this.#authorityAt(space, head, middle)) === before) first = middle + 1;
        else last = middle;
      }
      const commit = await this.#commitAt(space, last);
      sizeBytes += commits.length === 0 ? 0 : commit.body.length + commit.header.length;
      if (sizeBytes > PROOF_COMMITS_SIZE_BYTES_MAX) break;
      commits.push(commit);
      at = last;
    }
    return commits;
  }

  /** The newest authority commit once the commit at `seq` has been made. */
  async #authorityAt(space: SpaceId, head: HeadState, seq: number): Promise<CommitId> {
    if (seq === head.seq) return head.auth;
    const header = await this.#context.store.getCommitHeader(space, seq + 1);
    if (header === undefined) throw new Failure('not-found');
    return decodeHeader(header).auth;
  }

  async #commitAt(space: SpaceId, seq: number): Promise<SealedCommit> {
    const page = await this.#context.store.readCommits(space, seq, 0);
    const commit = page?.commits[0];
    if (commit === undefined || commit.body === null) throw new Failure('not-found');
    return { header: commit.header, signature: commit.signature, body: commit.body };
  }
}

/** What every answer shows besides: the space record and all members. */
function shownOf({ keys, listings }: ProofQuery): ProofRequest {
  return {
    keys: [SPACE_KEY, ...keys],
    listings: [MEMBERS_PARENT, ...listings],
  };
}

function writeSome(proof: ProofWriter, nodesMax: number): boolean {
  try {
    return proof.write(nodesMax);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new Failure('too-large', {}, { cause });
  }
}

/** The records that were asked for, each once, as many as one answer holds. */
function rowsOf(view: StateView, query: ProofQuery): readonly RecordChange[] {
  const rows = new Map<TreeKey, Bytes | null>();
  let sizeBytes = 0;
  for (const [key, record] of wantedRows(view, query)) {
    if (rows.has(key)) continue;
    sizeBytes += rows.size === 0 ? 0 : (record?.length ?? 0);
    if (rows.size >= PROOF_ROWS_MAX || sizeBytes > PROOF_ROWS_SIZE_BYTES_MAX) break;
    rows.set(key, record);
  }
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}

function* wantedRows(view: StateView, { keys, listings }: ProofQuery): Generator<RecordChange> {
  for (const key of keys) yield [key, view.getRecord(key) ?? null];
  for (const parent of new Set(listings)) yield* view.listRecords(...childrenRange(parent));
}
