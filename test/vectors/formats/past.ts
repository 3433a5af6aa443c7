import {
  bytesToHex,
  digestFromBytes,
  parseDigest,
  type CommitId,
  type Digest,
} from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { extendEdge, pastRoot, provePast, verifyPast } from '@coffer/protocol/model';
import { defineFormat, Refusal, type CaseInput } from '../vector.ts';
import { flipBit } from './change-bytes.ts';

type Input = {
  readonly root: string;
  readonly id: string;
  readonly size: number;
  readonly index: number;
  readonly path: readonly string[];
};

/** That a commit is one of those before a head. */
export const pasts = defineFormat<Input>({
  name: 'past',
  about: 'Inclusion of a commit id in the past of a space: §4, shape of RFC 9162 §2.1.',
  cases: makeCases,
  read: (suite, { root, id, size, index, path }) => {
    const proof = { size, index, path: path.map((node) => parseDigest<Digest>(node)) };
    const holds = verifyPast(suite, parseDigest(root), parseDigest<CommitId>(id), proof);
    if (!holds) throw new Refusal('not in the past');
    return { seq: index + 1 };
  },
});

function makeCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const ids = Array.from({ length: 13 }, () => digestFromBytes<CommitId>(suite.randomBytes(32)));
  const input = (size: number, index: number): Input => {
    let edge: readonly Digest[] = [];
    const some = ids.slice(0, size);
    for (const [at, id] of some.entries()) edge = extendEdge(suite, edge, at, id);
    const proof = provePast(suite, some, index);
    return {
      root: pastRoot(suite, edge),
      id: ids[index] ?? bytesToHex(new Uint8Array(32)),
      ...proof,
    };
  };
  const good = input(13, 4);
  const wrong = (name: string, change: Partial<Input>): CaseInput<Input> => ({
    name,
    unlike: 'the fifth of thirteen',
    refused: 'not in the past',
    input: { ...good, ...change },
  });
  return [
    { name: 'the only one', input: input(1, 0) },
    { name: 'the first of two', input: input(2, 0) },
    { name: 'the last of three', input: input(3, 2) },
    { name: 'the third of seven', input: input(7, 2) },
    { name: 'the fifth of thirteen', input: good },
    { name: 'the last of thirteen', input: input(13, 12) },
    wrong('another id', { id: ids[5] ?? good.id }),
    wrong('another place', { index: 5 }),
    wrong('a place outside', { index: 13 }),
    wrong('another size', { size: 3 }),
    wrong('another root', { root: flipBit(good.root, 0) }),
    wrong('a path that is too short', { path: good.path.slice(1) }),
    wrong('a path that is too long', { path: [...good.path, good.root] }),
    wrong('a path in another order', { path: good.path.toReversed() }),
    wrong('a flipped bit of the path', { path: good.path.map((node) => flipBit(node, 31)) }),
  ];
}
