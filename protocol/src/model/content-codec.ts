/** The content field of files and versions: [stored bytes, chunk count, inline page, [page id…]] (protocol §5). */
import { encodeCbor, schema, type Cbor, type Schema } from '../codec/index.ts';
import { equalBytes, FILE_PAGES_MAX, FormatError, idToBytes, type PageId } from '../core/index.ts';
import type { Content } from './records.ts';

const { uint, bytes, digest, nullable, tuple, list } = schema;

/** Chunks that the page within a record may name (protocol §5). */
export const INLINE_PAGE_CHUNKS_MAX = 32;
/** CBOR heads, sealed part and 32 entries of an inline page stay below this. */
const INLINE_PAGE_SIZE_BYTES_MAX = 4096;

const contentTuple = tuple(
  uint(),
  uint(),
  nullable(bytes(1, INLINE_PAGE_SIZE_BYTES_MAX)),
  list(digest<PageId>(), FILE_PAGES_MAX),
);

/** Exactly one of inline page and page list is filled, except when the file is empty. */
export const contentOf: Schema<Content> = (value) => {
  const [storedBytes, chunkCount, inlinePage, pages] = contentTuple(value);
  const isEmpty =
    storedBytes === 0 && chunkCount === 0 && inlinePage === null && pages.length === 0;
  const isFilled = storedBytes > 0 && chunkCount > 0 && (inlinePage === null) === pages.length > 0;
  if (!isEmpty && !isFilled)
    throw new FormatError('content names neither nothing nor one page list');
  return { storedBytes, chunkCount, inlinePage, pages };
};

export function contentFields(content: Content): Cbor {
  return [
    content.storedBytes,
    content.chunkCount,
    content.inlinePage,
    content.pages.map((page) => idToBytes(page)),
  ];
}

/** Canonical bytes of a content field: what `contentId` of a node is the SHA-256 of. */
export function encodeContent(content: Content): Uint8Array<ArrayBuffer> {
  return encodeCbor(contentFields(content));
}

export function sameContent(a: Content | null, b: Content | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.storedBytes === b.storedBytes &&
    a.chunkCount === b.chunkCount &&
    a.pages.length === b.pages.length &&
    a.pages.every((page, i) => page === b.pages[i]) &&
    (a.inlinePage === null || b.inlinePage === null
      ? a.inlinePage === b.inlinePage
      : equalBytes(a.inlinePage, b.inlinePage))
  );
}
