import { bytesToHex, hexToBytes } from '@coffer/protocol/core';
import { deriveKey, hash, labelBytes, LABELS, type Label } from '@coffer/protocol/crypto';
import { defineFormat, Refusal, type CaseInput } from '../vector.ts';

type Input = {
  readonly label: string;
  /** Absent: H(label, parts). Present: KDF(key, label, parts). */
  readonly key?: string;
  readonly parts: readonly string[];
};

/** H and KDF, with every label of the registry once. */
export const hashes = defineFormat<Input>({
  name: 'hash',
  about: 'H(x, b…) and KDF(k, x, b…) with every label: §1, §10.',
  cases: (suite) => {
    const key = bytesToHex(suite.randomBytes(32));
    const part = bytesToHex(suite.randomBytes(16));
    const long = bytesToHex(suite.randomBytes(1000));
    const byLabel = LABELS.map((label): CaseInput<Input> => ({
      name: `H with the label ${label}`,
      input: { label, parts: [part] },
    }));
    const keyLengths = [0, 1, 32, 63, 64, 65, 200];
    const byKey = keyLengths.map((length): CaseInput<Input> => ({
      name: `KDF with a key of ${length} bytes`,
      input: { label: 'pair-key', key: bytesToHex(suite.randomBytes(length)), parts: [part] },
    }));
    return [
      { name: 'H of nothing', input: { label: 'node', parts: [] } },
      { name: 'H of several parts', input: { label: 'node', parts: [part, '', long] } },
      { name: 'KDF of nothing', input: { label: 'root-key', key, parts: [] } },
      {
        name: 'KDF of several parts',
        input: { label: 'root-key', key, parts: [part, long, part] },
      },
      ...byKey,
      ...byLabel,
      {
        name: 'a label that is not in the registry',
        unlike: 'H of nothing',
        refused: 'not a label',
        input: { label: 'nodes', parts: [] },
      },
    ];
  },
  read: (suite, { label, key, parts }) => {
    const known = LABELS.find((one) => one === label);
    if (known === undefined) throw new Refusal('not a label');
    const bytes = parts.map(hexToBytes);
    return {
      prefix: bytesToHex(labelBytes(known)),
      digest: bytesToHex(result(known, bytes)),
    };

    function result(x: Label, b: readonly Uint8Array[]): Uint8Array {
      return key === undefined ? hash(suite, x, ...b) : deriveKey(suite, hexToBytes(key), x, ...b);
    }
  },
});
