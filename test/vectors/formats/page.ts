import { encodeCbor } from '@coffer/protocol/codec';
import {
  bytesToHex,
  concatBytes,
  hexToBytes,
  idToBytes,
  parseDigest,
  parseId,
  u32be,
  type ChunkId,
  type NodeId,
  type PageId,
  type SpaceId,
} from '@coffer/protocol/core';
import { pageId, parsePage, storedChunkLength } from '@coffer/protocol/content';
import { openPage, sealPage, type ChunkRef } from '@coffer/protocol/content/open';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { seal } from '@coffer/protocol/crypto/open';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  readonly space: string;
  readonly node: string;
  readonly kr: number;
  /** F_kr. */
  readonly key: string;
  readonly id: string;
  readonly page: string;
};

const OTHER_ID = 'page-mismatch: a page has another id than the record says';
const MALFORMED = 'malformed: a page is malformed';
const DOES_NOT_OPEN = 'open-failed: a sealed object (page) does not open';

/** Pages of a file's chunk list. */
export const pages = defineFormat<Input>({
  name: 'page',
  about:
    'Pages: §5. The public half lists ids and stored lengths, the sealed one keys and plain lengths.',
  cases,
  read: (suite, input) => {
    const key = hexToBytes(input.key);
    const place = {
      space: parseId<SpaceId>(input.space),
      node: parseId<NodeId>(input.node),
      keyOf: (kr: number) => (kr === input.kr ? key : undefined),
    };
    const page = hexToBytes(input.page);
    const opened = openPage(suite, place, page, parseDigest<PageId>(input.id));
    return opened.map((chunk) => ({
      id: chunk.id,
      key: bytesToHex(chunk.key),
      plainLength: chunk.plainLength,
      storedLength: chunk.storedLength,
    }));
  },
});

function cases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const place = {
    space: parseId<SpaceId>(bytesToHex(suite.randomBytes(16))),
    node: parseId<NodeId>(bytesToHex(suite.randomBytes(16))),
    kr: 7,
    key: suite.randomBytes(32),
  };
  const chunkRef = (plainLength: number): ChunkRef => ({
    id: parseDigest<ChunkId>(bytesToHex(suite.randomBytes(32))),
    key: suite.randomBytes(32),
    plainLength,
    storedLength: storedChunkLength(plainLength),
  });
  const inputOf = (page: Uint8Array): Input => ({
    space: place.space,
    node: place.node,
    kr: place.kr,
    key: bytesToHex(place.key),
    id: pageId(suite, page),
    page: bytesToHex(page),
  });
  const refs = [chunkRef(1), chunkRef(70_000), chunkRef(4_194_304)];
  const goodPage = sealPage(suite, place, refs);
  const good = inputOf(goodPage);
  const { public: publicHalf, sealed } = parsePage(goodPage);
  const wrong = (name: string, refused: string, input: Partial<Input>): CaseInput<Input> => ({
    name,
    unlike: 'three chunks',
    refused,
    input: { ...good, ...input },
  });
  const malformed = (name: string, page: Uint8Array) => wrong(name, MALFORMED, inputOf(page));
  const encoded = (version: number, kr: number, left: Uint8Array, right: Uint8Array) =>
    encodeCbor([version, kr, left, right]);
  /** A page whose halves are made by hand, well sealed. */
  const byHand = (storedLength: number, plainLength: number) => {
    const left = concatBytes(suite.randomBytes(32), u32be(storedLength));
    const aad = [idToBytes(place.space), idToBytes(place.node), place.kr, suite.sha256(left)];
    const secrets = concatBytes(suite.randomBytes(32), u32be(plainLength));
    return inputOf(encoded(1, place.kr, left, seal(suite, place.key, 'page', aad, secrets)));
  };
  const lengths = 'page-mismatch: stored and plain length of a chunk disagree';
  const noPlainLength = 'page-mismatch: no chunk has this plain length';
  return [
    { name: 'one chunk', input: inputOf(sealPage(suite, place, refs.slice(0, 1))) },
    { name: 'three chunks', input: good },
    wrong('another id', OTHER_ID, { id: flipBit(good.id, 0) }),
    wrong('a flipped bit', OTHER_ID, { page: flipBit(good.page, 50) }),
    wrong('another space', DOES_NOT_OPEN, { space: flipBit(good.space, 0) }),
    wrong('another node', DOES_NOT_OPEN, { node: flipBit(good.node, 0) }),
    wrong('another key', DOES_NOT_OPEN, { key: flipBit(good.key, 0) }),
    wrong('a key that is not known', 'open-failed: a page is sealed under an unknown key', {
      kr: 8,
    }),
    wrong(
      'another public half',
      DOES_NOT_OPEN,
      inputOf(encoded(1, 7, hexToBytes(flipBit(bytesToHex(publicHalf), 0)), sealed)),
    ),
    malformed('version 2', encoded(2, 7, publicHalf, sealed)),
    malformed('no chunk', encoded(1, 7, new Uint8Array(0), sealed.subarray(0, 73))),
    malformed('a public entry less', encoded(1, 7, publicHalf.subarray(0, 72), sealed)),
    malformed(
      'half an entry',
      encoded(1, 7, publicHalf.subarray(0, 90), sealed.subarray(0, sealed.length - 18)),
    ),
    malformed('a byte too many', concatBytes(goodPage, Uint8Array.of(0))),
    malformed('a number in more bytes than it needs', longerNumber(goodPage)),
    wrong('a stored length that no chunk has', MALFORMED, byHand(309, 1)),
    wrong('a stored length above the limit', MALFORMED, byHand(4_194_304 + 53, 4_194_304)),
    wrong('lengths that disagree', lengths, byHand(storedChunkLength(300), 256)),
    wrong('a plain length of zero', noPlainLength, byHand(storedChunkLength(1), 0)),
    wrong('a plain length above the limit', noPlainLength, byHand(4_194_304 + 52, 4_194_305)),
  ];
}

/** The page with kr = 7 written in two bytes instead of one. */
function longerNumber(page: Uint8Array): Uint8Array {
  return concatBytes(page.subarray(0, 2), Uint8Array.of(0x18, 7), page.subarray(3));
}
