/**
 * Contents come down: staged, verified, made durable together (a barrier), then put in their slots
 * without ever replacing anything (engine §6).
 */
import { IntegrityError, type Bytes } from '@coffer/protocol/core';
import type { FetchSink, NodeView } from '@coffer/sdk';
import { FREE_SPACE_BYTES_MIN, FREE_SPACE_SHARE_MIN, SYNCS_AT_ONCE_MAX } from '../limits.ts';
import type { LocalDownload } from '../planner/operations.ts';
import type { EntryStat, OpenFile } from '../ports/index.ts';
import { modeFor } from './agreement.ts';
import { barriersOf } from './download-barriers.ts';
import {
  isRemoteOutage,
  LOST,
  outcomeOfLocalFault,
  SKIPPED,
  stalled,
  type OperationOutcome,
} from './outcome.ts';
import { ensureStaging, stagedPath } from './own-folder.ts';
import { placeDownloads } from './place-downloads.ts';
import type { ExecutionRun } from './run.ts';

/** Mode of a file that nobody here has had before; others keep theirs. */
const NEW_FILE_MODE = 0o644;

/** A verified entry in staging; `file` is open until it is durable. */
export interface Staged {
  readonly operation: LocalDownload;
  readonly view: NodeView;
  /** Null for symbolic links: they have no bytes. */
  readonly staged: { readonly path: string; readonly stat: EntryStat } | null;
}

interface Incoming {
  readonly operation: LocalDownload;
  readonly path: string;
  view: NodeView | undefined;
  file: OpenFile | undefined;
  /** Set once the content is whole, or never will be. */
  result: EntryStat | OperationOutcome | undefined;
}

/** Runs downloads in barriers. Rejects with an outage or an integrity failure after settling what it can. */
export async function runDownloads(
  run: ExecutionRun,
  operations: readonly LocalDownload[],
  signal: AbortSignal,
): Promise<void> {
  for (const batch of barriersOf(run, operations)) {
    signal.throwIfAborted();
    const staged = await stage(run, batch, signal);
    await placeDownloads(run, staged);
  }
}

async function stage(
  run: ExecutionRun,
  operations: readonly LocalDownload[],
  signal: AbortSignal,
): Promise<readonly Staged[]> {
  const { fileSystem, pair, space } = run.options;
  ensureStaging(fileSystem, pair.localPath);
  const incoming = operations
    .filter((operation) => operation.entry === 'file' && hasRoomFor(run, operation))
    .map((operation) => ({
      operation,
      path: stagedPath(pair.localPath, operation.id),
      view: undefined,
      file: undefined,
      result: undefined,
    }));
  const failure = await fetchInto(run, incoming, signal);
  await makeDurable(incoming);
  const staged: Staged[] = [];
  for (const item of incoming) settleIncoming(run, item, failure, staged);
  for (const operation of operations) {
    if (operation.entry !== 'symlink') continue;
    const view = space.node(operation.node);
    if (view === undefined || 'unreadable' in view || view.rev !== operation.rev) {
      run.settle(operation, LOST);
    } else {
      staged.push({ operation, view, staged: null });
    }
  }
  if (failure !== undefined && staged.length === 0) throw failure.error;
  if (failure !== undefined) {
    await placeDownloads(run, staged);
    throw failure.error;
  }
  return staged;
}

function hasRoomFor(run: ExecutionRun, operation: LocalDownload): boolean {
  const { fileSystem, pair, trees } = run.options;
  const size = trees.remote.byId(operation.node)?.size ?? 0;
  const { free, total } = fileSystem.freeBytes(pair.localPath);
  if (free - size > Math.max(total * FREE_SPACE_SHARE_MIN, FREE_SPACE_BYTES_MIN)) return true;
  run.settle(operation, stalled('DiskFull', ''));
  return false;
}

async function fetchInto(
  run: ExecutionRun,
  incoming: readonly Incoming[],
  signal: AbortSignal,
): Promise<{ readonly error: unknown } | undefined> {
  if (incoming.length === 0) return undefined;
  const sink = new StagingSink(run, incoming);
  const requests = incoming.map(({ operation }) => ({ id: operation.node, rev: operation.rev }));
  try {
    await run.options.space.fetch(requests, sink, signal);
  } catch (error) {
    return { error };
  } finally {
    for (const { operation } of incoming) run.options.board.end(operation.id);
  }
  return sink.failure;
}

/** Writes what arrives into staging. A fault of one file leaves the others alone. */
class StagingSink implements FetchSink {
  failure: { readonly error: unknown } | undefined;
  readonly #run: ExecutionRun;
  readonly #incoming: readonly Incoming[];

  constructor(run: ExecutionRun, incoming: readonly Incoming[]) {
    this.#run = run;
    this.#incoming = incoming;
  }

  readonly begin = (index: number, view: NodeView): void => {
    this.#attempt(index, (item) => {
      const { fileSystem, board, pair } = this.#run.options;
      if (fileSystem.lstat(item.path) !== undefined) fileSystem.unlink(item.path);
      item.view = view;
      item.file = fileSystem.createFile(item.path);
      board.start({
        id: item.operation.id,
        pair: pair.id,
        path: item.operation.localName,
        direction: 'down',
        bytesTotal: view.size,
        startedMs: this.#run.now(),
      });
    });
  };

  readonly write = (index: number, plaintext: Bytes): void => {
    this.#attempt(index, (item) => {
      const { board } = this.#run.options;
      // Others of the same request go on: what still comes of this one is dropped.
      if (board.isHeld(item.operation.id, this.#run.now())) item.result = SKIPPED;
      else item.file?.write(plaintext);
      board.advance(item.operation.id, plaintext.length);
    });
  };

  readonly end = (index: number): void => {
    this.#attempt(index, (item) => {
      if (item.file === undefined || item.view === undefined) {
        item.result = LOST;
        return;
      }
      item.file.setMode(modeOf(this.#run, item));
      if (item.view.mtimeMs !== null) item.file.setTimes(item.view.mtimeMs);
      item.result = item.file.stat();
    });
  };

  readonly fail = (index: number, error: unknown): void => {
    const item = this.#incoming[index];
    if (item === undefined) return;
    item.result = SKIPPED;
    if (error instanceof IntegrityError) {
      // What its author sealed no server can make good: that one file waits, not the space.
      const isItsOwn = error.code === 'data-missing' || error.whose === 'author';
      if (isItsOwn) item.result = stalled('Undecryptable', error.code);
      else this.failure = { error };
    } else if (isRemoteOutage(error)) {
      this.failure ??= { error };
    } else {
      item.result = LOST;
    }
  };

  #attempt(index: number, action: (item: Incoming) => void): void {
    const item = this.#incoming[index];
    if (item === undefined || item.result !== undefined) return;
    try {
      action(item);
    } catch (error) {
      item.result = outcomeOfLocalFault(error, 'write');
    }
  }
}

function modeOf(run: ExecutionRun, item: Incoming): number {
  const { pair, trees } = run.options;
  const replaced =
    item.operation.replaces === null ? undefined : trees.local.byId(item.operation.replaces);
  const mode = replaced?.kind === 'file' ? replaced.mode : NEW_FILE_MODE;
  return pair.caps.execBit ? modeFor(item.view?.executable === true, mode) : mode;
}

/** One barrier: the bytes of every whole file are on the disk. Closes all files. */
async function makeDurable(incoming: readonly Incoming[]): Promise<void> {
  const queue = [...incoming];
  const work = async (): Promise<void> => {
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) await syncOne(item);
  };
  await Promise.all(Array.from({ length: SYNCS_AT_ONCE_MAX }, work));
}

async function syncOne(item: Incoming): Promise<void> {
  if (item.file === undefined) return;
  try {
    if (isStat(item.result)) {
      await item.file.sync();
      item.result = item.file.stat();
    }
  } catch (error) {
    item.result = outcomeOfLocalFault(error, 'write');
  } finally {
    item.file.close();
  }
}

function settleIncoming(
  run: ExecutionRun,
  item: Incoming,
  failure: { readonly error: unknown } | undefined,
  staged: Staged[],
): void {
  const { fileSystem } = run.options;
  if (isStat(item.result) && item.view !== undefined) {
    const isWanted = item.view.rev === item.operation.rev;
    if (isWanted) {
      staged.push({
        operation: item.operation,
        view: item.view,
        staged: { path: item.path, stat: item.result },
      });
      return;
    }
  }
  if (item.file !== undefined && fileSystem.lstat(item.path) !== undefined) {
    fileSystem.unlink(item.path);
  }
  const outcome = isStat(item.result) ? LOST : item.result;
  run.settle(item.operation, outcome ?? (failure === undefined ? LOST : SKIPPED));
}

function isStat(result: Incoming['result']): result is EntryStat {
  return result !== undefined && 'ino' in result;
}
