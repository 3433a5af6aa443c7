/**
 * Deletions of one pair as runs (engine §7): rounds less than a minute apart are judged together, and
 * none is carried out before no further one has come for a while.
 */
import { DELETION_QUIET_MS, DELETION_RUN_GAP_MS, DELETION_WAIT_MS_MAX } from './limits.ts';
import type { Operation } from './planner/operations.ts';
import type { OperationId } from './planner/types.ts';

/** Numbers of nodes by the side that they are deleted on. */
export interface DeletedNodes {
  readonly local: number;
  readonly remote: number;
}

const NONE: DeletedNodes = { local: 0, remote: 0 };

export class DeletionRun {
  readonly #now: () => number;
  #seen = new Set<OperationId>();
  #firstMs = 0;
  #lastMs = 0;
  #executed = NONE;
  #held = NONE;
  #countedAtMs = Number.NEGATIVE_INFINITY;

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

  executed(nodes: DeletedNodes): void {
    if (nodes.local + nodes.remote === 0) return;
    this.#continueRun();
    this.#executed = sumOf(this.#executed, nodes);
  }

  /** Tells what a plan held back for a person. */
  held(nodes: DeletedNodes): void {
    if (nodes.local + nodes.remote === 0) return;
    this.#continueRun();
    this.#held = sumOf(this.#held, nodes);
  }

  /** A person decided on what was held: it is no question any more. */
  decided(): void {
    this.#held = NONE;
  }

  /** Nodes whose deletion this run has carried out or holds. */
  inRun(): { readonly executed: DeletedNodes; readonly held: DeletedNodes } {
    if (this.isOver()) return { executed: NONE, held: NONE };
    return { executed: this.#executed, held: this.#held };
  }

  isOver(): boolean {
    return this.#now() - this.#countedAtMs > DELETION_RUN_GAP_MS;
  }

  #continueRun(): void {
    if (this.isOver()) {
      this.#executed = NONE;
      this.#held = NONE;
    }
    this.#countedAtMs = this.#now();
  }
}

function sumOf(a: DeletedNodes, b: DeletedNodes): DeletedNodes {
  return { local: a.local + b.local, remote: a.remote + b.remote };
}
