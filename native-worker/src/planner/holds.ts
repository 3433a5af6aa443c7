/**
 * Mass deletions wait for a person (engine §7). Judged are deletions alone: what is renamed, merged
 * into an equal node or left out by selective sync is not counted.
 */
import type { Cell } from './cells.ts';
import type { Pass } from './pass.ts';
import { isLocalAlive, isLocalGone, isRemoteAlive, isRemoteGone, type Unit } from './unit.ts';
import type { NodeId } from '@coffer/protocol/core';

type Side = 'local' | 'remote';

export function judgeHolds(pass: Pass): void {
  if (pass.mode === 'upload') return;
  judgeSide('local', pass);
  if (pass.mode === 'two-way') judgeSide('remote', pass);
}

function judgeSide(side: Side, pass: Pass): void {
  const fresh: Unit[] = [];
  for (const unit of pass.units) {
    if (!isDoomed(unit, side)) continue;
    const decision = decisionOn(unit, side, pass);
    if (decision === 'none') {
      pass.trace('hold.pending');
      keepBack(unit);
    } else if (decision === 'approved') pass.trace('hold.approved');
    else fresh.push(unit);
  }
  const reason = excess(fresh.length, side, pass);
  if (reason === undefined) return;
  pass.trace(reason);
  const nodes = fresh.map(({ node }) => node).filter((node): node is NodeId => node !== null);
  pass.holds.push({ side, nodes, of: baseAtStart(pass) });
  for (const unit of fresh) keepBack(unit);
}

function isDoomed(unit: Unit, side: Side): boolean {
  const { target } = unit;
  if (unit.base === undefined || target.exists || target.forget) return false;
  return side === 'local'
    ? isLocalAlive(unit) && isRemoteGone(unit)
    : isRemoteAlive(unit) && isLocalGone(unit);
}

function decisionOn(unit: Unit, side: Side, pass: Pass): 'none' | 'approved' | undefined {
  let found: 'none' | 'approved' | undefined;
  for (const batch of pass.universe.policy.held) {
    if (batch.side !== side || batch.decision === 'undone') continue;
    if (unit.node === null || !batch.nodes.has(unit.node)) continue;
    // An approval of any batch is an answer to the question that the others ask.
    if (found !== 'approved') found = batch.decision;
  }
  return found;
}

/** Nodes of the base when the run began. */
function baseAtStart({ universe }: Pass): number {
  const { baseCount, deletionsInRun } = universe.policy;
  return baseCount + deletionsInRun.local + deletionsInRun.remote;
}

function excess(fresh: number, side: Side, pass: Pass): Cell | undefined {
  if (fresh === 0) return undefined;
  const { policy } = pass.universe;
  const count = fresh + policy.deletionsInRun[side];
  const of = baseAtStart(pass);
  if (count > policy.holdCountMax) return 'hold.count';
  if (count >= policy.holdShareCountMin && count > of * policy.holdShareMax) return 'hold.share';
  return count >= of && isRootEmptied(pass) ? 'hold.root' : undefined;
}

function isRootEmptied(pass: Pass): boolean {
  return !pass.units.some(({ target }) => target.exists);
}

function keepBack({ target }: Unit): void {
  target.exists = true;
  target.frozen = true;
  target.held = true;
}
