/**
 * The planner alone, on random trees (engine §11): one tree, perturbed twice; plan, shuffle within the
 * edges, apply, observe, again until the plan is empty. A case is its seed.
 */
import type { Digest, NodeId } from '@coffer/protocol/core';
import type { Cell } from '../cells.ts';
import { plan } from '../plan.ts';
import type { Plan } from '../operations.ts';
import type { Caps, Dirty, HeldBatch, PairMode } from '../types.ts';
import { checkEnd, remember, type Memory } from './oracles.ts';
import { executePlan } from './pretend-executor.ts';
import { aPolicy, contentOf, LINUX, MACOS, PretendPair, WINDOWS } from './pretend-pair.ts';
import { localSide, remoteSide, type PretendSide } from './pretend-users.ts';
import { SeededRandom } from './random.ts';
import { Troubles } from './troubles.ts';
import { Variations } from './variations.ts';

export const ROUNDS_MAX = 200;

export interface CaseFailure {
  readonly seed: number;
  readonly why: string;
}

export interface CasesReport {
  readonly count: number;
  readonly failures: readonly CaseFailure[];
  readonly roundsMax: number;
  readonly operations: number;
  /** How often each decision cell was used. */
  readonly cells: ReadonlyMap<Cell, number>;
}

/** Runs `count` cases with the seeds from `seed` on. Never throws for a failing case. */
export function runPlannerCases(options: {
  readonly seed: number;
  readonly count: number;
  readonly failuresMax?: number;
  /** Names with marks, in cases on a root that decomposes them and ignores case. */
  readonly isDecomposing?: boolean;
  /** Also lets entries and nodes be unknown, unreadable, ignored or left out. */
  readonly isTroubled?: boolean;
  /** Also brings about what random edits hardly ever come to. */
  readonly isVaried?: boolean;
  /** Told the pair before each plan is made and, with it, before it is executed. */
  readonly watch?: (pair: PretendPair, plan?: Plan) => void;
}): CasesReport {
  const failures: CaseFailure[] = [];
  const cells = new Map<Cell, number>();
  let roundsMax = 0;
  let operations = 0;
  const failuresMax = options.failuresMax ?? 10;
  let count = 0;
  for (; count < options.count && failures.length < failuresMax; count++) {
    const seed = options.seed + count;
    const isDecomposing = options.isDecomposing === true;
    const variations = options.isVaried === true ? new Variations(seed) : undefined;
    const trace = (cell: Cell): void => {
      cells.set(cell, (cells.get(cell) ?? 0) + 1);
    };
    const run = new PlannerCase(seed, { isDecomposing, variations, trace });
    run.watch = options.watch;
    if (options.isTroubled === true) run.troubles = new Troubles(seed);
    try {
      run.run();
    } catch (error) {
      failures.push({ seed, why: error instanceof Error ? error.message : String(error) });
    }
    roundsMax = Math.max(roundsMax, run.rounds);
    operations += run.operations;
  }
  return { count, failures, roundsMax, operations, cells };
}

/** Why the case fails, or undefined. */
export function runPlannerCase(seed: number): string | undefined {
  return runPlannerCases({ seed, count: 1 }).failures[0]?.why;
}

const NAMES = ['a', 'b', 'c'] as const;
const CASED_NAMES = ['a', 'A', 'b', 'B'] as const;
const MARKED_NAMES = ['\u00e4', '\u00c4', 'b', 'B'] as const;
const WINDOWS_NAMES = ['a', 'A', 'b:', 'b：', 'con', 'c.'] as const;
const SHARED_CONTENTS = 3;
const NOTHING: ReadonlySet<NodeId> = new Set();

class PlannerCase {
  rounds = 0;
  operations = 0;
  watch: ((pair: PretendPair, plan?: Plan) => void) | undefined;
  troubles: Troubles | undefined;
  readonly #random: SeededRandom;
  readonly #pair: PretendPair;
  readonly #mode: PairMode;
  readonly #trace: (cell: Cell) => void;
  readonly #isOneSided: boolean;
  readonly #isDecomposing: boolean;
  readonly #isInterrupted: boolean;
  readonly #variations: Variations | undefined;
  #held: HeldBatch[] = [];
  #contents = 0;
  #waiting: Dirty = { remote: [], local: [] };

  constructor(
    seed: number,
    options: {
      readonly isDecomposing: boolean;
      readonly variations: Variations | undefined;
      readonly trace: (cell: Cell) => void;
    },
  ) {
    this.#trace = options.trace;
    this.#isDecomposing = options.isDecomposing;
    this.#variations = options.variations;
    this.#random = new SeededRandom(seed);
    const caps = this.#pickCaps();
    this.#pair = new PretendPair(this.#variations?.caps(caps) ?? caps);
    const draw = this.#random.next();
    this.#mode = draw < 0.86 ? 'two-way' : draw < 0.93 ? 'upload' : 'download';
    this.#isOneSided = this.#random.chance(0.15);
    this.#isInterrupted = this.#random.chance(0.25);
  }

  run(): void {
    this.#grow();
    const isBased = this.#random.chance(0.9);
    if (isBased) this.#sync('base');
    const depth = this.#depth();
    const isLocalOnly = this.#isOneSided && this.#random.chance(0.5);
    if (!this.#isOneSided || isLocalOnly) this.#perturb(localSide(this.#pair), this.#localNames());
    if (!this.#isOneSided || !isLocalOnly)
      this.#perturb(remoteSide(this.#pair), this.#remoteNames());
    const side = this.#isOneSided ? (isLocalOnly ? 'local' : 'remote') : 'both';
    this.#variations?.cause(this.#pair, this.#mode);
    const memory = remember(this.#pair, this.#mode, isBased ? side : 'both');
    this.#variations?.hide(this.#pair);
    this.troubles?.cause(this.#pair);
    this.#sync('case', memory, depth);
  }

  #pickCaps(): Caps {
    const draw = this.#random.next();
    if (this.#isDecomposing) return MACOS;
    if (draw < 0.7) return LINUX;
    return draw < 0.9 ? MACOS : WINDOWS;
  }

  #localNames(): readonly string[] {
    if (this.#isDecomposing) return MARKED_NAMES;
    return this.#pair.caps.caseSensitive ? NAMES : CASED_NAMES;
  }

  #remoteNames(): readonly string[] {
    const names = this.#pair.caps.windowsNames ? WINDOWS_NAMES : this.#localNames();
    return this.#variations?.remoteNames(names) ?? names;
  }

  /** A random tree on the remote side. */
  #grow(): void {
    const side = remoteSide(this.#pair);
    const count = 2 + this.#random.below(9);
    for (let n = 0; n < count; n++) this.#create(side, this.#remoteNames());
  }

  #content(): Digest {
    if (this.#random.chance(0.25))
      return contentOf(`shared ${this.#random.below(SHARED_CONTENTS)}`);
    return contentOf(`content ${this.#contents++}`);
  }

  #folder<Id>(side: PretendSide<Id>): Id {
    const folders = side.list().filter(({ kind }) => kind === 'folder');
    const pick = this.#random.below(folders.length + 1);
    return (folders[pick]?.id as Id | undefined) ?? side.root;
  }

  #create<Id>(side: PretendSide<Id>, names: readonly string[]): void {
    const draw = this.#random.next();
    const name = this.#random.pick(names) ?? 'a';
    const parent = this.#folder(side);
    if (draw < 0.45) side.create(parent, name, { kind: 'folder' });
    else if (draw < 0.95) side.create(parent, name, { kind: 'file', content: this.#content() });
    else side.create(parent, name, { kind: 'symlink', target: this.#content() });
  }

  #perturb<Id>(side: PretendSide<Id>, names: readonly string[]): void {
    const actions = this.#random.below(6);
    for (let n = 0; n < actions; n++) this.#act(side, names);
  }

  #act<Id>(side: PretendSide<Id>, names: readonly string[]): void {
    const row = this.#random.pick(side.list());
    const draw = this.#random.next();
    if (row === undefined || draw < 0.22) {
      this.#create(side, names);
      return;
    }
    const id = row.id as Id;
    const name = this.#random.pick(names) ?? 'a';
    if (draw < 0.36) side.remove(id);
    else if (draw < 0.54)
      side.move(id, this.#folder(side), this.#random.chance(0.5) ? row.name : name);
    else if (draw < 0.64) side.move(id, row.parent as Id, name);
    else if (draw < 0.72) this.#replace(side, row, names);
    else if (draw < 0.76) this.#swap(side, row);
    else if (row.kind === 'folder') this.#create(side, names);
    else if (draw < 0.94 || row.kind === 'symlink') side.edit(id, this.#content());
    else side.touch(id);
  }

  /** Deleted and made again in one beat, of the same kind or another. */
  #replace<Id>(
    side: PretendSide<Id>,
    row: { readonly id: unknown; readonly parent: unknown; readonly name: string },
    names: readonly string[],
  ): void {
    const [id, parent] = [row.id as Id, row.parent as Id];
    if (this.#random.chance(0.5)) side.move(id, parent, this.#random.pick(names) ?? 'a');
    else side.remove(id);
    const isFolder = this.#random.chance(0.4);
    side.create(
      parent,
      row.name,
      isFolder ? { kind: 'folder' } : { kind: 'file', content: this.#content() },
    );
  }

  #swap<Id>(
    side: PretendSide<Id>,
    row: { readonly id: unknown; readonly parent: unknown; readonly name: string },
  ): void {
    const other = this.#random.pick(side.list());
    if (other === undefined || other.id === row.id) return;
    const [id, parent, otherId] = [row.id as Id, row.parent as Id, other.id as Id];
    const otherParent = other.parent as Id;
    if (!side.move(id, side.root, 'swapping')) return;
    const isSwapped =
      side.move(otherId, parent, row.name) && side.move(id, otherParent, other.name);
    if (!isSwapped) side.move(id, parent, row.name);
  }

  #depth(): number {
    let depth = 0;
    for (const row of this.#pair.local.rows.values()) {
      let at: typeof row | undefined = row;
      let steps = 0;
      while (at !== undefined && at.parent !== at.id) {
        at = this.#pair.local.get(at.parent);
        steps++;
      }
      depth = Math.max(depth, steps);
    }
    return depth;
  }

  #plan(fresh = this.#pair.takeDirty()): Plan {
    const dirty = {
      remote: [...new Set([...fresh.remote, ...this.#waiting.remote])],
      local: [...new Set([...fresh.local, ...this.#waiting.local])],
    };
    const policy = aPolicy({
      mode: this.#mode,
      baseCount: this.#pair.base.rows.size,
      held: this.#held,
      excluded: this.troubles?.excluded ?? NOTHING,
      ...this.#variations?.policy,
    });
    const trees = this.#pair.trees();
    const made = plan(dirty, trees, policy, this.#pair.caps, this.#trace);
    this.#waiting = made.waiting;
    if (this.#random.chance(0.1)) {
      const shuffled = {
        remote: this.#random.shuffled(dirty.remote),
        local: this.#random.shuffled(dirty.local),
      };
      const again = plan(shuffled, trees, policy, this.#pair.caps);
      expect(isEqualPlan(made, again), 'the plan depends on the order of its input');
    }
    return made;
  }

  #sync(phase: 'base' | 'case', memory?: Memory, depth = 0): void {
    for (let round = 1; ; round++) {
      this.watch?.(this.#pair);
      const made = phase === 'base' ? this.#planBase() : this.#plan();
      this.watch?.(this.#pair, made);
      for (const id of made.hashes) this.#pair.hash(id);
      const isAtRest = made.operations.length === 0 && made.hashes.length === 0;
      if (isAtRest && made.holds.length === 0 && !this.#decideHeld()) break;
      this.rounds = Math.max(this.rounds, round);
      expect(round <= ROUNDS_MAX, 'more rounds than the bound');
      this.operations += made.operations.length;
      for (const [n, hold] of made.holds.entries()) {
        const nodes = new Set(hold.nodes);
        const decision = this.#variations?.decision(false) ?? 'approved';
        this.#held.push({ batch: `${round} ${n}`, decision, side: hold.side, nodes });
        for (const node of nodes) this.#pair.dirtyRemote.add(node);
      }
      const isCut = phase === 'case' && this.#isInterrupted && round <= 2;
      const stopAfter = isCut ? this.#random.below(made.operations.length + 1) : undefined;
      const dropped = executePlan(this.#pair, made, {
        shuffle: (operations) => this.#random.shuffled(operations),
        ...(stopAfter === undefined ? {} : { stopAfter }),
      });
      for (const [operation, why] of dropped) {
        expect(false, `${operation.kind} was dropped in round ${round}: ${why}`);
      }
      if (!this.#isInterrupted) expect(round <= depth + 5, 'many rounds');
    }
    const rest = phase === 'base' ? this.#planBase() : this.#plan(this.#pair.allDirty());
    const kinds = rest.operations.map(({ kind }) => kind).join(' ');
    expect(kinds === '', `everything planned again gives ${kinds}`);
    if (memory === undefined) return;
    const oracle = this.troubles ?? this.#variations;
    if (oracle === undefined) checkEnd(this.#pair, memory, this.#isInterrupted);
    else oracle.check(this.#pair, memory);
  }

  /** What still waits for a person is decided; false where nothing does. */
  #decideHeld(): boolean {
    const open = this.#held.filter(({ decision }) => decision === 'none');
    this.#held = this.#held.map((batch) =>
      batch.decision === 'none'
        ? { ...batch, decision: this.#variations?.decision(true) ?? 'approved' }
        : batch,
    );
    for (const { nodes } of open) for (const node of nodes) this.#pair.dirtyRemote.add(node);
    return open.length > 0;
  }

  /** The tree before a case is made by two-way rounds whatever the case's mode is. */
  #planBase(): Plan {
    const policy = aPolicy({ baseCount: this.#pair.base.rows.size });
    return plan(this.#pair.takeDirty(), this.#pair.trees(), policy, this.#pair.caps);
  }
}

function isEqualPlan(a: Plan, b: Plan): boolean {
  const write = (each: Plan): string =>
    JSON.stringify(each, (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
  return write(a) === write(b);
}

export class CaseFailed extends Error {
  override readonly name = 'CaseFailed';
}

function expect(claim: boolean, otherwise: string): void {
  if (!claim) throw new CaseFailed(otherwise);
}
