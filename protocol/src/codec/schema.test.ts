import assert from 'node:assert/strict';
import test from 'node:test';
import { FormatError, type NodeId } from '../core/index.ts';
import * as schema from './schema.ts';

test('each shape takes what it says and refuses everything else', () => {
  const bytes16 = new Uint8Array(16).fill(7);
  const cases: readonly (readonly [string, schema.Schema<unknown>, unknown[], unknown[]])[] = [
    ['uint', schema.uint(), [0, 2 ** 53 - 1], [-1, 1.5, 2 ** 53, 1n, '1', null, Number.NaN]],
    ['uint to a limit', schema.uint(4), [0, 4], [5, -1]],
    ['int', schema.int, [-(2 ** 53 - 1), 0], [-(2 ** 53), 0.5, 1n, '0', null]],
    ['bool', schema.bool, [true, false], [0, 1, null, 'true']],
    ['literal', schema.literal(1), [1], [0, 2, '1', true, null, 1n]],
    [
      'bytes',
      schema.bytes(2),
      [new Uint8Array(2)],
      [new Uint8Array(1), new Uint8Array(3), 'ab', null, [0, 0]],
    ],
    [
      'bytes in a range',
      schema.bytes(1, 2),
      [new Uint8Array(1), new Uint8Array(2)],
      [new Uint8Array(0), new Uint8Array(3)],
    ],
    ['text', schema.text(2), ['', 'ab', '😀'], ['abc', 1, null, new Uint8Array(1)]],
    [
      'id',
      schema.id<NodeId>(),
      [bytes16],
      [new Uint8Array(16), new Uint8Array(15), '07'.repeat(16)],
    ],
    ['digest', schema.digest(), [new Uint8Array(32)], [bytes16, null, '0'.repeat(64)]],
    ['nullable', schema.nullable(schema.bool), [null, true], [0, undefined]],
    [
      'tuple',
      schema.tuple(schema.bool, schema.int),
      [[true, 1]],
      [[true], [true, 1, 1], [1, true], 'x', null, {}],
    ],
    ['list', schema.list(schema.bool, 2), [[], [true, false]], [[true, true, true], [1], null, {}]],
  ];
  for (const [name, shape, good, bad] of cases) {
    for (const value of good)
      assert.doesNotThrow(() => shape(value), `${name} takes ${String(value)}`);
    for (const value of bad) {
      assert.throws(() => shape(value), FormatError, `${name} refuses ${String(value)}`);
    }
  }
});
