/** Every world that once failed, and keeps the invariants since. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keptSeeds } from './kept-seeds.ts';
import { judgeSeed } from './verdict.ts';

const HANGS_AFTER_MS = 600_000;

describe('simulation: kept seeds', () => {
  for (const { name, kept } of keptSeeds()) {
    test(`${name}: ${kept.reason}`, { timeout: HANGS_AFTER_MS }, async () => {
      const { reason: _reason, ...options } = kept;
      const verdict = await judgeSeed({ options, isTwice: false });
      assert.deepEqual(
        verdict.violations,
        [],
        `again: npm run simulate -- --kept ${name} --once --verbose`,
      );
    });
  }
});
