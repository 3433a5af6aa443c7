/** A part of a content: only the chunks that it lies in are fetched, each verified on its own. */
import { IDS_PER_REQUEST_MAX, type Bytes } from '@coffer/protocol/core';
import { openChunk } from '@coffer/protocol/content/open';
import { FetchBatch } from './fetch-batch.ts';
import {
  planFetch,
  type FetchPlanOptions,
  type FetchStep,
  type FileToFetch,
} from './fetch-plan.ts';

/** Bytes of a content from `offset` on; what lies beyond its end is not there. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

type ChunkStep = Extract<FetchStep, { readonly kind: 'chunk' }>;

/** A chunk with where its first byte lies in the content. */
interface PlacedChunk {
  readonly step: ChunkStep;
  readonly at: number;
}

/** Chunks that are held at once. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/**
 * The bytes of `range` in order, read as they are asked for. Each chunk is verified against the file's
 * pages and these against its record; the SHA-256 of the whole file is not, since it is not read. Throws
 * RangeError for a range that is none, faults, IntegrityError, and the reason of an aborted signal.
 */
export async function* readRange(
  options: FetchPlanOptions,
  file: FileToFetch,
  range: ByteRange,
  signal: AbortSignal,
): AsyncGenerator<Bytes, void> {
  const { offset, length } = range;
  if (!isCount(offset) || !isCount(length))
    throw new RangeError('a range has whole numbers from 0');
  const end = Math.min(offset + length, file.node.size);
  const partOf = (at: number, plaintext: Bytes): Bytes =>
    plaintext.subarray(Math.max(0, offset - at), Math.min(plaintext.length, end - at));
  let batch: PlacedChunk[] = [];
  let batchBytes = 0;
  let at = 0;
  for await (const step of planFetch(options, [file], signal)) {
    if (step.kind === 'fail') throw step.error;
    if (step.kind === 'end' || at >= end) break;
    const { plainLength, storedLength } = step.ref;
    if (at + plainLength > offset) {
      const isFull = batchBytes + storedLength > BATCH_BYTES_MAX;
      if (isFull || batch.length === IDS_PER_REQUEST_MAX) {
        yield* readBatch(options, batch, partOf, signal);
        batch = [];
        batchBytes = 0;
      }
      batch.push({ step, at });
      batchBytes += storedLength;
    }
    at += plainLength;
  }
  yield* readBatch(options, batch, partOf, signal);
}

async function* readBatch(
  { suite, api }: FetchPlanOptions,
  chunks: readonly PlacedChunk[],
  partOf: (at: number, plaintext: Bytes) => Bytes,
  signal: AbortSignal,
): AsyncGenerator<Bytes, void> {
  signal.throwIfAborted();
  if (chunks.length === 0) return;
  const batch = new FetchBatch(chunks.map(({ step }) => step));
  const ending = new AbortController();
  const reading = batch.read(api, AbortSignal.any([signal, ending.signal]));
  try {
    for (const { step, at } of chunks) {
      const { bytes } = await batch.take(step.ref);
      signal.throwIfAborted();
      yield partOf(at, openChunk(suite, step.ref, bytes));
    }
  } finally {
    ending.abort();
    await reading;
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
