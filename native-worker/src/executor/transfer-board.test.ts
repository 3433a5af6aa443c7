import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperationId } from '../planner/types.ts';
import { TransferBoard } from './transfer-board.ts';

const transfer = (id: string): Parameters<TransferBoard['start']>[0] => ({
  id: id as OperationId,
  pair: 'pair',
  path: id,
  direction: 'up',
  bytesTotal: 1,
  startedMs: 0,
});

test('a transfer ends with the signal of the whole, with its reason, unless it ended before', () => {
  const board = new TransferBoard();
  const whole = new AbortController();
  const running = board.start(transfer('running'), whole.signal);
  const ended = board.start(transfer('ended'), whole.signal);
  board.end('ended' as OperationId);
  whole.abort(new Error('paused'));
  assert.equal(running.aborted, true);
  assert.match(String(running.reason), /paused/);
  assert.equal(ended.aborted, false);
  assert.equal(board.start(transfer('late'), whole.signal).aborted, true);
});

test('holding one transfer back leaves the others of its signal alone', () => {
  const board = new TransferBoard();
  const whole = new AbortController();
  const held = board.start(transfer('held'), whole.signal);
  const other = board.start(transfer('other'), whole.signal);
  assert.equal(board.hold('held' as OperationId, 10), true);
  assert.equal(held.aborted, true);
  assert.equal(other.aborted, false);
  assert.equal(whole.signal.aborted, false);
});
