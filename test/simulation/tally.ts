/** Sums over many worlds: what was done, what went wrong, what was reached. */
import { CELLS, type Cell } from '../../native-worker/src/planner/cells.ts';
import { invariantOf } from './options.ts';
import type { SeedVerdict } from './verdict.ts';

export class Tally {
  seeds = 0;
  twice = 0;
  failed = 0;
  deeds = 0;
  crashes = 0;
  requests = 0;
  readonly faults = new Map<string, number>();
  readonly features = new Map<string, number>();
  readonly cells = new Set<Cell>();
  /** Seeds by invariant. */
  readonly broken = new Map<string, number[]>();

  add(verdict: SeedVerdict): void {
    this.seeds++;
    this.twice += verdict.wasTwice ? 1 : 0;
    this.deeds += verdict.deeds;
    this.crashes += verdict.crashes;
    this.requests += verdict.requests;
    for (const [what, n] of verdict.faults) this.faults.set(what, (this.faults.get(what) ?? 0) + n);
    for (const cell of verdict.cells.keys()) this.cells.add(cell);
    for (const each of verdict.features)
      this.features.set(each, (this.features.get(each) ?? 0) + 1);
    if (verdict.violations.length === 0) return;
    this.failed++;
    for (const name of new Set(verdict.violations.map(invariantOf))) {
      const seeds = this.broken.get(name) ?? [];
      this.broken.set(name, seeds);
      seeds.push(verdict.seed);
    }
  }

  /** Decision cells that no world reached, and no planner case either, where there were some. */
  unreached(elsewhere: ReadonlyMap<Cell, number> = new Map()): readonly Cell[] {
    return CELLS.filter((cell) => !this.cells.has(cell) && !elsewhere.has(cell));
  }

  lines(): readonly string[] {
    const listed = (counts: ReadonlyMap<string, number>): string =>
      [...counts]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([what, n]) => `${what} ${n}`)
        .join(', ');
    const failures = [...this.broken].map(
      ([name, seeds]) =>
        `  ${name}: ${seeds.length} (${seeds
          .sort((a, b) => a - b)
          .slice(0, 8)
          .join(' ')})`,
    );
    return [
      `${this.seeds} seeds (${this.twice} twice), ${this.deeds} actions, ${this.crashes} crashes, ${this.requests} requests, ${this.failed} failed`,
      ...failures,
      `features: ${listed(this.features)}`,
      `decision cells: ${this.cells.size} of ${CELLS.length}; not: ${this.unreached().join(', ')}`,
      `fault × call, ${this.faults.size} pairs: ${listed(this.faults)}`,
    ];
  }
}
