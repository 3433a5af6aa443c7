import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '@coffer/protocol/core';
import { openEngineDatabase } from './engine-database.ts';
import { StallTable, type Stall } from './stall-table.ts';

const node = '1'.repeat(32) as NodeId;
const stall: Omit<Stall, 'sinceMs'> = {
  reason: 'FileBusy',
  node,
  local: null,
  path: 'file',
  source: 'execute',
  tries: 1,
  nextAtMs: 0,
  detail: '',
};

test('a stall is found and cleared however often nothing was found before it', () => {
  const stalls = new StallTable(openEngineDatabase(':memory:', 0), 'pair', () => 0);
  for (const round of [1, 2]) {
    assert.equal(stalls.ofOperation(node, null), undefined, `round ${round}`);
    stalls.clearOperation(node, null);
    stalls.put(stall);
    assert.equal(stalls.ofOperation(node, null)?.reason, 'FileBusy');
    stalls.clearOperation(node, null);
    assert.deepEqual(stalls.list(), []);
  }
});

test('what a plan found takes the place of what earlier plans found of the same nodes', () => {
  const db = openEngineDatabase(':memory:', 0);
  let nowMs = 1;
  const stalls = new StallTable(db, 'pair', () => nowMs);
  const subjects = { nodes: [node], locals: [] };
  stalls.replacePlanned(subjects, []);
  stalls.replacePlanned(subjects, [{ ...stall, reason: 'CaseClash' }]);
  nowMs = 2;
  stalls.replacePlanned(subjects, [{ ...stall, reason: 'CaseClash' }]);
  assert.deepEqual(
    stalls.list().map(({ reason, sinceMs }) => [reason, sinceMs]),
    [['CaseClash', 1]],
  );
  stalls.replacePlanned(subjects, []);
  assert.deepEqual(stalls.list(), []);
});

test('a stall whose transaction failed is as if it had never been, to a second reader too', () => {
  const db = openEngineDatabase(':memory:', 0);
  const [one, other] = [0, 1].map(() => new StallTable(db, 'pair', () => 0));
  assert.ok(one !== undefined && other !== undefined);
  const failing = (): void => {
    db.transaction(() => {
      one.put(stall);
      throw new Error('no room');
    });
  };
  assert.throws(failing, /no room/);
  assert.equal(other.ofOperation(node, null), undefined);
  one.put(stall);
  assert.equal(other.ofOperation(node, null)?.reason, 'FileBusy');
});
