/** The planner alone on random trees, and the decision cells that it reached. */
import { CELLS, type Cell } from '../../native-worker/src/planner/cells.ts';
import {
  runPlannerCases,
  type CasesReport,
} from '../../native-worker/src/planner/testing/cases.ts';

export interface PlannerReport extends CasesReport {
  readonly unreached: readonly Cell[];
  /** The most rounds of a plain case. */
  readonly plainRoundsMax: number;
}

export interface PlannerCasesOptions {
  readonly seed: number;
  readonly count: number;
  readonly failuresMax?: number;
}

/**
 * Plain cases, and for a fifth of the seeds again: with what cannot be read, is ignored or left out; with
 * names that a root shows in another form; and with what random edits hardly ever come to.
 */
export function runPlanner(options: PlannerCasesOptions): PlannerReport {
  const plain = runPlannerCases(options);
  const fewer = { ...options, count: Math.ceil(options.count / MORE_ONE_OF) };
  const runs = [
    plain,
    runPlannerCases({ ...fewer, isTroubled: true }),
    runPlannerCases({ ...fewer, isDecomposing: true }),
    runPlannerCases({ ...fewer, isVaried: true }),
  ];
  const cells = new Map<Cell, number>();
  for (const run of runs)
    for (const [cell, n] of run.cells) cells.set(cell, (cells.get(cell) ?? 0) + n);
  return {
    count: runs.reduce((sum, { count }) => sum + count, 0),
    failures: runs.flatMap(({ failures }) => failures),
    plainRoundsMax: plain.roundsMax,
    roundsMax: Math.max(...runs.map(({ roundsMax }) => roundsMax)),
    operations: runs.reduce((sum, { operations }) => sum + operations, 0),
    cells,
    unreached: CELLS.filter((cell) => !cells.has(cell)),
  };
}

const MORE_ONE_OF = 5;
