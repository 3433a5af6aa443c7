/**
 * From the chunks of a file to the content field of its record and its pages, and back (protocol §5).
 * Pages end by chunk ids, so that an edit changes the pages around it and later ones stay equal; a
 * revision names those of its base again instead of sealing them anew.
 */
import {
  assert,
  CHUNK_SIZE_BYTES_MAX,
  equalBytes,
  FILE_PAGES_MAX,
  FormatError,
  idToBytes,
  IntegrityError,
  readU32be,
  type Bytes,
  type NodeId,
  type PageId,
  type SpaceId,
} from '../../core/index.ts';
import type { OpenSuite } from '../../crypto/index.ts';
import { open, seal, type AssociatedData } from '../../crypto/open/index.ts';
import { storedChunkLength } from '../../model/chunk-lengths.ts';
import { INLINE_PAGE_CHUNKS_MAX, type Content } from '../../model/index.ts';
import {
  encodePage,
  encodePublicEntries,
  isPageEnd,
  PAGE_ENTRY_SIZE_BYTES,
  pageId,
  parsePage,
  type ParsedPage,
} from '../../model/page.ts';
import type { ChunkRef } from './chunk.ts';

/** The bytes are those that the record names: whoever sealed or signed them is at fault. */
const BY_AUTHOR = { whose: 'author' } as const;

/** Whose pages they are. */
export interface PagePlace {
  readonly space: SpaceId;
  readonly node: NodeId;
}

/** The node key that new pages are sealed under. */
export interface SealingPlace extends PagePlace {
  readonly kr: number;
  readonly key: Bytes;
}

/** The node's keys by number, older ones included; undefined for one that is not known. */
export interface OpeningPlace extends PagePlace {
  readonly keyOf: (kr: number) => Bytes | undefined;
}

/** A page that is at the server already, opened. */
export interface OpenedPage {
  readonly id: PageId;
  readonly chunks: readonly ChunkRef[];
}

export interface SealedPages {
  readonly content: Content;
  /** Pages to be uploaded before the commit; none for a file with an inline page. */
  readonly pages: readonly Bytes[];
}

/** Content of an empty file. */
export const EMPTY_CONTENT: Content = {
  storedBytes: 0,
  chunkCount: 0,
  inlinePage: null,
  pages: [],
};

/**
 * Content and new pages for the chunks of a file, in order. Pages of `base`, the revision that this
 * one replaces, are named again where they hold exactly the same chunks.
 */
export function sealPages(
  suite: OpenSuite,
  place: SealingPlace,
  chunks: readonly ChunkRef[],
  base: readonly OpenedPage[] = [],
): SealedPages {
  if (chunks.length === 0) return { content: EMPTY_CONTENT, pages: [] };
  const storedBytes = chunks.reduce((sum, chunk) => sum + chunk.storedLength, 0);
  const counts = { storedBytes, chunkCount: chunks.length };
  if (chunks.length <= INLINE_PAGE_CHUNKS_MAX) {
    const inlinePage = sealPage(suite, place, chunks);
    return { content: { ...counts, inlinePage, pages: [] }, pages: [] };
  }
  const basePageByFirstChunk = new Map(base.map((page) => [page.chunks[0]?.id, page]));
  const ids: PageId[] = [];
  const pages: Bytes[] = [];
  for (const run of pageRuns(chunks)) {
    const known = basePageByFirstChunk.get(run[0]?.id);
    if (known !== undefined && isSameRun(known.chunks, run)) {
      ids.push(known.id);
      continue;
    }
    const page = sealPage(suite, place, run);
    ids.push(pageId(suite, page));
    pages.push(page);
  }
  assert(ids.length <= FILE_PAGES_MAX, 'a file has at most 1700 pages');
  return { content: { ...counts, inlinePage: null, pages: ids }, pages };
}

/** The chunk list cut where pages end. */
export function pageRuns(chunks: readonly ChunkRef[]): readonly (readonly ChunkRef[])[] {
  const runs: ChunkRef[][] = [];
  let run: ChunkRef[] = [];
  for (const chunk of chunks) {
    run.push(chunk);
    if (isPageEnd(chunk.id, run.length)) {
      runs.push(run);
      run = [];
    }
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

/** One page, sealed under the newest key of the node. */
export function sealPage(
  suite: OpenSuite,
  place: SealingPlace,
  chunks: readonly ChunkRef[],
): Uint8Array<ArrayBuffer> {
  const publicHalf = encodePublicEntries(chunks);
  const secrets = new Uint8Array(publicHalf.length);
  const view = new DataView(secrets.buffer);
  for (const [i, chunk] of chunks.entries()) {
    secrets.set(chunk.key, i * PAGE_ENTRY_SIZE_BYTES);
    view.setUint32(i * PAGE_ENTRY_SIZE_BYTES + 32, chunk.plainLength);
  }
  const aad = pageAad(suite, place, place.kr, publicHalf);
  return encodePage(place.kr, publicHalf, seal(suite, place.key, 'page', aad, secrets));
}

/**
 * The chunks that `content` names: its inline page or the `pages` that it lists, in that order.
 * IntegrityError: `page-mismatch` (a page is not the one that the record names, or counts and
 * lengths disagree), `malformed`, `open-failed` (wrong node, key or public half).
 */
export function openPages(
  suite: OpenSuite,
  place: OpeningPlace,
  content: Content,
  pages: readonly Bytes[],
): readonly ChunkRef[] {
  const named = content.inlinePage === null ? pages : [content.inlinePage];
  if (content.inlinePage !== null && pages.length + content.pages.length > 0) {
    throw pageMismatch('a file has an inline page or a list of pages');
  }
  if (content.inlinePage === null && pages.length !== content.pages.length) {
    throw new IntegrityError('page-mismatch', 'the record names another number of pages');
  }
  const chunks: ChunkRef[] = [];
  for (const [i, page] of named.entries()) {
    const id = content.pages[i];
    for (const chunk of openPage(suite, place, page, id)) chunks.push(chunk);
  }
  if (content.inlinePage !== null && chunks.length > INLINE_PAGE_CHUNKS_MAX) {
    throw pageMismatch('an inline page has at most 32 chunks');
  }
  checkTotals(content, chunks);
  return chunks;
}

/** The chunks of one page. With `id`, the page must be the one that has it. */
export function openPage(
  suite: OpenSuite,
  place: OpeningPlace,
  page: Bytes,
  id?: PageId,
): readonly ChunkRef[] {
  if (id !== undefined && pageId(suite, page) !== id) {
    throw new IntegrityError('page-mismatch', 'a page has another id than the record says');
  }
  const parsed = parseServedPage(page);
  const key = place.keyOf(parsed.kr);
  if (key === undefined) {
    throw new IntegrityError('open-failed', 'a page is sealed under an unknown key', BY_AUTHOR);
  }
  const aad = pageAad(suite, place, parsed.kr, parsed.public);
  const secrets = openSecrets(suite, key, aad, parsed.sealed);
  return parsed.entries.map((entry, i) => {
    const at = i * PAGE_ENTRY_SIZE_BYTES;
    const plainLength = readU32be(secrets, at + 32);
    if (plainLength < 1 || plainLength > CHUNK_SIZE_BYTES_MAX) {
      throw pageMismatch('no chunk has this plain length');
    }
    if (storedChunkLength(plainLength) !== entry.storedLength) {
      throw pageMismatch('stored and plain length of a chunk disagree');
    }
    return {
      id: entry.id,
      key: secrets.slice(at, at + 32),
      plainLength,
      storedLength: entry.storedLength,
    };
  });
}

function openSecrets(
  suite: OpenSuite,
  key: Bytes,
  aad: AssociatedData,
  sealed: Bytes,
): Uint8Array<ArrayBuffer> {
  try {
    return open(suite, key, 'page', aad, sealed);
  } catch (cause) {
    if (!(cause instanceof IntegrityError)) throw cause;
    throw new IntegrityError(cause.code, cause.message, { cause, ...BY_AUTHOR });
  }
}

/** Throws IntegrityError `page-mismatch` unless the chunks add up to what the record says. */
export function checkTotals(
  content: Content,
  totals: Iterable<Pick<ChunkRef, 'storedLength'>>,
): void {
  let chunkCount = 0;
  let storedBytes = 0;
  for (const { storedLength } of totals) {
    chunkCount++;
    storedBytes += storedLength;
  }
  if (chunkCount !== content.chunkCount || storedBytes !== content.storedBytes) {
    throw pageMismatch('the chunks of a file do not add up to what its record says');
  }
}

function parseServedPage(page: Bytes): ParsedPage {
  try {
    return parsePage(page);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new IntegrityError('malformed', 'a page is malformed', { cause, ...BY_AUTHOR });
  }
}

function pageAad(
  suite: OpenSuite,
  place: PagePlace,
  kr: number,
  publicHalf: Bytes,
): AssociatedData {
  return [idToBytes(place.space), idToBytes(place.node), kr, suite.sha256(publicHalf)];
}

function isSameRun(known: readonly ChunkRef[], run: readonly ChunkRef[]): boolean {
  return (
    known.length === run.length &&
    known.every((chunk, i) => {
      const other = run[i];
      return (
        other !== undefined &&
        chunk.id === other.id &&
        chunk.plainLength === other.plainLength &&
        equalBytes(chunk.key, other.key)
      );
    })
  );
}

function pageMismatch(message: string): IntegrityError {
  return new IntegrityError('page-mismatch', message, BY_AUTHOR);
}
