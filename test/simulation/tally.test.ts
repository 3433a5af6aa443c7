import assert from 'node:assert/strict';
import test from 'node:test';
import { CELLS } from '../../native-worker/src/planner/cells.ts';
import { Tally } from './tally.ts';
import { judgeSeed } from './verdict.ts';

test('the decision cells that worlds reach count together with those of planner cases', async () => {
  const options = { seed: 1, noFaults: true, without: { phasesAfter: 1 } };
  const verdict = await judgeSeed({ options, isTwice: false });
  const tally = new Tally();
  tally.add(verdict);
  assert.ok(tally.cells.has('new.local'));
  assert.ok(tally.cells.has('new.remote'));
  assert.equal(tally.unreached().length, CELLS.length - tally.cells.size);
  const elsewhere = tally.unreached()[0];
  assert.ok(elsewhere !== undefined);
  assert.equal(
    tally.unreached(new Map([[elsewhere, 1]])).length,
    CELLS.length - tally.cells.size - 1,
  );
});
