import type { LocalRow } from './local-tree-writer.ts';

/**
 * The rows of a folder by name; while a pass was cut off, two may have one name. A root that normalises
 * lists names in its own form, and rows that the engine wrote have that of the drive: there both forms
 * are one name.
 */
export class RowsOfFolder {
  readonly hadDoubles: boolean;
  readonly #byName = new Map<string, LocalRow>();
  readonly #doubles: LocalRow[] = [];
  readonly #normalising: boolean;

  constructor(rows: readonly LocalRow[], normalising: boolean) {
    this.#normalising = normalising;
    for (const row of rows) {
      const key = this.keyOf(row.name);
      if (this.#byName.has(key)) this.#doubles.push(row);
      else this.#byName.set(key, row);
    }
    this.hadDoubles = this.#doubles.length > 0;
  }

  keyOf(name: string): string {
    return this.#normalising ? name.normalize('NFC') : name;
  }

  has(name: string): boolean {
    return this.#byName.has(this.keyOf(name));
  }

  /** The row of a name, the one that fits first. */
  take(name: string, fits: (row: LocalRow) => boolean): LocalRow | undefined {
    const key = this.keyOf(name);
    const row = this.#byName.get(key);
    if (row === undefined) return undefined;
    const other = this.#doubles.findIndex((each) => this.keyOf(each.name) === key && fits(each));
    if (other >= 0 && !fits(row)) return this.#doubles.splice(other, 1)[0];
    this.#byName.delete(key);
    return row;
  }

  /** What was not taken. */
  rest(): readonly LocalRow[] {
    return [...this.#byName.values(), ...this.#doubles];
  }
}
