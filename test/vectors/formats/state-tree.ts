import { bytesToHex, hexToBytes } from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { encodeBody, MemoryState, parseTreeKey, planTreeUpdate } from '@coffer/protocol/model';
import { defineFormat, type CaseInput } from '../vector.ts';

type Input = { readonly records: readonly (readonly [key: string, record: string])[] };

/** Roots of the state tree. */
export const stateTrees = defineFormat<Input>({
  name: 'state-tree',
  about: 'Roots of the state tree over records that ascend by key: §4.',
  cases: makeCases,
  read: (suite, { records }) => {
    const changes = records.map(
      ([key, record]) => [parseTreeKey(key), hexToBytes(record)] as const,
    );
    encodeBody(changes);
    const { root, treeNodes } = planTreeUpdate(suite, new MemoryState(), changes);
    return { root, storedRows: treeNodes.length };
  },
});

function makeCases(suite: OpenSuite): readonly CaseInput<Input>[] {
  const record = (): string => bytesToHex(suite.randomBytes(3));
  const of = (...keys: readonly string[]): Input => ({
    records: keys.map((key) => [key.padEnd(64, '0'), record()] as const),
  });
  const many = (count: number): Input => ({
    records: Array.from({ length: count }, () => bytesToHex(suite.randomBytes(32)))
      .sort()
      .map((key) => [key, record()] as const),
  });
  const two = of('4', '8');
  return [
    { name: 'no record', input: { records: [] } },
    { name: 'one record', input: of('5') },
    { name: 'keys that differ in the first bit', input: two },
    {
      name: 'keys that differ in the last bit',
      input: of(`${'a'.repeat(63)}2`, `${'a'.repeat(63)}3`),
    },
    { name: 'keys that differ in bit 7', input: of('fe', 'ff') },
    { name: 'keys that differ in bit 8', input: of('ab0', 'ab8') },
    { name: 'three keys', input: of('1', '2', 'f') },
    { name: 'siblings and strangers', input: of('00', '01', '0102', '02', '80', '81') },
    { name: '32 records: no stored row', input: many(32) },
    { name: '33 records: the first stored rows', input: many(33) },
    { name: '200 records', input: many(200) },
    {
      name: 'keys out of order',
      unlike: 'keys that differ in the first bit',
      refused: 'changes do not ascend by key',
      input: { records: two.records.toReversed() },
    },
    {
      name: 'a key twice',
      unlike: 'one record',
      refused: 'changes do not ascend by key',
      input: of('5', '5'),
    },
    {
      name: 'a short key',
      unlike: 'one record',
      refused: 'a tree key has 64 hexadecimal digits',
      input: { records: [['5'.repeat(62), '00']] },
    },
  ];
}
