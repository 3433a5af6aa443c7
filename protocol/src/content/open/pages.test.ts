import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test from 'node:test';
import {
  IntegrityError,
  type ChunkId,
  type IntegrityCode,
  type NodeId,
  type PageId,
  type SpaceId,
} from '../../core/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import { storedChunkLength } from '../../model/chunk-lengths.ts';
import { pageId, parsePage } from '../../model/page.ts';
import type { ChunkRef } from './chunk.ts';
import { EMPTY_CONTENT, openPage, openPages, pageRuns, sealPage, sealPages } from './pages.ts';

const suite = await createNodeOpenSuite();
const key = new Uint8Array(randomBytes(32));
const place = { space: '11'.repeat(16) as SpaceId, node: '22'.repeat(16) as NodeId, kr: 5, key };
const opening = { ...place, keyOf: (kr: number) => (kr === 5 ? key : undefined) };

function chunkRef(number: number): ChunkRef {
  const id = createHash('sha256').update(`chunk ${number}`).digest('hex') as ChunkId;
  const plainLength = 1 + ((number * 7919) % 4_000_000);
  const chunkKey = new Uint8Array(createHash('sha256').update(`key ${number}`).digest());
  return { id, key: chunkKey, plainLength, storedLength: storedChunkLength(plainLength) };
}

function chunkRefs(count: number, from = 0): ChunkRef[] {
  return Array.from({ length: count }, (_, i) => chunkRef(from + i));
}

function fails(code: IntegrityCode, action: () => unknown): void {
  assert.throws(action, (error) => error instanceof IntegrityError && error.code === code);
}

test('an empty file has no page', () => {
  assert.deepEqual(sealPages(suite, place, []), { content: EMPTY_CONTENT, pages: [] });
  assert.deepEqual(openPages(suite, opening, EMPTY_CONTENT, []), []);
});

test('up to 32 chunks stay in the record, more go into pages, and both come back', () => {
  for (const count of [1, 32, 33, 256, 3000, 10_000]) {
    const chunks = chunkRefs(count);
    const { content, pages } = sealPages(suite, place, chunks);
    assert.equal(content.chunkCount, count);
    assert.equal(content.inlinePage !== null, count <= 32);
    assert.equal(content.pages.length, pages.length);
    assert.deepEqual(openPages(suite, opening, content, pages), chunks);
    for (const page of pages) assert.equal(parsePage(page).kr, 5);
  }
});

test('a page ends at its 256th entry or later, by the chunk id, and after 4,096 at the latest', () => {
  const runs = pageRuns(chunkRefs(20_000));
  assert.ok(runs.length > 5);
  for (const run of runs.slice(0, -1)) {
    const last = run.at(-1)?.id.slice(-3) ?? '';
    assert.ok(run.length === 4096 || (run.length >= 256 && Number.parseInt(last, 16) % 1024 === 0));
  }
  const neverEnding = chunkRefs(4097).map((chunk) =>
    Object.assign(chunk, { id: `${chunk.id.slice(0, -1)}1` as ChunkId }),
  );
  assert.deepEqual(
    pageRuns(neverEnding).map((run) => run.length),
    [4096, 1],
  );
});

test('a revision names the unchanged pages of its base again', () => {
  const chunks = chunkRefs(12_000);
  const first = sealPages(suite, place, chunks);
  const base = first.content.pages.map((id, i) => ({
    id,
    chunks: openPage(suite, opening, first.pages[i] ?? new Uint8Array(0), id),
  }));
  const edited = [...chunks.slice(0, 6000), chunkRef(99_999), ...chunks.slice(6001)];
  const newPlace = { ...place, kr: 9, key: new Uint8Array(32).fill(9) };
  const second = sealPages(suite, newPlace, edited, base);
  assert.ok(second.pages.length <= 2 && second.pages.length > 0);
  const bytesById = new Map<PageId, Uint8Array>();
  for (const page of [...first.pages, ...second.pages]) bytesById.set(pageId(suite, page), page);
  const served = second.content.pages.map((id) => bytesById.get(id) ?? new Uint8Array(0));
  const keyOf = (kr: number) => (kr === 5 ? key : newPlace.key);
  assert.deepEqual(openPages(suite, { ...place, keyOf }, second.content, served), edited);
  const otherKey = base.map(({ id, chunks }) => ({
    id,
    chunks: chunks.map((chunk) => Object.assign({}, chunk, { key: new Uint8Array(32) })),
  }));
  assert.equal(sealPages(suite, place, chunks, otherKey).pages.length, first.pages.length);
});

test('pages of another node, key, order or number are refused', () => {
  const { content, pages } = sealPages(suite, place, chunkRefs(9000));
  const elsewhere = { ...opening, node: '33'.repeat(16) as NodeId };
  fails('open-failed', () => openPages(suite, elsewhere, content, pages));
  fails('open-failed', () =>
    openPages(suite, { ...opening, keyOf: () => undefined }, content, pages),
  );
  fails('open-failed', () =>
    openPages(suite, { ...opening, keyOf: () => new Uint8Array(32) }, content, pages),
  );
  fails('page-mismatch', () => openPages(suite, opening, content, pages.toReversed()));
  fails('page-mismatch', () => openPages(suite, opening, content, pages.slice(1)));
  fails('page-mismatch', () => openPages(suite, opening, content, [...pages, ...pages]));
});

test('counts and lengths that do not add up are refused', () => {
  const { content } = sealPages(suite, place, chunkRefs(3));
  for (const wrong of [{ chunkCount: 2 }, { storedBytes: content.storedBytes + 1 }]) {
    fails('page-mismatch', () => openPages(suite, opening, { ...content, ...wrong }, []));
  }
  fails('page-mismatch', () =>
    openPages(suite, opening, { ...content, pages: ['44'.repeat(32) as PageId] }, []),
  );
  const tooMany = sealPage(suite, place, chunkRefs(33));
  const sum = chunkRefs(33).reduce((total, { storedLength }) => total + storedLength, 0);
  const inline = { storedBytes: sum, chunkCount: 33, inlinePage: tooMany, pages: [] };
  fails('page-mismatch', () => openPages(suite, opening, inline, []));
});

test('a plain length that does not fit the stored one is refused', () => {
  for (const plainLength of [0, 1, 4_194_305, 2 ** 31]) {
    const page = sealPage(suite, place, [{ ...chunkRef(500), plainLength }]);
    fails('page-mismatch', () => openPage(suite, opening, page));
  }
});

test('a public half that was changed does not open', () => {
  const page = sealPage(suite, place, chunkRefs(2));
  const at = page.length - parsePage(page).sealed.length - 40;
  const flipped = page.slice();
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  assert.throws(() => openPage(suite, opening, flipped), IntegrityError);
  fails('malformed', () => openPage(suite, opening, page.subarray(1)));
  fails('malformed', () => openPage(suite, opening, new Uint8Array(0)));
});
