/**
 * Deletions of one pair as runs (engine §7): rounds less than a minute apart are judged together, and
 * none is carried out before no further one has come for a while.
 */
import { DELETION_QUIET_MS, DELETION_RUN_GAP_MS, DELETION_WAIT_MS_MAX } from './limits.ts';
import type { Operation } from './planner/operations.ts';
import type { OperationId } from './planner/types.ts';

export class DeletionRun {
  readonly #now: () => number;
  #seen = new Set<OperationId>();
  #firstMs = 0;
  #lastMs = 0;
  #executed = { local: 0, remote: 0 };
  #executedAtMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Tells what a plan wants deleted. */
  planned(operations: readonly Operation[]): void {
    const ids = operations
      .filter(({ kind }) => kind === 'local-recycle' || kind === 'remote-trash')
      .map(({ id }) => id);
    if (ids.some((id) => !this.#seen.has(id))) {
      this.#lastMs = this.#now();
      if (this.#seen.size === 0) this.#firstMs = this.#lastMs;
    }
    this.#seen = new Set(ids);
  }

  /** True once no further deletion came for 3 s, or the first one waits for a minute. */
  mayRun(): boolean {
    return this.#now() >= this.dueAt();
  }

  /** Unix ms from which what was planned may run. */
  dueAt(): number {
    return Math.min(this.#lastMs + DELETION_QUIET_MS, this.#firstMs + DELETION_WAIT_MS_MAX);
  }

  isWaiting(): boolean {
    return this.#seen.size > 0;
  }

  executed(nodes: { readonly local: number; readonly remote: number }): void {
    if (nodes.local + nodes.remote === 0) return;
    const before = this.inRun();
    this.#executed = { local: before.local + nodes.local, remote: before.remote + nodes.remote };
    this.#executedAtMs = this.#now();
  }

  /** Nodes whose deletion this run has already carried out. */
  inRun(): { readonly local: number; readonly remote: number } {
    const isOver = this.#now() - this.#executedAtMs > DELETION_RUN_GAP_MS;
    return isOver ? { local: 0, remote: 0 } : this.#executed;
  }
}
