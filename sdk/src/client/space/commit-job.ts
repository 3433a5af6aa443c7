/** One call of `commit`: which of its changes are still to be made, and what became of the others. */
import { Defect, equalBytes, type Bytes, type CommitId, type NodeId } from '@coffer/protocol/core';
import type { StateChange, StateView } from '@coffer/protocol/model';
import type { ChangeOutcome, SpaceChange, StaleReason } from '../space-changes.ts';

export class CommitJob {
  readonly changes: readonly SpaceChange[];
  readonly #outcomes: (ChangeOutcome | undefined)[];
  /** Records of the touched nodes as the caller saw them, then as our own commits left them. */
  readonly #seen = new Map<NodeId, Bytes | undefined>();
  /** Revisions of a node that stand for the one that the caller saw: our own commits made them. */
  readonly #ownRevisions = new Map<NodeId, Set<number>>();
  /** The head of the state that `#seen` is of: on it nothing is stale. Undefined after news of others. */
  #seenAt: CommitId | undefined;

  /** `view` at `head` is read at once: whatever changes after this call is news to the caller. */
  constructor(changes: readonly SpaceChange[], view: StateView, head: CommitId | undefined) {
    this.changes = changes;
    this.#seenAt = head;
    this.#outcomes = changes.map(() => undefined);
    for (const { op, id } of changes) {
      // A node that is to be made was not seen; one that is there all the same is found when it is made.
      const isMade = op === 'make-folder' || op === 'make-file' || op === 'make-symlink';
      if (!this.#seen.has(id)) this.#seen.set(id, isMade ? undefined : recordOf(view, id));
    }
  }

  changeAt(index: number): SpaceChange {
    const change = this.changes[index];
    if (change === undefined) throw new Defect('a job names its own changes');
    return change;
  }

  /** Indexes of the changes without an outcome, in their order. */
  pending(): readonly number[] {
    return this.#outcomes.flatMap((outcome, i) => (outcome === undefined ? [i] : []));
  }

  outcomes(): readonly ChangeOutcome[] {
    return this.#outcomes.map((outcome) => outcome ?? { kind: 'stale', why: 'node-changed' });
  }

  settle(index: number, outcome: ChangeOutcome): void {
    this.#outcomes[index] = outcome;
  }

  /** Why `change` may not be made on the state at `head`: its node is not what the caller saw. */
  staleness(
    change: SpaceChange,
    view: StateView,
    head: CommitId | undefined,
  ): StaleReason | undefined {
    if (head !== undefined && head === this.#seenAt) return undefined;
    const seen = this.#seen.get(change.id);
    const current = recordOf(view, change.id);
    if (seen === undefined) return current === undefined ? undefined : 'node-changed';
    if (current === undefined) return change.op === 'purge' ? undefined : 'node-gone';
    return equalBytes(seen, current) ? undefined : 'node-changed';
  }

  isOwnRevision(id: NodeId, rev: number): boolean {
    return this.#ownRevisions.get(id)?.has(rev) === true;
  }

  noteRevision(id: NodeId, rev: number): void {
    this.#ownRevisions.set(id, (this.#ownRevisions.get(id) ?? new Set()).add(rev));
  }

  /** What our commit `id` left, made right after `before`, is what the caller's later changes build on. */
  noteCommitted({ records }: StateChange, before: CommitId | undefined, id: CommitId): void {
    this.#seenAt = this.#seenAt === before ? id : undefined;
    // A node that moved is removed under one key and there under another, in any order.
    for (const isThere of [false, true]) {
      for (const [key, record] of records) {
        const id = key.slice(32) as NodeId;
        if ((record !== null) === isThere && this.#seen.has(id))
          this.#seen.set(id, record ?? undefined);
      }
    }
  }
}

function recordOf(view: StateView, id: NodeId): Bytes | undefined {
  const key = view.findNode(id);
  return key === undefined ? undefined : view.getRecord(key);
}
