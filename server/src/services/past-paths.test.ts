import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommitId, SpaceId } from '@coffer/protocol/core';
import { provePast } from '@coffer/protocol/model';
import { createNodeVerifySuite } from '@coffer/protocol/suites/node-verify';
import { PastPaths } from './past-paths.ts';

const suite = createNodeVerifySuite();
const SPACE = 'ab'.repeat(16) as SpaceId;
const ids = Array.from({ length: 1500 }, (_, i) => i.toString(16).padStart(64, '0') as CommitId);

function reading(): {
  readonly paths: PastPaths;
  readonly read: () => number;
  readonly turns: () => number;
} {
  let count = 0;
  let turns = 0;
  const schedule = (action: () => void): void => {
    turns++;
    queueMicrotask(action);
  };
  const store = {
    listCommitIds: (_: SpaceId, from: number, wanted: number) => {
      count += wanted;
      return Promise.resolve(ids.slice(from - 1, from - 1 + wanted));
    },
  };
  return {
    paths: new PastPaths({ store, suite, schedule }),
    read: () => count,
    turns: () => turns,
  };
}

test('every path is the one that all ids together give, whatever was kept before', async () => {
  const { paths } = reading();
  for (const size of [1, 2, 3, 255, 256, 257, 511, 512, 513, 1024, 1499, 1500]) {
    const first = ids.slice(0, size);
    for (const seq of [1, 2, 256, 257, 512, 1025, size - 1, size]) {
      if (seq < 1 || seq > size) continue;
      const expected = provePast(suite, first, seq - 1).path;
      assert.deepEqual(await paths.pathOf(SPACE, size, seq), expected, `${seq} of ${size}`);
    }
  }
});

test('a second path of a space reads a few hundred ids, not all', async () => {
  const { paths, read, turns } = reading();
  await paths.pathOf(SPACE, 1500, 3);
  assert.ok(read() >= 1200, `${read()}`);
  assert.ok(turns() >= 4, 'others have their turn while all of them are hashed');
  const before = read();
  await paths.pathOf(SPACE, 1500, 3);
  assert.ok(read() - before < 520, `${read() - before}`);
});
