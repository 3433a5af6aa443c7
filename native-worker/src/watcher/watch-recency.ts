/**
 * When each watched folder last changed. At the limit of watches the folder that has been quiet for
 * longest gives its watch to one that changes (engine §9).
 */
type Entry = readonly [path: string, changedNs: bigint];

/** Outdated entries that may lie in the heap before it is made anew. */
const OUTDATED_MAX = 1000;

export class WatchRecency {
  readonly #changedNsByPath = new Map<string, bigint>();
  /** The most quiet first; made when it is first needed. May hold outdated entries. */
  #heap: Entry[] | undefined;

  note(path: string, changedNs: bigint): void {
    this.#changedNsByPath.set(path, changedNs);
    if (this.#heap === undefined) return;
    push(this.#heap, [path, changedNs]);
    if (this.#heap.length > 2 * this.#changedNsByPath.size + OUTDATED_MAX) this.#heap = undefined;
  }

  /** Takes out the folder that has been quiet for longest, if it has been so since before `changedNs`. */
  takeQuieterThan(changedNs: bigint): string | undefined {
    // Sorted, an array is a heap.
    this.#heap ??= [...this.#changedNsByPath].sort(([, a], [, b]) => (a < b ? -1 : 1));
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      const [path, then] = top;
      const isSo = this.#changedNsByPath.get(path) === then;
      if (isSo && then >= changedNs) return undefined;
      pop(this.#heap);
      if (isSo && this.#changedNsByPath.delete(path)) return path;
    }
    return undefined;
  }
}

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above[1] <= entry[1]) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    const [l, r] = [heap[left], heap[right]];
    if (l === undefined) break;
    const [child, below] = r !== undefined && r[1] < l[1] ? [right, r] : [left, l];
    if (last[1] <= below[1]) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = last;
}
