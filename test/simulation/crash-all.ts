/**
 * I10: a crash at every step of recorded histories. A world runs its first phase without faults; then
 * it runs once for every disk call of each device in that phase, switched off exactly there. All other
 * invariants must hold.
 */
import type { WorldOptions } from './options.ts';
import { runPool } from './pool.ts';
import type { SeedVerdict } from './verdict.ts';

export interface CrashAllOptions {
  readonly from: number;
  /** Histories. */
  readonly seeds: number;
  /** Every n-th disk call. */
  readonly stride: number;
  readonly workers: number;
  readonly onFailure: (verdict: SeedVerdict) => void;
  readonly onProgress: (text: string) => void;
}

export interface CrashAllReport {
  readonly histories: number;
  readonly crashes: number;
  readonly failed: number;
}

export async function crashAll(options: CrashAllOptions): Promise<CrashAllReport> {
  let crashes = 0;
  let failed = 0;
  for (let seed = options.from; seed < options.from + options.seeds; seed++) {
    const without = { phasesAfter: 1, features: ['probes'] } as const;
    const whole: WorldOptions = { seed, noFaults: true, without };
    const [calm] = await runAll([whole], 1);
    if (calm === undefined || calm.violations.length > 0) {
      if (calm !== undefined) options.onFailure(calm);
      failed++;
      continue;
    }
    const worlds = calm.firstActivity.flatMap(({ from, to }, device) =>
      everyCall(from, to, options.stride).map((atCall) => ({
        ...whole,
        crash: { device, atCall },
      })),
    );
    const verdicts = await runAll(worlds, options.workers);
    const broken = verdicts.filter(({ violations }) => violations.length > 0);
    for (const verdict of broken) options.onFailure(verdict);
    crashes += verdicts.length;
    failed += broken.length;
    options.onProgress(`seed ${seed}: ${verdicts.length} crashes, ${broken.length} failed`);
  }
  return { histories: options.seeds, crashes, failed };
}

function everyCall(from: number, to: number, stride: number): readonly number[] {
  const count = Math.max(0, Math.ceil((to - from) / stride));
  return Array.from({ length: count }, (_, i) => from + 1 + i * stride);
}

async function runAll(
  worlds: readonly WorldOptions[],
  workers: number,
): Promise<readonly SeedVerdict[]> {
  const queue = [...worlds].reverse();
  const verdicts: SeedVerdict[] = [];
  await runPool({
    workers: Math.min(workers, worlds.length),
    next: () => {
      const options = queue.pop();
      return options === undefined ? undefined : { options, isTwice: false };
    },
    onVerdict: (verdict) => verdicts.push(verdict),
  });
  return verdicts;
}
