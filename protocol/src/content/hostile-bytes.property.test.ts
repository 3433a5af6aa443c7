/** Whatever bytes come, the readers of the server refuse them as malformed or read what is there. */
import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { concatBytes, FormatError, type Bytes, type NodeId, type SpaceId } from '../core/index.ts';
import { createNodeOpenSuite } from '../suites/node-open.ts';
import { encodePack, parsePack, readPack } from './pack.ts';
import { encodePage, pageId, parsePage } from '../model/page.ts';
import { sealChunk, sealPage } from './open/index.ts';

const suite = await createNodeOpenSuite();
const place = {
  space: '11'.repeat(16) as SpaceId,
  node: '22'.repeat(16) as NodeId,
  kr: 3,
  key: new Uint8Array(32).fill(4),
};
const chunks = [1, 300, 5000].map((length) =>
  sealChunk(suite, place.key, new Uint8Array(length).fill(length & 0xff)),
);
const page = sealPage(
  suite,
  place,
  chunks.map(({ ref }) => ref),
);
const pack = encodePack([
  ...chunks.map(({ ref, parts }) => ({ id: ref.id, isPage: false, parts })),
  { id: pageId(suite, page), isPage: true, parts: [page] },
]);

/** `bytes` with some bytes replaced, a piece cut out and another put in. */
function damaged(bytes: Bytes): fc.Arbitrary<Uint8Array> {
  const position = fc.oneof(
    fc.nat({ max: bytes.length - 1 }),
    fc.nat({ max: Math.min(200, bytes.length - 1) }),
  );
  const replaced = fc.array(fc.tuple(position, fc.nat({ max: 255 })), { maxLength: 4 });
  const splice = fc.tuple(position, fc.nat({ max: 40 }), fc.uint8Array({ maxLength: 40 }));
  return fc.tuple(replaced, fc.option(splice)).map(([changes, cut]) => {
    const copy = bytes.slice();
    for (const [at, value] of changes) copy[at] = value;
    if (cut === null) return copy;
    const [at, length, put] = cut;
    return concatBytes(copy.subarray(0, at), put, copy.subarray(at + length));
  });
}

/** What `read` gives, or undefined when it refuses the bytes; any other error fails the test. */
function readOrRefuse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

test('a damaged page is refused or is the one encoding of what is read', () => {
  fc.assert(
    fc.property(fc.oneof(damaged(page), fc.uint8Array({ maxLength: 300 })), (bytes) => {
      const parsed = readOrRefuse(() => parsePage(bytes));
      if (parsed === undefined) return;
      assert.deepEqual(encodePage(parsed.kr, parsed.public, parsed.sealed), bytes);
    }),
    { numRuns: 2000 },
  );
});

test('any chunks come back from their pack, in order', () => {
  const lengths = fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(lengths, (some) => {
      const sealed = some.map((length) =>
        sealChunk(suite, place.key, new Uint8Array(length).fill(1 + (length % 255))),
      );
      const entries = readPack(
        suite,
        encodePack(sealed.map(({ ref, parts }) => ({ id: ref.id, isPage: false, parts }))),
      );
      assert.deepEqual(
        entries.map(({ id, isPage, bytes }) => ({ id, isPage, bytes: concatBytes(bytes) })),
        sealed.map(({ ref, parts }) => ({
          id: ref.id,
          isPage: false,
          bytes: concatBytes(...parts),
        })),
      );
    }),
  );
});

test('a damaged pack is refused or is the one encoding of what is read', () => {
  fc.assert(
    fc.property(fc.oneof(damaged(pack), fc.uint8Array({ maxLength: 300 })), (bytes) => {
      const entries = readOrRefuse(() => parsePack(bytes));
      if (entries === undefined) return;
      const again = encodePack(
        entries.map((entry) => ({ id: entry.id, isPage: entry.isPage, parts: [entry.bytes] })),
      );
      assert.deepEqual(again, bytes);
    }),
    { numRuns: 2000 },
  );
});

test('a damaged pack never passes the check of its hashes', () => {
  fc.assert(
    fc.property(damaged(pack), (bytes) => {
      const isSame = Buffer.from(bytes).equals(pack);
      assert.equal(readOrRefuse(() => readPack(suite, bytes)) !== undefined, isSame);
    }),
    { numRuns: 1000 },
  );
});
