/** Operations of a plan while it is made: with what they wait for, and an index to find them by. */
import type { NodeId } from '@coffer/protocol/core';
import { operationId } from './operation-id.ts';
import type { LocalParent, Operation, RemoteParent } from './operations.ts';
import type { Pass } from './pass.ts';
import type { LocalId, LocalNode, LocalSaw, OperationId, Policy, Saw } from './types.ts';
import type { Unit } from './unit.ts';

type WithoutOrder<T> = T extends unknown ? Omit<T, 'id' | 'after' | 'saw'> : never;
export type Effect = WithoutOrder<Operation>;

export interface Step {
  readonly unit: Unit;
  effect: Effect;
  readonly saw: Saw;
  /** Done before this one. */
  readonly after: Set<Step>;
  /** Gone from its slot or folder before this one; a rename into staging is enough. */
  readonly afterLeaving: Set<Step>;
}

export class Steps {
  readonly pass: Pass;
  readonly all: Step[] = [];
  /** What happens to an entry on the local side. */
  readonly localByEntry = new Map<LocalId, Step>();
  /** What happens to a node on the remote side. */
  readonly remoteByNode = new Map<NodeId, Step>();
  /** What puts the unit where the planned tree has it. */
  readonly localArrivals = new Map<Unit, Step>();
  readonly remoteArrivals = new Map<Unit, Step>();
  /** What puts merged nodes into the trash, by the unit that they became part of. */
  readonly mergedTrash = new Map<Unit, Step[]>();

  constructor(pass: Pass) {
    this.pass = pass;
  }

  add(unit: Unit, effect: Effect, saw: Saw): Step {
    const step: Step = { unit, effect, saw, after: new Set(), afterLeaving: new Set() };
    this.all.push(step);
    return step;
  }
}

export function idOf({ effect, saw }: Step, sha256: Policy['sha256']): OperationId {
  const node = 'node' in effect ? effect.node : null;
  const local = 'local' in effect ? effect.local : null;
  return operationId(sha256, { kind: effect.kind, node, local, saw, place: placeOf(effect) });
}

function placeOf(effect: Effect): string {
  const name = 'localName' in effect ? effect.localName : 'name' in effect ? effect.name : '';
  return `${'parent' in effect ? folderOf(effect.parent) : ''}/${name}`;
}

/** The two ways to name a folder are told apart by their keys. */
function folderOf(parent: LocalParent | RemoteParent): string {
  return Object.entries(parent).flat().join(' ');
}

/** An order of steps that does not depend on the order in which they were made. */
export function compareSteps(a: Step, b: Step): number {
  const [one, other] = [a, b].map(({ unit, effect }) => `${unit.key} ${effect.kind}`);
  return (one ?? '') < (other ?? '') ? -1 : 1;
}

const SAW_NOTHING: Saw = { rev: null, local: null };

export function sawNothing(): Saw {
  return SAW_NOTHING;
}

export function sawLocal(entry: LocalNode, rev: number | null = null): Saw {
  const { kind, ino, size, mtimeNs, ctimeNs } = entry;
  const local: LocalSaw = { kind, ino, size, mtimeNs, ctimeNs };
  return { rev, local };
}

export function sawRemote(unit: Unit): Saw {
  return { rev: unit.remoteNode?.rev ?? null, local: null };
}

/** The remote folder that stands for a planned one: it is there, comes back, or is made. */
export function remoteParent(parent: Unit): RemoteParent | undefined {
  const isKnown = parent.node !== null && parent.remote !== 'purged';
  if (isKnown && parent.node !== null) return { node: parent.node };
  const { entry } = parent.target;
  return entry === undefined ? undefined : { madeFor: entry.id };
}

export function localParent(parent: Unit): LocalParent | undefined {
  const { entry } = parent.target;
  if (entry !== undefined) return { local: entry.id };
  return parent.node === null ? undefined : { madeFor: parent.node };
}
