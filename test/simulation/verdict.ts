/** One seed, run once or twice, and what became of it: data that can travel between threads. */
import { invariantOf, type WorldOptions, type WorldReport } from './options.ts';
import { runWorld } from './world.ts';

export interface SeedJob {
  readonly options: WorldOptions;
  /** Both runs must give one log (I9). */
  readonly isTwice: boolean;
}

export interface SeedVerdict extends WorldReport {
  readonly options: WorldOptions;
  readonly wasTwice: boolean;
  readonly seconds: number;
}

export async function judgeSeed({ options, isTwice }: SeedJob): Promise<SeedVerdict> {
  const began = performance.now();
  const report = await runTwice(options, isTwice);
  const seconds = (performance.now() - began) / 1000;
  return { ...report, options, wasTwice: isTwice, seconds };
}

async function runTwice(options: WorldOptions, isTwice: boolean): Promise<WorldReport> {
  try {
    const report = await runWorld(options);
    if (!isTwice) return report;
    const again = await runWorld(options);
    return { ...report, violations: [...report.violations, ...differences(report, again)] };
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return brokenWorld(options, `broken: ${what}`);
  }
}

/** I9: two runs of one world have one log. */
export function differences(first: WorldReport, again: WorldReport): readonly string[] {
  if (first.logHash === again.logHash) return [];
  const at = first.log.findIndex((line, i) => line !== again.log[i]);
  return [`I9: two runs differ at line ${at}: ${first.log[at]} / ${again.log[at]}`];
}

/** The report of a world that did not come to its end. */
export function brokenWorld(options: WorldOptions, violation: string): WorldReport {
  return {
    seed: options.seed,
    logHash: '',
    log: [],
    violations: [violation],
    deeds: 0,
    actions: [],
    phases: 0,
    crashes: 0,
    requests: 0,
    faults: new Map(),
    features: [],
    cells: new Map(),
    firstActivity: [],
  };
}

/** Names of the invariants that a world broke. */
export function brokenInvariants({ violations }: WorldReport): ReadonlySet<string> {
  return new Set(violations.map(invariantOf));
}
