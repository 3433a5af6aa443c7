/**
 * Carries out the operations of one plan: what the disk alone needs at once, contents and commits as
 * they become possible, deletions last. Whatever fails leaves trees from which the next plan is right.
 */
import type { NodeId } from '@coffer/protocol/core';
import type { LocalDownload, LocalPlace, Operation } from '../planner/operations.ts';
import type { OperationId } from '../planner/types.ts';
import { SLICE_MS } from '../limits.ts';
import { agreeOnBind, agreeOnFolder } from './agreement.ts';
import { runDownloads } from './downloads.ts';
import { makeLocalFolder, setAside, setLocalMeta } from './local-effects.ts';
import { placeLocal, placeStaged, stageMove, unstage, type StagedMove } from './local-moves.ts';
import { PreconditionLost, recycleLocal } from './local-recycle.ts';
import { DONE, LOST, outcomeOfLocalFault, SKIPPED, type OperationOutcome } from './outcome.ts';
import { isRemoteOperation, type RemoteOperation } from './remote-effects.ts';
import { RemoteLane } from './remote-lane.ts';
import { ExecutionRun, type ExecutionCounts, type ExecutorOptions } from './run.ts';
import { settleAll } from './uploads.ts';

/**
 * Settles when nothing more can be done. Rejects with the signal's reason, an outage of the server or
 * an integrity failure, after everything that was begun is settled.
 */
export async function execute(
  operations: readonly Operation[],
  options: ExecutorOptions,
  signal: AbortSignal,
): Promise<ExecutionCounts> {
  const executor = new Executor(operations, options, signal);
  return executor.run();
}

class Executor {
  readonly #run: ExecutionRun;
  readonly #signal: AbortSignal;
  #waiting: Operation[];
  /** Operations whose dependents may go on: done, or out of the slot that they had. */
  readonly #released = new Set<OperationId>();
  readonly #planned: ReadonlySet<OperationId>;
  #staged: StagedMove[] = [];

  constructor(operations: readonly Operation[], options: ExecutorOptions, signal: AbortSignal) {
    this.#run = new ExecutionRun(options);
    this.#signal = signal;
    this.#waiting = [...operations];
    this.#planned = new Set(operations.map(({ id }) => id));
  }

  async run(): Promise<ExecutionCounts> {
    try {
      this.#dropNotDue();
      this.#stageMoves();
      for (;;) {
        await this.#runLocal();
        const remote = this.#takeRemote();
        const downloads = this.#takeReady(isDownload);
        if (remote.length === 0 && downloads.length === 0) break;
        await this.#runWave(remote, downloads);
      }
      return this.#run.counts;
    } finally {
      this.#finish();
      await this.#run.flush();
    }
  }

  async #runWave(
    remote: readonly RemoteOperation[],
    downloads: readonly LocalDownload[],
  ): Promise<void> {
    const tasks: Promise<void>[] = [];
    if (remote.length > 0) tasks.push(new RemoteLane(this.#run, remote, this.#signal).run());
    if (downloads.length > 0) tasks.push(runDownloads(this.#run, downloads, this.#signal));
    try {
      await settleAll(tasks);
    } finally {
      for (const operation of [...remote, ...downloads]) {
        if (!this.#run.outcomes.has(operation.id)) this.#run.settle(operation, SKIPPED);
        this.#release(operation);
      }
    }
  }

  #dropNotDue(): void {
    for (const operation of this.#waiting) {
      const waits = isDeletion(operation) && !this.#run.options.deletionsMayRun;
      if (!waits && this.#run.isDue(operation)) continue;
      if (isViaStaging(operation)) this.#run.leftBehind.add(operation.local);
      this.#run.settle(operation, SKIPPED);
    }
    this.#waiting = this.#waiting.filter(({ id }) => !this.#run.outcomes.has(id));
  }

  /** Entries that break a cycle leave their slots at once. */
  #stageMoves(): void {
    for (const operation of this.#waiting) {
      if (!isViaStaging(operation)) continue;
      const move = this.#attempt(() => {
        const staged = this.#run.sawHolds(operation) ? stageMove(this.#run, operation) : undefined;
        if (staged === undefined) return LOST;
        this.#staged.push(staged);
        this.#released.add(operation.id);
        return DONE;
      });
      if (move.kind === 'done') continue;
      this.#run.leftBehind.add(operation.local);
      this.#run.settle(operation, move);
    }
    const staged = new Set(this.#staged.map(({ operation }) => operation.id));
    this.#waiting = this.#waiting.filter(
      ({ id }) => !staged.has(id) && !this.#run.outcomes.has(id),
    );
  }

  /** Everything that the disk and the database alone can do now; deletions when nothing else is left. */
  async #runLocal(): Promise<void> {
    const { clock } = this.#run.options;
    let sliceEnd = clock.now() + SLICE_MS;
    for (;;) {
      const ready = this.#takeReady(isImmediate);
      const batch = ready.length > 0 ? ready : this.#takeReady(isLocalRecycle);
      if (batch.length === 0 && !this.#placeStaged()) {
        await this.#run.flush();
        return;
      }
      for (const operation of batch) {
        this.#signal.throwIfAborted();
        this.#perform(operation);
        this.#release(operation);
        if (clock.now() >= sliceEnd) {
          await this.#run.flush();
          await clock.sleep(0, this.#signal);
          sliceEnd = clock.now() + SLICE_MS;
        }
      }
    }
  }

  #perform(operation: Operation): void {
    const outcome = this.#attempt(() => {
      if (!this.#run.sawHolds(operation)) return LOST;
      return perform(this.#run, operation);
    });
    if (!this.#run.outcomes.has(operation.id)) this.#run.settle(operation, outcome);
  }

  #attempt(action: () => OperationOutcome): OperationOutcome {
    try {
      return action();
    } catch (error) {
      if (error instanceof PreconditionLost) return LOST;
      return outcomeOfLocalFault(error, 'write');
    }
  }

  #placeStaged(): boolean {
    const before = this.#staged.length;
    this.#staged = this.#staged.filter((move) => {
      const mayGo = move.operation.after.every((id) => this.#isReleased(id));
      return !(mayGo && placeStaged(this.#run, move));
    });
    return this.#staged.length < before;
  }

  /** Operations of one sort whose turn it is; those after a failed one are settled as skipped. */
  #takeReady<T extends Operation>(isWanted: (operation: Operation) => operation is T): T[] {
    const taken: T[] = [];
    const kept: Operation[] = [];
    for (const operation of this.#waiting) {
      if (this.#isBlocked(operation)) this.#run.settle(operation, SKIPPED);
      else if (isWanted(operation) && this.#isReady(operation)) taken.push(operation);
      else kept.push(operation);
    }
    this.#waiting = kept;
    return taken;
  }

  /** Remote operations that wait for nothing but each other, in an order that respects `after`. */
  #takeRemote(): readonly RemoteOperation[] {
    const taken: RemoteOperation[] = [];
    // A node that breaks a cycle leaves its slot first: nothing waits for it.
    const ids = new Set(this.#waiting.filter(isStagedRemote).map(({ id }) => id));
    let found = true;
    while (found) {
      found = false;
      const kept: Operation[] = [];
      for (const operation of this.#waiting) {
        const ready = operation.after.every((id) => this.#isReleased(id) || ids.has(id));
        if (isRemoteOperation(operation) && ready && !this.#isBlocked(operation)) {
          taken.push(operation);
          ids.add(operation.id);
          found = true;
        } else {
          kept.push(operation);
        }
      }
      this.#waiting = kept;
    }
    return taken;
  }

  #isReady(operation: Operation): boolean {
    return operation.after.every((id) => this.#isReleased(id));
  }

  #isReleased(id: OperationId): boolean {
    return this.#released.has(id) || !this.#planned.has(id);
  }

  #isBlocked(operation: Operation): boolean {
    return operation.after.some((id) => {
      const outcome = this.#run.outcomes.get(id);
      return outcome !== undefined && outcome.kind !== 'done';
    });
  }

  #release(operation: Operation): void {
    if (this.#run.outcomes.get(operation.id)?.kind === 'done') this.#released.add(operation.id);
  }

  #finish(): void {
    for (const move of this.#staged) unstage(this.#run, move);
    for (const operation of this.#waiting) this.#run.settle(operation, SKIPPED);
    this.#waiting = [];
    this.#run.recycle.writeIndex(this.#run.options.trees.recycled.ofBatch(this.#run.recycle.id));
  }
}

function perform(run: ExecutionRun, operation: Operation): OperationOutcome {
  switch (operation.kind) {
    case 'bind':
      return bind(run, operation);
    case 'forget':
      return forget(run, operation.node);
    case 'local-make-folder':
      return makeLocalFolder(run, operation);
    case 'local-place':
      return placeLocal(run, operation);
    case 'local-set-meta':
      return setLocalMeta(run, operation);
    case 'local-recycle':
      return recycleLocal(run, operation);
    case 'local-set-aside':
      return setAside(run, operation);
    case 'local-download':
    case 'remote-make-folder':
    case 'remote-upload':
    case 'remote-place':
    case 'remote-set-meta':
    case 'remote-trash':
    case 'remote-restore':
      return SKIPPED;
  }
}

function bind(
  run: ExecutionRun,
  operation: Extract<Operation, { kind: 'bind' }>,
): OperationOutcome {
  const { pair, trees } = run.options;
  const remote = trees.remote.byId(operation.node);
  const row = trees.local.byId(operation.local);
  if (remote?.state !== 'live' || remote.rev !== operation.rev) return LOST;
  if (row === undefined || row.state === 'gone' || row.kind !== remote.kind) return LOST;
  const replaced = trees.base.byLocalId(row.id);
  const agreed = agreeOnBind(operation.agreement, { remote, row, replaced }, pair.caps);
  if (agreed === undefined) return LOST;
  trees.db.transaction(() => {
    if (row.kind === 'folder') agreeOnFolder(trees, agreed, operation.whole);
    else trees.base.put(agreed);
    if (row.state === 'hollow') trees.local.put({ ...row, state: 'seen' });
    run.settle(operation, DONE);
  });
  return DONE;
}

function forget(run: ExecutionRun, node: NodeId): OperationOutcome {
  const { base, local } = run.options.trees;
  const row = base.byId(node);
  const entry = row === undefined ? undefined : local.byId(row.localId);
  base.remove(node);
  // It may have left for a folder that is ignored: then its slot is free.
  if (entry?.state === 'detached') run.options.hint(entry.parent);
  return DONE;
}

function isStagedRemote(operation: Operation): boolean {
  return operation.kind === 'remote-place' && operation.viaStaging;
}

function isDownload(operation: Operation): operation is LocalDownload {
  return operation.kind === 'local-download';
}

function isLocalRecycle(operation: Operation): operation is Operation {
  return operation.kind === 'local-recycle';
}

function isViaStaging(operation: Operation): operation is LocalPlace {
  return operation.kind === 'local-place' && operation.viaStaging;
}

function isDeletion(operation: Operation): boolean {
  return operation.kind === 'local-recycle' || operation.kind === 'remote-trash';
}

function isImmediate(operation: Operation): operation is Operation {
  return !isDeletion(operation) && !isDownload(operation) && !isRemoteOperation(operation);
}
