/**
 * The remote operations of one wave: contents are sent in any order, changes are queued as soon as
 * everything they come after is queued, and commits take what is in the queue (engine §6).
 */
import type { ChangeOutcome, SpaceChange } from '@coffer/sdk';
import { COMMIT_CHANGES_FLUSH, COMMIT_GATHER_MS } from '../limits.ts';
import type { RemotePlace } from '../planner/operations.ts';
import type { OperationId } from '../planner/types.ts';
import { LOST, SKIPPED, type OperationOutcome } from './outcome.ts';
import { agreeOnSent, sentChangesOf } from './own-commits.ts';
import {
  needsContent,
  prepareChange,
  prepareStaging,
  settleChange,
  type PreparedChange,
  type RemoteOperation,
} from './remote-effects.ts';
import type { ExecutionRun } from './run.ts';
import { sendContents, settleAll, type Sent } from './uploads.ts';

type State = 'waiting' | 'queued' | 'failed';

export class RemoteLane {
  readonly #run: ExecutionRun;
  readonly #operations: readonly RemoteOperation[];
  readonly #signal: AbortSignal;
  readonly #byId = new Map<OperationId, RemoteOperation>();
  readonly #state = new Map<OperationId, State>();
  readonly #sent = new Map<OperationId, Sent>();
  readonly #open = new Map<OperationId, number>();
  readonly #dependents = new Map<OperationId, RemoteOperation[]>();
  #queue: PreparedChange[] = [];
  #waiting: (() => void)[] = [];
  #sending = true;
  readonly #allSent = Promise.withResolvers<undefined>();

  /** `operations` in an order that respects `after`. */
  constructor(run: ExecutionRun, operations: readonly RemoteOperation[], signal: AbortSignal) {
    this.#run = run;
    this.#operations = operations;
    this.#signal = signal;
    for (const operation of operations) this.#byId.set(operation.id, operation);
    for (const operation of operations) {
      const before = operation.after.filter((id) => {
        const other = this.#byId.get(id);
        return other !== undefined && !isStaged(other);
      });
      this.#open.set(operation.id, before.length);
      this.#state.set(operation.id, 'waiting');
      for (const id of before) {
        const list = this.#dependents.get(id) ?? [];
        list.push(operation);
        this.#dependents.set(id, list);
      }
    }
  }

  /** Rejects with an outage or an integrity failure; what was not sent then is settled as skipped. */
  async run(): Promise<void> {
    for (const operation of this.#operations) if (isStaged(operation)) this.#stage(operation);
    for (const operation of this.#operations) this.#advance(operation);
    try {
      await settleAll([this.#send(), this.#commit()]);
    } finally {
      for (const operation of this.#operations) {
        if (!this.#run.outcomes.has(operation.id)) this.#run.settle(operation, SKIPPED);
      }
    }
  }

  async #send(): Promise<void> {
    const listener = {
      sent: (operation: RemoteOperation, sent: Sent): void => {
        this.#sent.set(operation.id, sent);
        this.#advance(operation);
        this.#wake();
      },
      failed: (operation: RemoteOperation, outcome: OperationOutcome): void => {
        this.#fail(operation, outcome);
        this.#wake();
      },
    };
    const operations = this.#operations.filter(needsContent);
    try {
      await sendContents(this.#run, operations, listener, this.#signal);
    } finally {
      this.#sending = false;
      this.#allSent.resolve(undefined);
      this.#wake();
    }
  }

  #stage(operation: RemotePlace): void {
    const prepared = prepareStaging(this.#run, operation);
    if (prepared === undefined) this.#fail(operation, LOST);
    else this.#queue.push(prepared);
  }

  /** Queues the operation if it is its turn, then what waited for it. */
  #advance(first: RemoteOperation): void {
    const open = [first];
    for (let operation = open.pop(); operation !== undefined; operation = open.pop()) {
      if (this.#state.get(operation.id) !== 'waiting') continue;
      if ((this.#open.get(operation.id) ?? 0) > 0) continue;
      const sent = this.#sent.get(operation.id) ?? null;
      if (sent === null && needsContent(operation)) continue;
      const prepared = prepareChange(this.#run, operation, sent);
      if (prepared === undefined) {
        this.#fail(operation, LOST);
        continue;
      }
      this.#state.set(operation.id, 'queued');
      this.#queue.push(prepared);
      const next = this.#dependents.get(operation.id) ?? [];
      for (const dependent of next) {
        this.#open.set(dependent.id, (this.#open.get(dependent.id) ?? 1) - 1);
      }
      open.push(...next.toReversed());
    }
  }

  #fail(operation: RemoteOperation, outcome: OperationOutcome): void {
    if (this.#state.get(operation.id) === 'failed') return;
    this.#state.set(operation.id, 'failed');
    this.#run.settle(operation, outcome);
    for (const dependent of this.#dependents.get(operation.id) ?? []) {
      this.#fail(dependent, SKIPPED);
    }
  }

  async #commit(): Promise<void> {
    for (;;) {
      this.#signal.throwIfAborted();
      if (
        this.#queue.length > 0 &&
        (!this.#sending || this.#queue.length >= COMMIT_CHANGES_FLUSH)
      ) {
        await this.#flush();
      } else if (this.#queue.length > 0) {
        await this.#pause();
        await this.#flush();
      } else if (this.#sending) {
        await this.#woken();
      } else {
        return;
      }
    }
  }

  /** Contents are still under way: more changes may join this commit. */
  async #pause(): Promise<void> {
    await Promise.race([
      this.#run.options.clock.sleep(COMMIT_GATHER_MS, this.#signal),
      this.#allSent.promise,
    ]);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#queue.splice(0, COMMIT_CHANGES_FLUSH);
    const changes: SpaceChange[] = [];
    const ends: number[] = [];
    for (const prepared of batch) {
      changes.push(...prepared.changes);
      ends.push(changes.length);
    }
    const { space, applied, trees } = this.#run.options;
    const sent = sentChangesOf(trees, batch);
    const commit = commitIdOf(batch, this.#run.now());
    trees.sent.put(commit, sent, this.#run.now());
    let outcomes: readonly ChangeOutcome[];
    try {
      outcomes = await space.commit(changes, this.#signal, applied);
    } catch (error) {
      trees.sent.leaveUnanswered(commit);
      throw error;
    }
    trees.db.transaction(() => {
      let from = 0;
      for (const [index, prepared] of batch.entries()) {
        const to = ends[index] ?? from;
        settleChange(this.#run, prepared, outcomes.slice(from, to));
        from = to;
      }
      // An own commit without an answer may be why a change came too late: then it was made.
      const isMade = outcomes.every(({ kind }) => kind === 'done');
      if (!isMade) for (const change of sent) agreeOnSent(trees, change);
      trees.sent.remove(commit);
    });
    // What was just done took a while: others have their turn before the next commit is made.
    await this.#run.options.clock.sleep(0);
  }
}

/** The same operation may be planned again when a commit had no answer. */
function commitIdOf([first]: readonly PreparedChange[], nowMs: number): OperationId {
  return `commit ${nowMs} ${first?.operation.id ?? ''}` as OperationId;
}

function isStaged(operation: RemoteOperation): operation is RemotePlace {
  return operation.kind === 'remote-place' && operation.viaStaging;
}
