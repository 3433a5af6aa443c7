/**
 * A round in parts: each plan takes some of what is dirty, and the round ends once everything that was
 * dirty when its first part was planned was looked at. What only waits is marked again in each part, and
 * is for the next round.
 */
import type { PendingWork } from './engine-pending.ts';
import type { DirtyReading, DirtySet, NewFiles } from './trees/index.ts';

/** What a part, or the round that it ended, came to. */
export interface PartEnd {
  /** False when the whole round found nothing that could be done now. */
  readonly progressed: boolean;
  /** Another part of the same round is due. */
  readonly hasMore: boolean;
}

export class RoundParts {
  readonly #dirty: DirtySet;
  /** Of the round that is under way; its first part's mark. */
  #round: { readonly mark: number; readonly progressed: boolean } | undefined;
  /** New files that wait to go up with this part and later ones; undefined where one plan takes all. */
  #backlog: NewFiles | undefined;

  constructor(dirty: DirtySet) {
    this.#dirty = dirty;
  }

  /** The work of a part that was planned, with what later parts will send where `sends` says so. */
  planned(work: PendingWork, sends: boolean): PendingWork {
    if (this.#round === undefined) this.#backlog = sends ? this.#dirty.newFiles() : undefined;
    const { count, bytes } = this.#backlog ?? { count: 0, bytes: 0 };
    if (count <= work.uploads) return work;
    return { ...work, uploads: count, uploadBytes: Math.max(work.uploadBytes, bytes) };
  }

  ended({ mark }: DirtyReading, didSomething: boolean, work: PendingWork): PartEnd {
    const first = this.#round?.mark ?? mark;
    const progressed = didSomething || this.#round?.progressed === true;
    const hasMore = this.#dirty.hasOlder(first);
    this.#round = hasMore ? { mark: first, progressed } : undefined;
    if (this.#backlog !== undefined) {
      const { count, bytes } = this.#backlog;
      this.#backlog = {
        count: Math.max(0, count - work.uploads),
        bytes: Math.max(0, bytes - work.uploadBytes),
      };
    }
    return { progressed: progressed || hasMore, hasMore };
  }
}
