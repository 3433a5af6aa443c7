/** Other bytes in the place of some of a file: a new version, of which only the changed chunks travel. */
import type { Bytes } from '@coffer/protocol/core';
import { ok, type Result } from '@coffer/protocol/core';
import { isRefusal } from '../../ports/index.ts';
import type { ByteRange } from '../content/read-range.ts';
import type { FullSpaceClient } from '../space/full-space-client.ts';
import type { NodeView, UploadedContent } from '../space-changes.ts';
import { refusalCode, refuse, type DriveRefusal } from './drive-refusal.ts';
import type { DriveEntry } from './drive-tree.ts';

/** What gives way, and to what. */
export interface RangeWrite {
  /** These bytes give way; a length of 0 inserts, an offset at the end appends. */
  readonly range: ByteRange;
  /** What stands in their place, more or less than they were. Read once. */
  readonly source: Iterable<Bytes> | AsyncIterable<Bytes>;
}

/** How a part of a file is written. */
export interface RangeWriteOptions {
  /** Number of the content that it is based on; the one that is current when left out. */
  readonly version?: number;
  /** Unix ms; now where it is left out. */
  readonly mtimeMs?: number | null;
}

/**
 * The record of a file holds the SHA-256 of all of it: what stays is read, and so travels down once, but
 * none of it up. RangeError for a range that begins beyond the end.
 */
export async function writeRange(
  space: FullSpaceClient,
  { path, node }: DriveEntry,
  { range, source }: RangeWrite,
  options: { readonly version: number | undefined; readonly mtimeMs: number | null },
  signal: AbortSignal,
): Promise<Result<DriveEntry, DriveRefusal>> {
  const { id, rev, size, executable } = node;
  const { offset, length } = range;
  const isRange = [offset, length].every((count) => Number.isSafeInteger(count) && count >= 0);
  if (!isRange || offset > size)
    throw new RangeError('a range has whole numbers from 0, and begins in the file or at its end');
  if (options.version !== undefined && options.version !== node.written?.number)
    return refuse('conflict', path);
  const uploaded = await upload(space, patched(space, node, { range, source }, signal), signal);
  if (uploaded === undefined) return refuse('quota-exceeded', path);
  const meta = { mtimeMs: options.mtimeMs, executable };
  const [outcome] = await space.commit(
    [{ op: 'write', id, rev, content: uploaded, meta, keepVersion: true }],
    signal,
  );
  const code = refusalCode(outcome);
  if (code !== undefined) return refuse(code, path);
  return ok({ path, node: (outcome?.kind === 'done' ? outcome.node : null) ?? node });
}

async function* patched(
  space: FullSpaceClient,
  { id, rev, size }: NodeView,
  { range, source }: RangeWrite,
  signal: AbortSignal,
): AsyncGenerator<Bytes> {
  const { offset, length } = range;
  const { contents } = space;
  yield* contents.readRange({ id, rev }, { offset: 0, length: offset }, signal);
  yield* source;
  yield* contents.readRange({ id, rev }, { offset: offset + length, length: size }, signal);
}

/** Undefined when the quota has no room for it. */
async function upload(
  space: FullSpaceClient,
  source: AsyncIterable<Bytes>,
  signal: AbortSignal,
): Promise<UploadedContent | undefined> {
  const uploader = space.createUploader();
  try {
    const [uploaded] = await Promise.all([uploader.add(source, signal), uploader.flush()]);
    return uploaded;
  } catch (error) {
    signal.throwIfAborted();
    if (isRefusal(error, 'quota-exceeded')) return undefined;
    throw error;
  }
}
