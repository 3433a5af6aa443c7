import assert from 'node:assert/strict';
import test from 'node:test';
import {
  FILE_VERSIONS_MAX,
  REWRAPPED_CHILDREN_MAX,
  SPACE_MEMBERS_MAX,
  type AccountId,
} from '../../core/index.ts';
import { createNodeOpenSuite } from '../../suites/node-open.ts';
import type { RecordChange } from '../commit.ts';
import { TestAccount } from '../testing/test-account.ts';
import { put, TestSpace } from '../testing/test-space.ts';

const suite = await createNodeOpenSuite();

function ruleOf(space: TestSpace, changes: readonly RecordChange[]): string {
  const judged = space.judge(space.seal(changes));
  return judged.ok ? 'ok' : judged.error.rule;
}

/** Writes rows that no commit brought: histories that lead to a limit are long. */
function plant(space: TestSpace, rows: readonly RecordChange[]): void {
  space.view.apply({ records: rows, treeNodes: [] });
}

test('a space takes 500 members and no more', () => {
  const space = new TestSpace(suite);
  const bob = new TestAccount(suite);
  const crowd = Array.from({ length: SPACE_MEMBERS_MAX - 2 }, (_, i) =>
    put({
      ...space.newMember(bob, 'viewer'),
      account: `f${i.toString(16).padStart(31, '0')}` as AccountId,
    }),
  );
  plant(space, crowd);
  const last = put(space.newMember(bob, 'viewer'));
  assert.equal(ruleOf(space, [last]), 'ok');
  const other = put(space.newMember(new TestAccount(suite), 'viewer'));
  assert.equal(ruleOf(space, [last, other]), 'limits');
});

test('a file keeps 1,000 versions and no more', () => {
  const space = new TestSpace(suite);
  const file = { ...space.newNode({ kind: 'file' }), rev: 5000 };
  plant(space, [put(file)]);
  const olds = Array.from({ length: FILE_VERSIONS_MAX }, (_, i) =>
    put(space.version(file, { rev: i + 1 })),
  );
  const next = put(space.revised(file, { content: space.content() }));
  plant(space, olds.slice(1));
  assert.equal(ruleOf(space, [next, put(space.version(file))]), 'ok');
  plant(space, olds.slice(0, 1));
  assert.equal(ruleOf(space, [next, put(space.version(file))]), 'limits');
  const oldest: RecordChange[] = olds.slice(0, 1).map(([key]) => [key, null]);
  assert.equal(ruleOf(space, [next, put(space.version(file)), ...oldest]), 'ok');
});

test('a commit wraps 5,000 children anew and no more', () => {
  const space = new TestSpace(suite);
  const folder = space.newNode();
  space.commit([put(folder)]);
  const children = Array.from({ length: REWRAPPED_CHILDREN_MAX + 1 }, () =>
    space.newNode({ parent: folder.id }),
  );
  space.commit(children.map(put));
  const rotated = space.revised(folder, { kr: space.head.seq, wrappedKey: space.sealed(105) });
  const wrapped = children.map((child) =>
    put({ ...child, pk: rotated.kr, wrappedKey: space.sealed(105) }),
  );
  assert.equal(ruleOf(space, [put(rotated), ...wrapped.slice(1)]), 'ok');
  assert.equal(ruleOf(space, [put(rotated), ...wrapped]), 'limits');
});
