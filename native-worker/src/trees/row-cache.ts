/**
 * The rows of a table that were looked up or written last, absent ones too. One plan asks for the same
 * rows many times: a look-up in SQLite costs 15 µs, here 0.1.
 */
export class RowCache<Key, Row> {
  /** Two generations: to take single keys out of a full map costs more than the look-up that it saves. */
  #young = new Map<Key, Row | undefined>();
  #old = new Map<Key, Row | undefined>();
  readonly #generationMax: number;

  /** `max`: rows; from there on the half that was not asked for of late goes. */
  constructor(max: number) {
    this.#generationMax = Math.max(1, Math.floor(max / 2));
  }

  /** The row, read by `read` where it is not known. */
  get(key: Key, read: () => Row | undefined): Row | undefined {
    const known = this.#young.get(key);
    if (known !== undefined || this.#young.has(key)) return known;
    const row = this.#old.has(key) ? this.#old.get(key) : read();
    this.set(key, row);
    return row;
  }

  /** The row as it was written, or that there is none. */
  set(key: Key, row: Row | undefined): void {
    if (this.#young.size >= this.#generationMax && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, row);
  }

  forget(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
