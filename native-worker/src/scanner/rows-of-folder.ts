import type { LocalRow } from './local-tree-writer.ts';

/** The rows of a folder by name; while a pass was cut off, two may have one name. */
export class RowsOfFolder {
  readonly byName = new Map<string, LocalRow>();
  readonly hadDoubles: boolean;
  readonly #doubles: LocalRow[] = [];

  constructor(rows: readonly LocalRow[]) {
    for (const row of rows) {
      if (this.byName.has(row.name)) this.#doubles.push(row);
      else this.byName.set(row.name, row);
    }
    this.hadDoubles = this.#doubles.length > 0;
  }

  /** The row of a name, the one that fits first. */
  take(name: string, fits: (row: LocalRow) => boolean): LocalRow | undefined {
    const row = this.byName.get(name);
    if (row === undefined) return undefined;
    const other = this.#doubles.findIndex((double) => double.name === name && fits(double));
    if (other >= 0 && !fits(row)) return this.#doubles.splice(other, 1)[0];
    this.byName.delete(name);
    return row;
  }

  /** What was not taken. */
  rest(): readonly LocalRow[] {
    return [...this.byName.values(), ...this.#doubles];
  }
}
