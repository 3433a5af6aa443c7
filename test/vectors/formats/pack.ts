import { bytesToHex, hexToBytes } from '@coffer/protocol/core';
import { encodePack, packLength, pageId, readPack, type PackBody } from '@coffer/protocol/content';
import { sealChunk } from '@coffer/protocol/content/open';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit, setByte } from './change-bytes.ts';

type Input = { readonly pack: string };

/** Packs of chunks and pages. */
export const packs = defineFormat<Input>({
  name: 'pack',
  about: 'Packs as the server reads them: §6.',
  cases,
  read: (suite, { pack }) =>
    readPack(suite, hexToBytes(pack)).map(({ id, isPage, offset, bytes }) => ({
      id,
      isPage,
      offset,
      length: bytes.length,
    })),
});

function cases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const contentKey = suite.randomBytes(32);
  const chunk = (length: number): PackBody => {
    const { ref, parts } = sealChunk(suite, contentKey, suite.randomBytes(length));
    return { id: ref.id, isPage: false, parts };
  };
  const pageBytes = suite.randomBytes(200);
  const page: PackBody = { id: pageId(suite, pageBytes), isPage: true, parts: [pageBytes] };
  const bodies = [chunk(10), page, chunk(400)];
  const goodPack = encodePack(bodies);
  const good = bytesToHex(goodPack);
  const firstLength = packLength(0, 0) + 32;
  const wrong = (name: string, refused: string, pack: string): CaseInput<Input> => ({
    name,
    unlike: 'two chunks and a page',
    refused,
    input: { pack },
  });
  const otherId = ({ id }: PackBody) => `the body of ${id} has another id`;
  const asPage = setByte(good, firstLength, 0x80);
  const [first, , third] = bodies as [PackBody, PackBody, PackBody];
  return [
    { name: 'one chunk', input: { pack: bytesToHex(encodePack([first])) } },
    { name: 'two chunks and a page', input: { pack: good } },
    wrong('nothing', 'not a pack', ''),
    wrong('another magic', 'not a pack', flipBit(good, 0)),
    wrong('version 2', 'not a pack', setByte(good, 4, 2)),
    wrong('a reserved byte', 'not a pack', setByte(good, 5, 1)),
    wrong('no body', 'a pack has 1 to 4096 bodies', `${good.slice(0, 12)}0000`),
    wrong('4,097 bodies', 'a pack has 1 to 4096 bodies', setByte(setByte(good, 6, 16), 7, 1)),
    wrong('an index cut off', 'the index of a pack is cut off', good.slice(0, 200)),
    wrong('the last byte cut off', 'a body of a pack is cut off', good.slice(0, -2)),
    wrong('a byte too many', 'bytes after the last body of a pack', `${good}00`),
    wrong(
      'a length that no chunk has',
      'no body of a pack has this length',
      flipBit(good, firstLength + 3),
    ),
    wrong('a body twice', 'an id is twice in a pack', bytesToHex(encodePack([first, first]))),
    wrong('a flipped bit in a chunk', otherId(third), flipBit(good, -1)),
    wrong('a chunk called a page', otherId(first), asPage),
    wrong(
      'a page under a chunk id',
      otherId(first),
      bytesToHex(encodePack([{ ...page, id: first.id }])),
    ),
  ];
}
