/**
 * A cycle of edges (a swap, a rotation, a folder and what is in it changing places) is broken by one
 * rename into staging (engine §5.7): what waited for its slot or folder then waits no longer.
 */
import { Defect } from '@coffer/protocol/core';
import type { Unit } from './unit.ts';
import { compareSteps, type Step, type Steps } from './steps.ts';

export function breakCycles(steps: Steps): void {
  let waiting = withoutFree(steps.all);
  while (waiting.size > 0) {
    const cycle = onCycles(waiting);
    if (!stageOne(cycle, waiting, steps) && !followOne(cycle)) {
      const kinds = cycle.map(({ effect }) => effect.kind).join(', ');
      throw new Defect(`a cycle of operations holds a move: ${kinds}`);
    }
    waiting = withoutFree([...waiting]);
  }
}

function stageOne(cycle: readonly Step[], waiting: ReadonlySet<Step>, steps: Steps): boolean {
  const step = pickMove(cycle);
  if (step === undefined || !('viaStaging' in step.effect)) return false;
  steps.pass.trace(
    step.effect.kind === 'local-place' ? 'order.staged-local' : 'order.staged-remote',
  );
  step.effect = { ...step.effect, viaStaging: true };
  for (const other of waiting) other.afterLeaving.delete(step);
  return true;
}

/**
 * Two folders in the trash that each hold what the other one needs: one of these comes back with its
 * folder and is moved then.
 */
function followOne(cycle: readonly Step[]): boolean {
  for (const step of [...cycle].sort(compareSteps)) {
    const { effect } = step;
    if (effect.kind !== 'remote-restore' || step.unit.remote !== 'below-deleted') continue;
    const holders = cycle.filter(
      (other) =>
        other.effect.kind === 'remote-restore' &&
        other.after.has(step) &&
        isBelowRemotely(step.unit, other.unit),
    );
    if (holders.length === 0) continue;
    const { node, parent, name } = effect;
    step.effect = { kind: 'remote-place', node, parent, name, viaStaging: false, settles: true };
    for (const holder of holders) {
      holder.after.delete(step);
      step.after.add(holder);
    }
    return true;
  }
  return false;
}

function isBelowRemotely(unit: Unit, above: Unit): boolean {
  for (let at = unit.remotePlace?.parent; at !== undefined; at = at.remotePlace?.parent) {
    if (at === above) return true;
  }
  return false;
}

/** Takes away, again and again, what waits for nothing that is left. */
function withoutFree(all: readonly Step[]): Set<Step> {
  const left = new Set(all);
  const waiters = new Map<Step, Step[]>();
  const open = new Map<Step, number>();
  const free: Step[] = [];
  for (const step of all) {
    let count = 0;
    for (const before of edges(step)) {
      if (!left.has(before)) continue;
      count++;
      const known = waiters.get(before);
      if (known === undefined) waiters.set(before, [step]);
      else known.push(step);
    }
    open.set(step, count);
    if (count === 0) free.push(step);
  }
  for (let step = free.pop(); step !== undefined; step = free.pop()) {
    left.delete(step);
    for (const waiter of waiters.get(step) ?? []) {
      const count = (open.get(waiter) ?? 0) - 1;
      open.set(waiter, count);
      if (count === 0) free.push(waiter);
    }
  }
  return left;
}

function edges(step: Step): readonly Step[] {
  return [...new Set([...step.after, ...step.afterLeaving])];
}

/** Of what is left, those that wait for themselves; what only waits for a cycle is not one. */
function onCycles(waiting: ReadonlySet<Step>): readonly Step[] {
  return [...waiting].filter((start) => {
    const seen = new Set<Step>();
    const open = [start];
    for (let step = open.pop(); step !== undefined; step = open.pop()) {
      for (const before of edges(step)) {
        if (before === start) return true;
        if (!waiting.has(before) || seen.has(before)) continue;
        seen.add(before);
        open.push(before);
      }
    }
    return false;
  });
}

/** A move that others wait to leave: a file before a folder, then the smallest id. */
function pickMove(cycle: readonly Step[]): Step | undefined {
  const awaited = new Set(cycle.flatMap((step) => [...step.afterLeaving]));
  return cycle
    .filter((step) => 'viaStaging' in step.effect && awaited.has(step))
    .sort((a, b) => {
      const byKind = Number(a.unit.kind === 'folder') - Number(b.unit.kind === 'folder');
      return byKind === 0 ? compareSteps(a, b) : byKind;
    })[0];
}
