/**
 * One pass over the universe. Questions about slots can bring in more units; then all targets are
 * decided again from the same facts, until a pass brings in none.
 */
import type { Cell, MetaCell, PlaceCell, ContentCell, Trace } from './cells.ts';
import type { PlannedHold, PlannedStall } from './operations.ts';
import type { LocalId, PairMode } from './types.ts';
import type { Unit } from './unit.ts';
import type { Universe } from './universe.ts';

type ModalCell = `content.${ContentCell}` | `place.${PlaceCell}` | `meta.${MetaCell}`;

export class Pass {
  readonly universe: Universe;
  readonly mode: PairMode;
  /** All units that are planned for, conflict copies among them, in the order of their keys. */
  readonly units: Unit[];
  readonly cells: Cell[] = [];
  readonly stalls: PlannedStall[] = [];
  readonly holds: PlannedHold[] = [];
  readonly hashes = new Set<LocalId>();
  /** Those that a hash will tell from each other, or join. */
  readonly awaitingHash = new Set<Unit>();

  constructor(universe: Universe) {
    this.universe = universe;
    this.mode = universe.policy.mode;
    this.units = [...universe.sorted()];
  }

  readonly trace: Trace = (cell) => {
    this.cells.push(cell);
  };

  /** The cell of this pair's mode. */
  cell(name: ModalCell): Cell {
    return this.mode === 'two-way' ? name : `${this.mode}.${name}`;
  }
}
