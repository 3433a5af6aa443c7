/**
 * The planner (engine §5): a pure function of three trees. It decides what both sides should be and
 * gives the operations that lead there; executed, observed and planned again, the plan is empty.
 */
import { Defect, type NodeId } from '@coffer/protocol/core';
import type { Trace } from './cells.ts';
import { decideUnits } from './decide.ts';
import { emitSteps } from './emit.ts';
import {
  blockCycles,
  bringBackBelow,
  freezeAncestors,
  freezeBelow,
  keepAncestors,
  undoCycles,
} from './folders.ts';
import { judgeHolds } from './holds.ts';
import { nameLocally } from './local-naming.ts';
import type { Plan } from './operations.ts';
import { orderSteps } from './order.ts';
import { Pass } from './pass.ts';
import { settleSlots } from './slots.ts';
import type { Caps, Dirty, LocalId, Policy, Trees } from './types.ts';
import { isRemoteGone, type Unit } from './unit.ts';
import { Universe } from './universe.ts';

/** Each pass but the last brings in units, and there are not more than the trees have. */
const PASSES_MAX = 10_000;

/**
 * Synchronous, without clock, randomness or I/O. The order of `dirty` does not matter. `trees` is
 * one consistent view; its local root has a row. `trace` is told the decision cells that were used.
 */
export function plan(dirty: Dirty, trees: Trees, policy: Policy, caps: Caps, trace?: Trace): Plan {
  const universe = new Universe(trees, policy, caps);
  universe.touch(dirty);
  const pass = decide(universe);
  const operations = orderSteps(emitSteps(pass));
  if (trace !== undefined) for (const cell of pass.cells) trace(cell);
  return {
    operations,
    holds: pass.holds,
    stalls: pass.stalls,
    hashes: [...pass.hashes].sort((a, b) => a - b),
    waiting: waiting(pass),
  };
}

function waiting(pass: Pass): Dirty {
  const units = pass.units.filter(
    (unit) =>
      pass.universe.blocked.has(unit.key) ||
      isAboutToGo(unit) ||
      isGivenToReturning(unit) ||
      pass.awaitingHash.has(unit),
  );
  const remote = units.map(({ node }) => node).filter((node): node is NodeId => node !== null);
  // What comes back from the trash is told from new entries until it has a base row.
  const returning = pass.units.filter(({ base, node }) => base === undefined && node !== null);
  const local = [...units.filter(({ node }) => node === null), ...returning]
    .map(({ localNode }) => localNode?.id)
    .filter((id): id is LocalId => id !== undefined);
  return { remote, local };
}

/** What is left out and is still there for something that comes first: that may end by another row. */
function isAboutToGo({ remote, target }: Unit): boolean {
  return remote === 'excluded' && target.exists && !target.frozen;
}

/** Its entry is bound to a node that comes back with the folder above it, once that is there. */
function isGivenToReturning({ target: { mergedInto } }: Unit): boolean {
  return mergedInto !== undefined && isRemoteGone(mergedInto);
}

function decide(universe: Universe): Pass {
  for (let round = 0; round < PASSES_MAX; round++) {
    const before = universe.size;
    const pass = new Pass(universe);
    decideUnits(pass);
    undoCycles(pass);
    blockCycles(pass);
    keepAncestors(pass);
    bringBackBelow(pass);
    judgeHolds(pass);
    freezeAncestors(pass);
    freezeBelow(pass);
    settleSlots(pass);
    freezeBelow(pass);
    nameLocally(pass);
    if (universe.size === before) return pass;
    universe.settle();
  }
  throw new Defect('a plan needs few passes');
}
