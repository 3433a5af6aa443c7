/** What both sides do to one file, for the tables of the planner. */
import type { Cell } from '../cells.ts';
import type { PairMode } from '../types.ts';
import { CONFLICT, Scenario, type Settled, type TreeOf } from './scenario.ts';

interface Sides {
  readonly remote: TreeOf;
  readonly local: TreeOf;
}

export interface Row {
  readonly cell: Cell;
  readonly claim: string;
  readonly act: (scenario: Scenario) => void;
  /** Remote and local tree in the end; one tree where both are equal. */
  readonly ends: TreeOf | Sides;
  readonly kinds?: Settled['kinds'];
}

export const BEFORE: TreeOf = { 'd/': '', 'd/f': 'v1', 'e/': '' };
export const WITHOUT: TreeOf = { 'd/': '', 'e/': '' };
export const holding = (content: string): TreeOf => ({ ...BEFORE, 'd/f': content });
export const at = (path: string, content = 'v1'): TreeOf => sorted({ ...WITHOUT, [path]: content });
export const sides = (remote: TreeOf, local: TreeOf): Sides => ({ remote, local });

export function sorted(tree: TreeOf): TreeOf {
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const L = (act: (actor: Scenario['local']) => void) => (scenario: Scenario) => {
  act(scenario.local);
};
export const R = (act: (actor: Scenario['remote']) => void) => (scenario: Scenario) => {
  act(scenario.remote);
};
export const both =
  (one: (scenario: Scenario) => void, other: (scenario: Scenario) => void) =>
  (scenario: Scenario) => {
    one(scenario);
    other(scenario);
  };

export const editL = L((l) => l.edit('d/f', 'local'));
export const editR = R((r) => r.edit('d/f', 'remote'));
export const removeL = L((l) => l.remove('d/f'));
export const removeR = R((r) => r.remove('d/f'));
export const moveL = L((l) => l.move('d/f', 'e/l'));
export const moveR = R((r) => r.move('d/f', 'e/r'));
export const touchL = L((l) => l.touch('d/f'));
export const touchR = R((r) => r.touch('d/f'));
export const copy = `d/f ${CONFLICT}`;

/** What came of a row, and what it says should have: equal in a planner that follows the tables. */
export function runRow(
  row: Row,
  mode: PairMode,
): { readonly is: unknown; readonly should: unknown } {
  const scenario = new Scenario(BEFORE);
  row.act(scenario);
  const { cells, kinds, remote, local } = scenario.settle({ mode });
  const ends = isSides(row.ends) ? row.ends : sides(row.ends, row.ends);
  return {
    is: { isReached: cells.has(row.cell), kinds: row.kinds && kinds, remote, local },
    should: { isReached: true, kinds: row.kinds, remote: ends.remote, local: ends.local },
  };
}

function isSides(ends: TreeOf | Sides): ends is Sides {
  return typeof ends['remote'] === 'object';
}
