import assert from 'node:assert/strict';
import test from 'node:test';
import { lineOf } from './daemons.ts';
import { median, reportOf } from './table.ts';
import type { Sample } from './workloads.ts';

const SIZES = { files: 10, bigMib: 1, insertMib: 1, renamed: 10, scanned: 10 };

test('a median is the middle, or lies between the two middle values', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(median([null, 5]), 5);
  assert.equal(median([]), null);
});

test('what is slower than its target, or sends more, is said to fall short', () => {
  const samples: readonly Sample[] = [
    { workload: 'W1', subject: 'coffer', cost: { seconds: 3, cpuSeconds: 2, bytesSent: 9 } },
    { workload: 'W1', subject: 'restic', cost: { seconds: 2, cpuSeconds: 1 } },
    { workload: 'W1', subject: 'copy', cost: { seconds: 0.5, cpuSeconds: null } },
    { workload: 'W1', subject: 'seal', cost: { seconds: 0.5, cpuSeconds: null } },
    { workload: 'W4', subject: 'coffer', cost: { seconds: 1, cpuSeconds: 1, bytesSent: 70_000 } },
    { workload: 'W7a', subject: 'coffer', cost: { seconds: 1, cpuSeconds: 1, bytesSent: 0 } },
    { workload: 'W7a', subject: 'restic', cost: { seconds: 1, cpuSeconds: 1 } },
  ];
  const lines = reportOf(samples, SIZES);
  assert.match(lines[1] ?? '', /^W1 .* 3\.00 +2\.00 +- +2\.00 +1\.00 +1\.00 +1\.50 +3\.00 +1$/);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('falls short')),
    ['falls short: W1 takes 1.50 × restic, not 1', 'falls short: W4 sends 70000 bytes, not 65536'],
  );
});

test('a figure of a daemon says its target when it misses it, and only then', () => {
  assert.match(lineOf({ title: 'rest', value: 0.2, unit: 's', max: 0.15 }), /0\.20 s  falls short/);
  assert.doesNotMatch(lineOf({ title: 'rest', value: 0.1, unit: 's', max: 0.15 }), /falls short/);
  assert.match(lineOf({ title: 'rest', value: null, unit: 's', max: 0.15 }), /- *$/);
});
