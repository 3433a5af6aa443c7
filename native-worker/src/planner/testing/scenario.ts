/** Scenarios in paths: a synced tree, what each side does, and where both end. */
import type { NodeId } from '@coffer/protocol/core';
import type { Cell } from '../cells.ts';
import { isSameName } from '../name-key.ts';
import type { Operation, Plan } from '../operations.ts';
import { plan } from '../plan.ts';
import type { Caps, Dirty, LocalId, LocalNode, Policy, RemoteNode } from '../types.ts';
import { executePlan } from './pretend-executor.ts';
import { aPolicy, contentOf, LINUX, PretendPair } from './pretend-pair.ts';
import { localSide, remoteSide, type PretendSide } from './pretend-users.ts';
import { SeededRandom } from './random.ts';

/** Path → content; a path that ends in `/` is a folder; a content that starts with `->` is a link. */
export type TreeOf = Readonly<Record<string, string>>;

const ROUNDS_MAX = 12;

export interface Settled {
  /** What both sides hold, by remote names. */
  readonly tree: TreeOf;
  readonly local: TreeOf;
  readonly remote: TreeOf;
  readonly plans: readonly Plan[];
  /** Kinds of the operations of the first plan that has any, sorted. */
  readonly kinds: readonly Operation['kind'][];
  readonly cells: ReadonlySet<Cell>;
  readonly rounds: number;
}

export class Scenario {
  readonly pair: PretendPair;
  readonly local: Actor<LocalId>;
  readonly remote: Actor<NodeId>;
  readonly #policy: Partial<Policy>;
  #waiting: Dirty = { remote: [], local: [] };

  constructor(
    tree: TreeOf,
    options: { readonly caps?: Caps; readonly policy?: Partial<Policy> } = {},
  ) {
    this.pair = new PretendPair(options.caps ?? LINUX);
    this.#policy = options.policy ?? {};
    this.local = new Actor(localSide(this.pair), (parent) =>
      this.pair.local.children(parent).filter(({ state }) => state === 'seen'),
    );
    this.remote = new Actor(remoteSide(this.pair), (parent) => this.pair.remote.children(parent));
    for (const [path, content] of Object.entries(tree)) this.remote.create(path, content);
    this.settle({ mode: 'two-way' });
  }

  actor(side: 'local' | 'remote'): Actor<NodeId> | Actor<LocalId> {
    return side === 'local' ? this.local : this.remote;
  }

  /** The plan for what is dirty now. */
  plan(policy: Partial<Policy> = {}, trace?: (cell: Cell) => void): Plan {
    return this.#plan(policy, trace);
  }

  /** Plans, applies and plans again until nothing is left; then with everything dirty once more. */
  settle(policy: Partial<Policy> = {}, seed = 1): Settled {
    const cells = new Set<Cell>();
    const plans: Plan[] = [];
    const random = new SeededRandom(seed);
    for (let round = 0; ; round++) {
      const made = this.#plan(policy, (cell) => cells.add(cell));
      plans.push(made);
      if (made.operations.length === 0) break;
      if (round > ROUNDS_MAX) throw new Error('the scenario does not come to rest');
      const dropped = executePlan(this.pair, made, { shuffle: (all) => random.shuffled(all) });
      for (const [{ kind }, why] of dropped) throw new Error(`${kind} was dropped: ${why}`);
    }
    const { remote, local } = this.pair.allDirty();
    for (const id of remote) this.pair.dirtyRemote.add(id);
    for (const id of local) this.pair.dirtyLocal.add(id);
    const rest = this.#plan(policy, undefined).operations;
    if (rest.length > 0)
      throw new Error(`planned again: ${rest.map(({ kind }) => kind).join(', ')}`);
    const first = plans[0]?.operations ?? [];
    return {
      tree: this.remote.tree(),
      local: this.local.tree(),
      remote: this.remote.tree(),
      plans,
      kinds: first.map(({ kind }) => kind).sort((a, b) => (a < b ? -1 : 1)),
      cells,
      rounds: plans.length - 1,
    };
  }

  #plan(policy: Partial<Policy>, trace: ((cell: Cell) => void) | undefined): Plan {
    const full = aPolicy({ ...this.#policy, ...policy });
    const { remote, local } = this.pair.takeDirty();
    const dirty = {
      remote: [...remote, ...this.#waiting.remote],
      local: [...local, ...this.#waiting.local],
    };
    const made = plan(dirty, this.pair.trees(), full, this.pair.caps, trace);
    this.#waiting = made.waiting;
    return made;
  }
}

type Row = LocalNode | RemoteNode;

/** A person on one side, who knows paths. */
export class Actor<Id extends NodeId | LocalId> {
  readonly #side: PretendSide<Id>;
  readonly #children: (parent: Id) => readonly Row[];

  constructor(side: PretendSide<Id>, children: (parent: Id) => readonly Row[]) {
    this.#side = side;
    this.#children = children;
  }

  id(path: string): Id {
    const found = this.find(path);
    if (found === undefined) throw new Error(`nothing is at ${path}`);
    return found;
  }

  find(path: string): Id | undefined {
    let at = this.#side.root;
    for (const name of segments(path)) {
      const child = this.#children(at).find((row) => isSameName(row.name, name));
      if (child === undefined) return undefined;
      at = child.id as Id;
    }
    return at;
  }

  /** Makes what the path says; folders above it must be there. */
  create(path: string, content = '', copyOf: NodeId | null = null): this {
    const [parent, name] = this.#slot(path);
    const isFolder = path.endsWith('/');
    const made = this.#side.create(
      parent,
      name,
      isFolder
        ? { kind: 'folder' }
        : content.startsWith('->')
          ? { kind: 'symlink', target: content.slice(2) }
          : { kind: 'file', content: contentOf(content), copyOf },
    );
    if (made === undefined) throw new Error(`${path} is taken`);
    return this;
  }

  edit(path: string, content: string): this {
    this.#side.edit(this.id(path), contentOf(content));
    return this;
  }

  touch(path: string): this {
    this.#side.touch(this.id(path));
    return this;
  }

  move(from: string, to: string): this {
    const [parent, name] = this.#slot(to);
    if (!this.#side.move(this.id(from), parent, name)) throw new Error(`cannot move to ${to}`);
    return this;
  }

  remove(path: string): this {
    this.#side.remove(this.id(path));
    return this;
  }

  swap(one: string, other: string): this {
    return this.move(one, 'in between').move(other, one).move('in between', other);
  }

  tree(): TreeOf {
    const tree: Record<string, string> = {};
    const visit = (folder: Id, path: string): void => {
      for (const row of [...this.#children(folder)].sort((a, b) => (a.name < b.name ? -1 : 1))) {
        const at = `${path}${row.name}`;
        if (row.kind === 'folder') {
          tree[`${at}/`] = '';
          visit(row.id as Id, `${at}/`);
        } else tree[at] = row.kind === 'symlink' ? `->${row.target}` : (row.sha256 ?? '');
      }
    };
    visit(this.#side.root, '');
    return tree;
  }

  #slot(path: string): readonly [Id, string] {
    const names = segments(path);
    const name = names.pop() ?? '';
    return [this.id(names.join('/')), name];
  }
}

function segments(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

/** Ends the name of a conflict copy made by the policy of tests. */
export const CONFLICT = '(conflict nova 2026-11-23 10-00-00)';
