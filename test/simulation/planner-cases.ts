/** The planner alone on random trees, and the decision cells that it reached. */
import { CELLS, type Cell } from '../../native-worker/src/planner/cells.ts';
import {
  runPlannerCases,
  type CasesReport,
} from '../../native-worker/src/planner/testing/cases.ts';

export interface PlannerReport extends CasesReport {
  readonly unreached: readonly Cell[];
}

export interface PlannerCasesOptions {
  readonly seed: number;
  readonly count: number;
  readonly failuresMax?: number;
}

/** Plain cases, and as many again of a fifth of the seeds with what cannot be read, ignored or left out. */
export function runPlanner(options: PlannerCasesOptions): PlannerReport {
  const plain = runPlannerCases(options);
  const troubled = runPlannerCases({
    ...options,
    count: Math.ceil(options.count / TROUBLED_ONE_OF),
    isTroubled: true,
  });
  const cells = new Map(plain.cells);
  for (const [cell, n] of troubled.cells) cells.set(cell, (cells.get(cell) ?? 0) + n);
  return {
    count: plain.count + troubled.count,
    failures: [...plain.failures, ...troubled.failures],
    roundsMax: Math.max(plain.roundsMax, troubled.roundsMax),
    operations: plain.operations + troubled.operations,
    cells,
    unreached: CELLS.filter((cell) => !cells.has(cell)),
  };
}

const TROUBLED_ONE_OF = 5;
