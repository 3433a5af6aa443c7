/** Records that stand in a state, by a proof of it: those that were asked for, and no others. */
import type { ProofAnswer } from '@coffer/protocol/api';
import {
  bytesToHex,
  FormatError,
  IntegrityError,
  type Bytes,
  type Digest,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { VerifySuite } from '@coffer/protocol/crypto';
import {
  childrenRange,
  decodeRecord,
  type CommitHeader,
  type ProofRequest,
  type SpaceStateRecord,
  type TreeKey,
  type VerifiedProof,
} from '@coffer/protocol/model';
import { malformed } from '../space/commit-judge.ts';

export class ProvenRows {
  /** Seq of the head whose state they stand in. */
  readonly seq: number;
  readonly #suite: VerifySuite;
  readonly #space: SpaceId;
  /** Digests of all that was asked for, ascending by key; null where there is proven to be nothing. */
  readonly #wanted: ReadonlyMap<TreeKey, Digest | null>;
  readonly #records = new Map<TreeKey, SpaceStateRecord>();

  /** IntegrityError `proof-invalid` when `proof` does not show all of `request`. */
  constructor(
    suite: VerifySuite,
    { space, seq }: Pick<CommitHeader, 'space' | 'seq'>,
    proof: VerifiedProof,
    request: ProofRequest,
  ) {
    this.seq = seq;
    this.#suite = suite;
    this.#space = space;
    const wanted = new Map<TreeKey, Digest | null>();
    for (const key of request.keys) wanted.set(key, proof.recordDigest(key));
    for (const parent of request.listings) {
      for (const [key, digest] of proof.listing(parent)) wanted.set(key, digest);
    }
    this.#wanted = new Map([...wanted].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Takes rows over; what does not match the proof is an IntegrityError. */
  take(rows: ProofAnswer['rows']): void {
    for (const [key, bytes] of rows) {
      const digest = this.#wanted.get(key);
      if (digest === undefined) throw malformed('the server sent a record nobody asked for');
      if (bytes === null ? digest !== null : digest !== this.#digestOf(bytes)) {
        throw new IntegrityError('proof-invalid', 'a record is not the one in the state');
      }
      if (bytes !== null) this.#records.set(key, this.#decode(key, bytes));
    }
  }

  /** Whether `rows`, of an answer about another head perhaps, are still those of this state. */
  areOfThisState(rows: ProofAnswer['rows']): boolean {
    return rows.every(([key, bytes]) => {
      const digest = this.#wanted.get(key);
      return digest === undefined || (bytes === null ? null : this.#digestOf(bytes)) === digest;
    });
  }

  /** Keys of records that the proof shows and that have not come yet. */
  missing(): readonly TreeKey[] {
    const isMissing = ([key, digest]: readonly [TreeKey, Digest | null]): boolean =>
      digest !== null && !this.#records.has(key);
    return [...this.#wanted].filter(isMissing).map(([key]) => key);
  }

  /** The record under a key that was asked for; undefined where there is none. */
  record(key: TreeKey): SpaceStateRecord | undefined {
    return this.#records.get(key);
  }

  /** All records below a parent whose listing was asked for, ascending by key. */
  below(parent: NodeId): readonly SpaceStateRecord[] {
    const [from, to] = childrenRange(parent);
    const found: SpaceStateRecord[] = [];
    for (const key of this.#wanted.keys()) {
      const record = key >= from && key <= to ? this.#records.get(key) : undefined;
      if (record !== undefined) found.push(record);
    }
    return found;
  }

  #digestOf(bytes: Bytes): string {
    return bytesToHex(this.#suite.sha256(bytes));
  }

  #decode(key: TreeKey, bytes: Bytes): SpaceStateRecord {
    let record: SpaceStateRecord;
    try {
      record = decodeRecord(key, bytes);
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw new IntegrityError('malformed', 'a record of the state is malformed', { cause });
    }
    if (record.space !== this.#space) throw malformed('a record belongs to another space');
    return record;
  }
}
