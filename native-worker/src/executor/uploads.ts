/**
 * Contents go up: read stably, sealed and sent by the SDK's uploader. Small files share packs, so
 * they are added in groups that are flushed together; large ones go a few at a time.
 */
import { IntegrityError } from '@coffer/protocol/core';
import type { UploadedContent, Uploader } from '@coffer/sdk';
import {
  LARGE_TRANSFERS_AT_ONCE_MAX,
  PACK_FILL_BYTES,
  SLICE_MS,
  SMALL_FILE_BYTES_MAX,
  SMALL_UPLOADS_AT_ONCE_MAX,
} from '../limits.ts';
import { createPooledSource } from '../content/index.ts';
import type { RemoteRestore, RemoteUpload } from '../planner/operations.ts';
import { LocalFault, type Clock } from '../ports/index.ts';
import type { LocalRow } from '../scanner/local-tree-writer.ts';
import {
  isOverQuota,
  isRemoteOutage,
  LOST,
  outcomeOfLocalFault,
  SKIPPED,
  stalled,
  type OperationOutcome,
} from './outcome.ts';
import type { ExecutionRun } from './run.ts';
import { sendSmallestFirst } from './over-quota.ts';
import type { Candidate } from './quota-room.ts';
import { FileChanged, readStably } from './stable-read.ts';

const QUOTA_FULL = stalled('QuotaFull', '');

export type ContentOperation = RemoteUpload | RemoteRestore;

/** A content that is at the server, with the row that it was read by. */
export interface Sent {
  readonly content: UploadedContent;
  readonly row: LocalRow;
}

export interface UploadListener {
  readonly sent: (operation: ContentOperation, sent: Sent) => void;
  readonly failed: (operation: ContentOperation, outcome: OperationOutcome) => void;
}

/** Sends all contents; each is told to the listener as soon as it is there. Rejects with outages. */
export async function sendContents(
  run: ExecutionRun,
  operations: readonly ContentOperation[],
  listener: UploadListener,
  signal: AbortSignal,
): Promise<void> {
  if (operations.length === 0) return;
  const uploader = run.options.space.createUploader();
  const small = operations.filter((operation) => sizeOf(operation) <= SMALL_FILE_BYTES_MAX);
  const large = operations.filter((operation) => sizeOf(operation) > SMALL_FILE_BYTES_MAX);
  const refused = new Set<ContentOperation>();
  const send = async (operation: ContentOperation): Promise<void> => {
    const result = await sendOne(run, uploader, operation, signal);
    if ('content' in result) listener.sent(operation, result);
    else if (result === QUOTA_FULL) refused.add(operation);
    else listener.failed(operation, result);
  };
  const sendFitting = async (): Promise<void> => {
    const besides = small.reduce((bytes, operation) => bytes + sizeOf(operation), 0);
    const candidates = large.map((operation) => candidateOf(run, operation));
    const fitting = await run.options.quotaRoom.fitting(candidates, besides, signal);
    for (const candidate of candidates)
      if (!fitting.has(candidate)) listener.failed(candidate.operation, QUOTA_FULL);
    const sent = candidates.filter((candidate) => fitting.has(candidate));
    await sendLarge(
      sent.map(({ operation }) => operation),
      send,
      uploader,
    );
  };
  await settleAll([sendSmall(small, send, uploader, run.options.clock), sendFitting()]);
  const again = [...refused].sort((a, b) => sizeOf(a) - sizeOf(b));
  const left = await sendSmallestFirst(again, async (group) => {
    refused.clear();
    await settleAll([...group.map(send), uploader.flush()]);
    return new Set(refused);
  });
  for (const operation of left) listener.failed(operation, QUOTA_FULL);
}

/** As the plan saw it: a file of another size is not sent. */
function sizeOf({ saw }: ContentOperation): number {
  return saw.local?.size ?? 0;
}

interface LargeFile extends Candidate {
  readonly operation: ContentOperation;
}

function candidateOf(run: ExecutionRun, operation: ContentOperation): LargeFile {
  const { base, local, remote } = run.options.trees;
  const row = local.byId(operation.local);
  const { sha256 = null, size = 0 } = row ?? {};
  const replaced = operation.node === null ? undefined : base.byId(operation.node);
  const isKnown = sha256 !== null && remote.holds(sha256, size);
  return { operation, sha256, size, known: isKnown ? size : (replaced?.size ?? 0) };
}

async function sendSmall(
  operations: readonly ContentOperation[],
  send: (operation: ContentOperation) => Promise<void>,
  uploader: Uploader,
  clock: Clock,
): Promise<void> {
  let sliceEnd = clock.now() + SLICE_MS;
  let group: Promise<void>[] = [];
  let bytes = 0;
  let before: Promise<unknown> = Promise.resolve();
  const close = async (): Promise<void> => {
    const closed = group;
    group = [];
    bytes = 0;
    // One group is sent while the next one is read and sealed.
    await before;
    before = settleAll([uploader.flush(), ...closed]);
    before.catch(() => undefined);
  };
  for (const operation of operations) {
    // Reading and sealing are synchronous: others have their turn between.
    if (clock.now() >= sliceEnd) {
      await clock.sleep(0);
      sliceEnd = clock.now() + SLICE_MS;
    }
    const sending = send(operation);
    sending.catch(() => undefined);
    group.push(sending);
    bytes += sizeOf(operation);
    if (group.length >= SMALL_UPLOADS_AT_ONCE_MAX || bytes >= PACK_FILL_BYTES) await close();
  }
  await close();
  await before;
}

async function sendLarge(
  operations: readonly ContentOperation[],
  send: (operation: ContentOperation) => Promise<void>,
  uploader: Uploader,
): Promise<void> {
  const queue = [...operations].reverse();
  const work = async (): Promise<void> => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const sending = send(next);
      sending.catch(() => undefined);
      await uploader.flush();
      await sending;
    }
  };
  await settleAll(Array.from({ length: LARGE_TRANSFERS_AT_ONCE_MAX }, work));
}

async function sendOne(
  run: ExecutionRun,
  uploader: Uploader,
  operation: ContentOperation,
  signal: AbortSignal,
): Promise<Sent | OperationOutcome> {
  const row = run.sawHolds(operation) ? run.options.trees.local.byId(operation.local) : undefined;
  const path = row === undefined ? undefined : run.paths.absolute(row.id);
  if (row === undefined || row.state === 'gone' || path === undefined) return LOST;
  const { board, pair } = run.options;
  if (board.isHeld(operation.id, run.now())) return SKIPPED;
  const stopped = board.start(
    {
      id: operation.id,
      pair: pair.id,
      path: run.paths.relative(row.id) ?? '',
      direction: 'up',
      bytesTotal: row.size,
      startedMs: run.now(),
    },
    signal,
  );
  const { quotaRoom } = run.options;
  const isLarge = row.size > SMALL_FILE_BYTES_MAX;
  let bytesRead = 0;
  try {
    const source = sourceOf(run, operation, path, row, (bytes) => (bytesRead += bytes));
    const content = await uploader.add(source, stopped);
    if (isLarge) quotaRoom.arrived(row.sha256);
    return { content, row };
  } catch (error) {
    if (isLarge) quotaRoom.ended(row.sha256, bytesRead, isOverQuota(error));
    if (stopped.aborted && !signal.aborted) return SKIPPED;
    // Reading tells whether the file is the row's; whether it still is there, only a fault has to ask.
    if (error instanceof LocalFault && run.entry(row.id) === undefined) return LOST;
    return outcomeOf(error, signal);
  } finally {
    board.end(operation.id);
  }
}

/** Large files are read, cut and sealed by worker threads where there are some. */
function sourceOf(
  run: ExecutionRun,
  operation: ContentOperation,
  path: string,
  row: LocalRow,
  read: (bytes: number) => void,
): Iterable<Uint8Array> {
  const { board, contentPool, fileSystem } = run.options;
  const advanced = (bytes: number): void => {
    board.advance(operation.id, bytes);
    read(bytes);
  };
  if (contentPool !== undefined && row.size > SMALL_FILE_BYTES_MAX) {
    return createPooledSource(contentPool, fileSystem, { path, expected: row, advanced });
  }
  return watched(readStably(fileSystem, path, row), advanced);
}

function* watched(
  source: Iterable<Uint8Array>,
  advanced: (bytes: number) => void,
): Generator<Uint8Array, void, undefined> {
  for (const block of source) {
    yield block;
    advanced(block.length);
  }
}

function outcomeOf(error: unknown, signal: AbortSignal): OperationOutcome {
  signal.throwIfAborted();
  if (error instanceof FileChanged) return LOST;
  if (error instanceof IntegrityError || isRemoteOutage(error)) throw error;
  if (isOverQuota(error)) return QUOTA_FULL;
  return outcomeOfLocalFault(error, 'read');
}

/** Waits for all, then rejects with the first failure: nothing goes on behind the caller's back. */
export async function settleAll(tasks: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
