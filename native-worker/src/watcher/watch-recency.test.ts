import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { WatchRecency } from './watch-recency.ts';

test('the folder that was quiet for longest is taken first, whatever was noted in between', () => {
  const step = fc.oneof(
    fc.record({ note: fc.nat({ max: 20 }), at: fc.nat({ max: 50 }) }),
    fc.record({ take: fc.nat({ max: 50 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const recency = new WatchRecency();
      const plain = new Map<string, bigint>();
      for (const one of steps) {
        if ('note' in one) {
          recency.note(String(one.note), BigInt(one.at));
          plain.set(String(one.note), BigInt(one.at));
          continue;
        }
        const taken = recency.takeQuieterThan(BigInt(one.take));
        const least = [...plain.values()].reduce<bigint | undefined>(
          (a, b) => (a === undefined || b < a ? b : a),
          undefined,
        );
        if (least === undefined || least >= BigInt(one.take)) assert.equal(taken, undefined);
        else {
          assert.equal(plain.get(taken ?? ''), least);
          plain.delete(taken ?? '');
        }
      }
    }),
  );
});
