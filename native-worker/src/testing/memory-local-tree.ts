/** The local tree in memory: what tests of the scanner write to, and the reference of the SQLite one. */
import type { LocalId } from '../planner/types.ts';
import type { LocalRow, LocalTreeWriter, ScanStall } from '../scanner/local-tree-writer.ts';

const ROOT_ID = 1 as LocalId;

export class MemoryLocalTree implements LocalTreeWriter {
  readonly root = ROOT_ID;
  /** Rows that a test declares to have a base row. */
  readonly paired = new Set<LocalId>();
  readonly stalls = new Map<LocalId, readonly ScanStall[]>();
  /** Ids in the order of their writes: what planning would look at. */
  readonly dirty: LocalId[] = [];
  readonly #rows = new Map<LocalId, LocalRow>();
  readonly #byParent = new Map<LocalId, Set<LocalId>>();
  readonly #byInode = new Map<bigint, Set<LocalId>>();
  readonly #byContent = new Map<string, Set<LocalId>>();
  #nextId = 2;

  constructor(root: Omit<LocalRow, 'id' | 'parent' | 'name' | 'kind' | 'state'>) {
    this.#put({ ...root, id: ROOT_ID, parent: ROOT_ID, name: '', kind: 'folder', state: 'seen' });
  }

  byId(id: LocalId): LocalRow | undefined {
    return this.#rows.get(id);
  }

  children(folder: LocalId): readonly LocalRow[] {
    return this.#below(folder).filter(({ state }) => state !== 'gone');
  }

  bySlot(folder: LocalId, name: string): LocalRow | undefined {
    return this.children(folder).find((row) => row.name === name);
  }

  goneChildren(folder: LocalId): readonly LocalRow[] {
    return this.#below(folder).filter(({ state }) => state === 'gone');
  }

  byInode(ino: bigint): readonly LocalRow[] {
    return this.#resolve(this.#byInode.get(ino));
  }

  byContent(sha256: string, size: number): readonly LocalRow[] {
    return this.#resolve(this.#byContent.get(`${sha256}/${size}`));
  }

  goneFolders(): readonly LocalRow[] {
    return [...this.#rows.values()].filter(
      ({ id, kind, state }) => kind === 'folder' && state === 'gone' && this.paired.has(id),
    );
  }

  foldersAfter(after: number, max: number): readonly LocalRow[] {
    return [...this.#rows.values()]
      .filter(({ id, kind, state }) => id > after && kind === 'folder' && isLookedAt(state))
      .toSorted((a, b) => a.id - b.id)
      .slice(0, max);
  }

  isPaired(id: LocalId): boolean {
    return this.paired.has(id);
  }

  allocate(): LocalId {
    return this.#nextId++ as LocalId;
  }

  upsert(row: LocalRow): void {
    const isBack = this.#rows.get(row.id)?.state === 'gone' && row.state !== 'gone';
    this.#put(row);
    this.dirty.push(row.id);
    if (isBack) this.dirty.push(...this.goneChildren(row.id).map(({ id }) => id));
  }

  mark(id: LocalId, state: Exclude<LocalRow['state'], 'seen'>): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    this.upsert({ ...row, state });
    if (state === 'unknown' || state === 'hollow') return;
    this.stalls.delete(id);
    for (const child of this.#below(id)) this.mark(child.id, state);
  }

  setStalls(folder: LocalId, stalls: readonly ScanStall[]): void {
    if (stalls.length === 0) this.stalls.delete(folder);
    else this.stalls.set(folder, stalls);
  }

  /** Pairs every row that is seen, as if all had been synced. */
  pairAll(): void {
    for (const { id, state } of this.#rows.values()) if (state === 'seen') this.paired.add(id);
  }

  /** Every row but the root, by id. */
  rows(): readonly LocalRow[] {
    return [...this.#rows.values()].filter(({ id }) => id !== ROOT_ID);
  }

  #below(folder: LocalId): readonly LocalRow[] {
    return this.#resolve(this.#byParent.get(folder)).filter(({ id }) => id !== ROOT_ID);
  }

  #resolve(ids: ReadonlySet<LocalId> | undefined): readonly LocalRow[] {
    return [...(ids ?? [])].flatMap((id) => this.#rows.get(id) ?? []);
  }

  #put(row: LocalRow): void {
    const before = this.#rows.get(row.id);
    if (before !== undefined) this.#index(before, (set) => set.delete(row.id));
    this.#rows.set(row.id, row);
    this.#index(row, (set) => set.add(row.id));
  }

  #index(row: LocalRow, change: (set: Set<LocalId>) => void): void {
    change(setAt(this.#byParent, row.parent));
    change(setAt(this.#byInode, row.ino));
    if (row.sha256 !== null) change(setAt(this.#byContent, `${row.sha256}/${row.size}`));
  }
}

function isLookedAt(state: LocalRow['state']): boolean {
  return state === 'seen' || state === 'hollow';
}

function setAt<K>(map: Map<K, Set<LocalId>>, key: K): Set<LocalId> {
  const set = map.get(key) ?? new Set<LocalId>();
  map.set(key, set);
  return set;
}
