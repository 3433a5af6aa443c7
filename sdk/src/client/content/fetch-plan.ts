/** In which order what is fetched: the chunks of all files one after the other, pages before them. */
import { IntegrityError, type Bytes, type PageId } from '@coffer/protocol/core';
import { PAGE_SIZE_BYTES_MAX } from '@coffer/protocol/content';
import {
  openPage,
  openPages,
  type ChunkRef,
  type OpeningPlace,
} from '@coffer/protocol/content/open';
import type { OpenSuite } from '@coffer/protocol/crypto';
import type { Content } from '@coffer/protocol/model';
import type { NodeView } from '../space-changes.ts';
import type { ContentApi } from './content-api.ts';
import { readFrames } from './read-frames.ts';

/** Pages that are fetched at once: about 16 MiB when they are as long as pages get. */
const PAGES_PER_READ = 48;

export interface FileToFetch {
  /** What the sink calls this file. */
  readonly index: number;
  /** The verified view of the revision: size and SHA-256 are what the content must have. */
  readonly node: NodeView;
  readonly content: Content;
  /** How its pages open: the space, the file and its node keys. */
  readonly place: OpeningPlace;
}

/** A file that is being fetched. */
export interface FetchedFile {
  readonly file: FileToFetch;
  /** Set when it failed: nothing more of it is fetched. */
  isFailed: boolean;
}

export type FetchStep =
  | { readonly kind: 'chunk'; readonly of: FetchedFile; readonly ref: ChunkRef }
  /** All chunks of the file stand before this. */
  | { readonly kind: 'end'; readonly of: FetchedFile }
  | { readonly kind: 'fail'; readonly of: FetchedFile; readonly error: unknown };

export interface FetchPlanOptions {
  readonly suite: OpenSuite;
  readonly api: ContentApi;
}

/** The steps for `files` in order; pages are read when the file that has them is reached. */
export async function* planFetch(
  options: FetchPlanOptions,
  files: readonly FileToFetch[],
  signal: AbortSignal,
): AsyncGenerator<FetchStep, void> {
  for (const file of files) {
    const of: FetchedFile = { file, isFailed: false };
    try {
      for await (const chunks of chunkRuns(options, of, signal)) {
        for (const ref of chunks) yield { kind: 'chunk', of, ref };
      }
      yield { kind: 'end', of };
    } catch (error) {
      signal.throwIfAborted();
      yield { kind: 'fail', of, error };
    }
  }
}

/** The chunks of one file in runs, checked against the record and the size in the node's meta. */
async function* chunkRuns(
  options: FetchPlanOptions,
  of: FetchedFile,
  signal: AbortSignal,
): AsyncGenerator<readonly ChunkRef[], void> {
  const { content, place, node } = of.file;
  const totals = { chunkCount: 0, storedBytes: 0, size: 0 };
  const expected = {
    chunkCount: content.chunkCount,
    storedBytes: content.storedBytes,
    size: node.size,
  };
  const runs =
    content.pages.length === 0
      ? [openPages(options.suite, place, content, [])]
      : pageRuns(options, of, signal);
  for await (const run of runs) {
    for (const { storedLength, plainLength } of run) {
      totals.chunkCount++;
      totals.storedBytes += storedLength;
      totals.size += plainLength;
    }
    if (
      totals.chunkCount > expected.chunkCount ||
      totals.storedBytes > expected.storedBytes ||
      totals.size > expected.size
    ) {
      throw new IntegrityError('page-mismatch', 'pages hold more than the record says', {
        whose: 'author',
      });
    }
    yield run;
    if (of.isFailed) return;
  }
  if (
    totals.chunkCount !== expected.chunkCount ||
    totals.storedBytes !== expected.storedBytes ||
    totals.size !== expected.size
  ) {
    throw new IntegrityError('page-mismatch', 'pages hold less than the record says', {
      whose: 'author',
    });
  }
}

async function* pageRuns(
  { suite, api }: FetchPlanOptions,
  { file: { content, place } }: FetchedFile,
  signal: AbortSignal,
): AsyncGenerator<readonly ChunkRef[], void> {
  if (content.inlinePage !== null) {
    throw new IntegrityError('page-mismatch', 'a file has an inline page or a list of pages', {
      whose: 'author',
    });
  }
  for (let at = 0; at < content.pages.length; at += PAGES_PER_READ) {
    const ids = content.pages.slice(at, at + PAGES_PER_READ);
    const pages = await readPages(api, ids, signal);
    for (const [i, page] of pages.entries()) {
      yield openPage(suite, place, page, ids[i]);
    }
  }
}

async function readPages(
  api: ContentApi,
  ids: readonly PageId[],
  signal: AbortSignal,
): Promise<readonly Bytes[]> {
  const isLength = (length: number) => length <= PAGE_SIZE_BYTES_MAX;
  const distinct = [...new Set(ids)];
  const wanted = distinct.map((id) => ({ id, isLength }));
  const pageById = new Map<PageId, Bytes>();
  for await (const page of readFrames(api, wanted, signal)) {
    const id = distinct[pageById.size];
    if (page === null || id === undefined) {
      throw new IntegrityError('data-missing', 'the server has lost a page of a file');
    }
    pageById.set(id, page);
  }
  return ids.map((id) => pageById.get(id) ?? new Uint8Array(0));
}
