import { IntegrityError, type SpaceId } from '@coffer/protocol/core';
import type { HeadEvidence, SignedHead } from '../../ports/index.ts';

/**
 * The server offers a head that does not descend from the one pinned here (protocol §4, Freshness).
 * Nothing was applied. A device of the space signed either head: together they prove what happened.
 */
export class HeadRefused extends IntegrityError {
  readonly space: SpaceId;
  readonly pinned: SignedHead;
  readonly offered: SignedHead;
  constructor(
    code: 'head-rolled-back' | 'head-forked',
    heads: HeadEvidence & {
      /** Where both are kept for people. */
      readonly keptAt?: string | undefined;
    },
  ) {
    super(code, messageFor(code, heads));
    this.space = heads.space;
    this.pinned = heads.pinned;
    this.offered = heads.offered;
  }

  /** The server says itself that it was restored from a backup: a person may accept its head. */
  get isDeclaredRestore(): boolean {
    return this.offered.era > this.pinned.era;
  }
}

function messageFor(
  code: string,
  {
    pinned,
    offered,
    keptAt,
  }: {
    readonly pinned: SignedHead;
    readonly offered: SignedHead;
    readonly keptAt?: string | undefined;
  },
): string {
  const seen = `this device had seen commit ${pinned.seq} (${pinned.id.slice(0, 8)})`;
  const shown = `commit ${offered.seq} (${offered.id.slice(0, 8)})`;
  const proof = keptAt === undefined ? '' : `; both signed heads are in ${keptAt}`;
  if (offered.era > pinned.era) {
    return `the server says that it was restored from a backup (era ${offered.era}) and shows ${shown}, ${seen}${proof}`;
  }
  if (offered.era < pinned.era) {
    return `the server is back in era ${offered.era}, ${seen} in era ${pinned.era}${proof}`;
  }
  return code === 'head-forked'
    ? `the server shows another history with ${shown}, ${seen}${proof}`
    : `the server shows an older state, ${shown}, ${seen}${proof}`;
}
