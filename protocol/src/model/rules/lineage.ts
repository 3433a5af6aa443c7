import { NO_PARENT, type NodeId } from '../../core/index.ts';
import type { NodeRecord } from '../records.ts';

/** Where a node stands, as far as its ancestors say it. */
export type Lineage =
  | {
      readonly kind: 'rooted';
      /** 0 for root folder and trash. */
      readonly depth: number;
      /** max(epoch, cut of the node and of all its ancestors): older keys are dead here. */
      readonly required: number;
      /** The node and all its ancestors have a key that is not dead. */
      readonly isFresh: boolean;
      /** The trash, or below it. */
      readonly isTrashed: boolean;
    }
  | { readonly kind: 'orphan' | 'cycle' };

/** Lineages in one state, each ancestor looked at once. Iterative: no depth is trusted. */
export class Lineages {
  readonly #node: (id: NodeId) => NodeRecord | undefined;
  readonly #trash: NodeId;
  readonly #epoch: number;
  readonly #known = new Map<NodeId, Lineage>();

  constructor(
    node: (id: NodeId) => NodeRecord | undefined,
    options: { readonly trash: NodeId; readonly epoch: number },
  ) {
    this.#node = node;
    this.#trash = options.trash;
    this.#epoch = options.epoch;
  }

  of(id: NodeId): Lineage {
    const climbed: NodeRecord[] = [];
    const seen = new Set<NodeId>();
    let above: Lineage | null = null;
    for (let at = id; ;) {
      const known = this.#known.get(at);
      const node = known === undefined ? this.#node(at) : undefined;
      if (known !== undefined) above = known;
      else if (seen.has(at)) above = { kind: 'cycle' };
      else if (node === undefined) above = { kind: 'orphan' };
      if (above !== null || node === undefined) break;
      climbed.push(node);
      seen.add(at);
      if (node.parent === NO_PARENT) break;
      at = node.parent;
    }
    for (let node = climbed.pop(); node !== undefined; node = climbed.pop()) {
      above = this.#below(above, node);
      this.#known.set(node.id, above);
    }
    return above ?? { kind: 'orphan' };
  }

  #below(above: Lineage | null, node: NodeRecord): Lineage {
    if (above === null) {
      const required = Math.max(this.#epoch, node.cut);
      const isTrashed = node.id === this.#trash;
      const isFresh = node.kr >= required;
      return { kind: 'rooted', depth: 0, required, isFresh, isTrashed };
    }
    if (above.kind !== 'rooted') return above;
    const depth = above.depth + 1;
    const required = Math.max(above.required, node.cut);
    const isFresh = above.isFresh && node.kr >= required;
    return { kind: 'rooted', depth, required, isFresh, isTrashed: above.isTrashed };
  }
}
