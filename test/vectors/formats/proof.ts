import { bytesToHex, hexToBytes, parseDigest, parseId, type NodeId } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import {
  MemoryState,
  parseTreeKey,
  planTreeUpdate,
  proveState,
  verifyProof,
  versionKey,
  type RecordChange,
  type TreeKey,
} from '@coffer/protocol/model';
import { toPlainJson } from '../plain-json.ts';
import { defineFormat, type CaseInput } from '../vector.ts';
import { flipBit, setByte } from './change-bytes.ts';

type Input = {
  readonly root: string;
  readonly proof: string;
  /** What is asked of it. */
  readonly keys: readonly string[];
  readonly listings: readonly string[];
  /** Changes whose next root is computed from it, or null. */
  readonly changes: readonly (readonly [key: string, record: string | null])[] | null;
};

/** Proofs about the state of a space. */
export const proofs = defineFormat<Input>({
  name: 'proof',
  about: 'Proofs of records, absence, complete listings, and witnesses of writers: §4.',
  cases: makeCases,
  read: (suite, { root, proof, keys, listings, changes }) => {
    const verified = verifyProof(suite, parseDigest(root), hexToBytes(proof));
    const rows = changes?.map(([key, record]): RecordChange => [
      parseTreeKey(key),
      record === null ? null : hexToBytes(record),
    ]);
    return toPlainJson({
      records: keys.map((key) => verified.recordDigest(parseTreeKey(key))),
      listings: listings.map((parent) => verified.listing(parseId<NodeId>(parent))),
      rootAfter: rows === undefined ? null : verified.rootAfter(rows),
    });
  },
});

const REFUSED = 'proof-invalid: a proof about the state does not hold: ';

function makeCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const files = [0, 0, 0].map(() => parseId<NodeId>(bytesToHex(suite.randomBytes(16))));
  const keys = files.flatMap((file) => [1, 2, 3, 4].map((rev) => versionKey(file, rev))).sort();
  const view = new MemoryState();
  const records = keys.map((key): RecordChange => [key, suite.randomBytes(5)]);
  const { root, treeNodes } = planTreeUpdate(suite, view, records);
  view.apply({ records, treeNodes });
  const [first, , third] = keys as [TreeKey, TreeKey, TreeKey];
  const [file, other] = files as [NodeId, NodeId];
  const absent = versionKey(file, 9);
  const input = (
    asked: Partial<Pick<Input, 'keys' | 'listings' | 'changes'>>,
    shown: Parameters<typeof proveState>[2],
    at = { view, root },
  ): Input => ({
    root: at.root,
    proof: bytesToHex(proveState(suite, at.view, shown)),
    keys: [],
    listings: [],
    changes: null,
    ...asked,
  });
  const record = input({ keys: [first] }, { keys: [first], listings: [] });
  const listing = input({ listings: [file] }, { keys: [], listings: [file] });
  const changes: NonNullable<Input['changes']> = [
    [first, null],
    [third, '0102'],
    [versionKey(files[2] ?? file, 8), '03'],
  ];
  const sorted = [...changes].sort(([a], [b]) => (a < b ? -1 : 1));
  const changed = sorted.map(([key]) => parseTreeKey(key));
  const witness = input({ changes: sorted }, { keys: changed, listings: [] });
  const empty = {
    view: new MemoryState(),
    root: planTreeUpdate(suite, new MemoryState(), []).root,
  };
  const none = input({ keys: [first] }, { keys: [first], listings: [] }, empty);
  const wrong = (name: string, unlike: string, reason: string, bad: Input): CaseInput<Input> => ({
    name,
    unlike,
    refused: REFUSED + reason,
    input: bad,
  });
  const STATE = 'it belongs to another state';
  const cut = `00${record.root}`;
  return [
    { name: 'a record', input: record },
    { name: 'no record', input: input({ keys: [absent] }, { keys: [absent], listings: [] }) },
    { name: 'a complete listing', input: listing },
    {
      name: 'an empty listing',
      input: input(
        { listings: [`7f${file.slice(2)}`] },
        { keys: [], listings: [parseId(`7f${file.slice(2)}`)] },
      ),
    },
    { name: 'a witness', input: witness },
    { name: 'nothing is there', input: none },
    { name: 'nothing is shown', input: { ...record, proof: cut, keys: [] } },
    wrong('another root', 'a record', STATE, { ...record, root: flipBit(record.root, 0) }),
    wrong('a flipped bit at the end', 'a record', STATE, {
      ...record,
      proof: flipBit(record.proof, -1),
    }),
    wrong('an unknown node', 'a record', 'it holds an unknown node', {
      ...record,
      proof: setByte(record.proof, 0, 4),
    }),
    wrong('the empty tree with more behind it', 'nothing is there', 'it holds an unknown node', {
      ...none,
      proof: '0300',
    }),
    wrong('the last byte cut off', 'a record', 'it is cut short', {
      ...record,
      proof: record.proof.slice(0, -2),
    }),
    wrong('a byte too many', 'a record', 'it has trailing bytes', {
      ...record,
      proof: `${record.proof}00`,
    }),
    wrong('nothing at all', 'a record', 'it is cut short', { ...record, proof: '' }),
    wrong('an empty tree where there is one', 'a record', STATE, { ...record, proof: '03' }),
    wrong('a record that it does not reach', 'a record', 'it does not reach a record', {
      ...record,
      proof: cut,
    }),
    wrong('a listing that it does not show', 'a complete listing', 'a listing is not complete', {
      ...listing,
      listings: [file, other],
    }),
    wrong('a change that it does not reach', 'a witness', 'it does not reach a changed record', {
      ...witness,
      proof: cut,
    }),
  ];
}
