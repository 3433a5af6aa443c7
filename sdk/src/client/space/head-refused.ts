import { IntegrityError, type Bytes, type CommitId } from '@coffer/protocol/core';

/** A head as its device signed it: evidence, whoever shows it. */
export interface SignedHead {
  readonly seq: number;
  readonly id: CommitId;
  readonly era: number;
  readonly header: Bytes;
  readonly signature: Bytes;
}

/**
 * The server offers a head that does not descend from the one pinned here (protocol §4, Freshness).
 * Nothing was applied. The two signed heads together prove what happened.
 */
export class HeadRefused extends IntegrityError {
  readonly pinned: SignedHead;
  readonly offered: SignedHead;
  constructor(code: 'head-rolled-back' | 'head-forked', pinned: SignedHead, offered: SignedHead) {
    super(code, `seq ${offered.seq} of era ${offered.era} does not descend from ${pinned.seq}`);
    this.pinned = pinned;
    this.offered = offered;
  }

  /** The server says itself that it was restored from a backup: a person may accept its head. */
  get isDeclaredRestore(): boolean {
    return this.offered.era > this.pinned.era;
  }
}
