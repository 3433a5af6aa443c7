/** Which downloads are staged, made durable and put in their slots together (engine §6). */
import type { NodeId } from '@coffer/protocol/core';
import { BARRIER_BYTES_MAX, BARRIER_FILES_MAX } from '../limits.ts';
import type { LocalDownload } from '../planner/operations.ts';
import type { LocalId } from '../planner/types.ts';
import { LOST, SKIPPED } from './outcome.ts';
import type { ExecutionRun } from './run.ts';

/**
 * The downloads that may start, in barriers: each is looked at when its own is filled, and settled
 * where it may not.
 */
export function* barriersOf(
  run: ExecutionRun,
  operations: readonly LocalDownload[],
): Generator<readonly LocalDownload[], void, undefined> {
  let batch: LocalDownload[] = [];
  let bytes = 0;
  for (const operation of byFolder(operations)) {
    const size = sizeToFetch(run, operation);
    if (size === undefined) continue;
    if (
      batch.length > 0 &&
      (batch.length >= BARRIER_FILES_MAX || bytes + size > BARRIER_BYTES_MAX)
    ) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(operation);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

/** Files of one folder together: every folder of a barrier is made durable, and theirs share packs. */
function byFolder(operations: readonly LocalDownload[]): readonly LocalDownload[] {
  const folders = new Map<LocalId | NodeId, LocalDownload[]>();
  for (const operation of operations) {
    const { parent } = operation;
    const folder = 'local' in parent ? parent.local : parent.madeFor;
    const inFolder = folders.get(folder);
    if (inFolder === undefined) folders.set(folder, [operation]);
    else inFolder.push(operation);
  }
  return [...folders.values()].flat();
}

/** Plain bytes that will come; undefined where it may not start. */
function sizeToFetch(run: ExecutionRun, operation: LocalDownload): number | undefined {
  const remote = run.options.trees.remote.byId(operation.node);
  if (remote?.rev !== operation.rev || remote.state !== 'live') {
    run.settle(operation, LOST);
    return undefined;
  }
  if (run.options.board.isHeld(operation.id, run.now())) {
    run.settle(operation, SKIPPED);
    return undefined;
  }
  return remote.size;
}
