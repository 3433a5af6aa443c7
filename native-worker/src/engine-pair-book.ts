/** What a pair keeps for people: stalls, held deletions, and where things are. */
import { bytesToHex, type NodeId } from '@coffer/protocol/core';
import type { DeletedNodes } from './engine-deletions.ts';
import type { EngineOptions } from './engine-options.ts';
import { subjectOf, type LocalPaths } from './executor/index.ts';
import { nameKey } from './planner/index.ts';
import type { Operation, Plan, StallReason } from './planner/operations.ts';
import type { Dirty, LocalId } from './planner/types.ts';
import type { LocalRow } from './scanner/index.ts';
import type { Hold, Pair, PairTrees } from './trees/index.ts';

const DESCRIBED_OPERATIONS_MAX = 5;

export class PairBook {
  readonly #pair: Pair;
  readonly #trees: PairTrees;
  readonly #paths: LocalPaths;
  readonly #options: EngineOptions;

  constructor(pair: Pair, trees: PairTrees, paths: LocalPaths, options: EngineOptions) {
    this.#pair = pair;
    this.#trees = trees;
    this.#paths = paths;
    this.#options = options;
  }

  /** A stall of the pair as a whole: there while `holds`. */
  setPairStall(reason: StallReason, holds: boolean, detail = ''): void {
    if (!holds) {
      this.#trees.stalls.clearPair(reason);
      return;
    }
    this.#putPairStall(reason, null, null, detail);
  }

  #putPairStall(
    reason: StallReason,
    node: NodeId | null,
    local: LocalId | null,
    detail = '',
  ): void {
    this.#trees.stalls.put({
      reason,
      node,
      local,
      path: node === null ? '' : this.pathFor(node, local),
      source: 'pair',
      tries: 0,
      nextAtMs: null,
      detail,
    });
  }

  /** Operations for a person who reports a defect: their kinds and paths, the first few. */
  describe(operations: readonly Operation[]): string {
    const lines = operations.slice(0, DESCRIBED_OPERATIONS_MAX).map((operation) => {
      const node = 'node' in operation ? operation.node : null;
      const local = 'local' in operation ? operation.local : null;
      return `${operation.kind} ${this.pathFor(node, local)}`;
    });
    return `${operations.length} operations: ${lines.join('; ')}`;
  }

  /** The stalls of a plan, in place of those that its nodes had. */
  keepStalls(plan: Plan, dirty: Dirty): void {
    const stalls = plan.stalls.map((stall) => ({
      reason: stall.reason,
      node: stall.node,
      local: stall.local,
      path: this.pathFor(stall.node, stall.local),
      tries: 0,
      nextAtMs: null,
      detail: '',
    }));
    this.#trees.stalls.replacePlanned({ nodes: dirty.remote, locals: dirty.local }, stalls);
    this.#dropSettled(plan, dirty);
  }

  /** An operation that failed and is not planned any more: what it was about is gone, or agreed on. */
  #dropSettled(plan: Plan, dirty: Dirty): void {
    const failed = this.#trees.stalls.bySource('execute');
    if (failed.length === 0) return;
    const looked = new Set<NodeId | LocalId | null>([...dirty.remote, ...dirty.local]);
    const open = new Set<NodeId | LocalId | null>([...plan.waiting.remote, ...plan.waiting.local]);
    for (const operation of plan.operations) {
      const { node, local } = subjectOf(operation);
      open.add(node).add(local);
    }
    looked.delete(null);
    open.delete(null);
    for (const { node, local } of failed) {
      const wasLookedAt = looked.has(node) || looked.has(local);
      if (wasLookedAt && !open.has(node) && !open.has(local))
        this.#trees.stalls.clearOperation(node, local);
    }
  }

  /**
   * New held deletions of a plan become a batch, or join the open one of the same run. Returns how
   * many there are on each side.
   */
  keepHolds(plan: Plan, isNewRun: boolean): DeletedNodes {
    const { clock, random } = this.#options;
    const { holds } = this.#trees;
    const before = holds.list();
    const known = new Set(before.flatMap(({ nodes }) => [...nodes]));
    const held = { local: 0, remote: 0 };
    for (const hold of plan.holds) {
      const nodes = hold.nodes.filter((node) => !known.has(node));
      if (nodes.length === 0) continue;
      held[hold.side] += nodes.length;
      const isOpen = (other: Hold): boolean =>
        other.side === hold.side && other.decision === 'none';
      const open = isNewRun ? undefined : before.findLast(isOpen);
      if (open !== undefined) {
        holds.join(open.batch, nodes);
        continue;
      }
      holds.insert({
        batch: bytesToHex(random.bytes(16)),
        side: hold.side,
        of: hold.of,
        createdMs: clock.now(),
        nodes: new Set(nodes),
      });
    }
    return held;
  }

  /** Deletions that a person approved on another device are not asked about here (engine §7). */
  keepApproved(roots: readonly NodeId[]): void {
    const { base, holds, local } = this.#trees;
    const nodes = roots
      .flatMap((root) => base.subtreeIds(root))
      .filter((node) => {
        const row = base.byId(node);
        return row !== undefined && local.byId(row.localId)?.state !== 'gone';
      });
    if (nodes.length === 0) return;
    const batch = bytesToHex(this.#options.random.bytes(16));
    const createdMs = this.#options.clock.now();
    holds.insert({ batch, side: 'local', of: base.count(), createdMs, nodes: new Set(nodes) });
    holds.decide(batch, 'approved');
  }

  /** The pair is at rest: what is kept here for people is brought up to what is there. */
  settled(): void {
    this.#settleHolds();
    this.#keepClashes();
  }

  /** Names that are one on this disk: the second has a number, for as long as the first is there. */
  #keepClashes(): void {
    const { base, stalls } = this.#trees;
    const rows = this.#pair.caps.caseSensitive ? [] : base.caseClashes();
    const now = new Set<NodeId | null>(rows.map(({ id }) => id));
    for (const { reason, node } of stalls.bySource('pair')) {
      const isOver = reason === 'CaseClash' && node !== null && !now.has(node);
      if (isOver) stalls.clearPairNode(reason, node);
    }
    for (const { id, localId } of rows) this.#putPairStall('CaseClash', id, localId);
  }

  /** Batches whose decision was carried out, and items that came back by themselves, leave the list. */
  #settleHolds(): void {
    const { holds, base, local, remote } = this.#trees;
    this.#options.database.transaction(() => {
      for (const hold of holds.list()) {
        for (const node of hold.nodes) {
          const row = base.byId(node);
          const isLocalGone = row !== undefined && local.byId(row.localId)?.state === 'gone';
          const isRemoteGone = remote.byId(node)?.state !== 'live';
          const isStillGone = hold.side === 'remote' ? isLocalGone : isRemoteGone;
          if (row === undefined || !isStillGone) holds.settle(node);
        }
      }
      holds.sweep();
    });
  }

  /** The node and its entry enter planning. */
  markNode(node: NodeId): void {
    this.#trees.dirty.markRemote(node);
    const base = this.#trees.base.byId(node);
    if (base !== undefined) this.#trees.dirty.markLocal(base.localId, 'decided');
  }

  /** So does everything below. */
  markBelow(node: NodeId): void {
    this.#options.database.transaction(() => {
      for (const id of this.#trees.remote.subtreeIds(node)) this.markNode(id);
    });
  }

  /** The row at a relative path, if the tree has one. */
  findLocal(relative: string): LocalRow | undefined {
    let at = this.#trees.local.byId(this.#pair.rootLocalId);
    for (const name of relative.split('/')) {
      if (at === undefined) return undefined;
      at = this.#trees.local.bySlot(at.id, nameKey(name, this.#pair.caps));
    }
    return at;
  }

  /** Relative path of a node or entry, for people. */
  pathFor(node: NodeId | null, local: LocalId | null): string {
    const own = local === null ? undefined : this.#paths.relative(local);
    if (own !== undefined) return own;
    const names: string[] = [];
    let at = node === null ? undefined : this.#trees.remote.byId(node);
    while (at !== undefined && names.length < 256) {
      names.push(at.name);
      at = this.#trees.remote.byId(at.parent);
    }
    return names.reverse().join('/');
  }
}
