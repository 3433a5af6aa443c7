/** Rows by id, with an index of children, for trees in memory. */
export class Table<
  Id,
  Row extends { readonly id: Id; readonly parent: Id; readonly name: string },
> {
  readonly rows = new Map<Id, Row>();
  readonly #children = new Map<Id, Map<Id, Row>>();
  readonly #key: (name: string) => string;

  constructor(key: (name: string) => string) {
    this.#key = key;
  }

  get(id: Id): Row | undefined {
    return this.rows.get(id);
  }

  put(row: Row): void {
    this.remove(row.id);
    this.rows.set(row.id, row);
    const siblings = this.#children.get(row.parent);
    if (siblings === undefined) this.#children.set(row.parent, new Map([[row.id, row]]));
    else siblings.set(row.id, row);
  }

  remove(id: Id): void {
    const row = this.rows.get(id);
    if (row === undefined) return;
    this.rows.delete(id);
    this.#children.get(row.parent)?.delete(id);
  }

  children(parent: Id): readonly Row[] {
    const siblings = this.#children.get(parent);
    return siblings === undefined ? [] : [...siblings.values()].filter(({ id }) => id !== parent);
  }

  atSlot(parent: Id, nameKey: string): readonly Row[] {
    return this.children(parent).filter(({ name }) => this.#key(name) === nameKey);
  }

  /**
   * The row and all below it, parents first, each once: while two folders change places, each lies
   * below the other.
   */
  below(id: Id): readonly Row[] {
    const found = new Set<Row>();
    const open = [this.rows.get(id)];
    for (let row = open.pop(); row !== undefined; row = open.pop()) {
      if (found.has(row)) continue;
      found.add(row);
      open.push(...this.children(row.id));
    }
    return [...found];
  }
}
