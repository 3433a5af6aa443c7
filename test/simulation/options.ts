/** What a world is made from, and what is told of it. A world is its seed and what is left out of it. */
import type { Cell } from '../../native-worker/src/planner/cells.ts';

/** What can go wrong, by kind: each is a choice of the seed for every phase. */
export const FAULT_KINDS = [
  'lost-requests',
  'lost-answers',
  'absent-server',
  'expired-sessions',
  'busy-server',
  'failing-server',
  'doubled-requests',
  'races',
  'crashes',
  'disk-faults',
  'meanwhile',
  'restarts',
  'unplugged',
  'swapped-root',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What a world may have besides devices and people: each is a choice of the seed. */
export const FEATURES = [
  'third-party',
  'one-way',
  'ignores',
  'exclusions',
  'names',
  'quirks',
  'crowds',
  'large-files',
  'loops',
  'time-leaps',
  'probes',
  'parts',
] as const;
export type Feature = (typeof FEATURES)[number];

/** What is left out of a world. All other choices stay as they are. */
export interface Without {
  /** Numbers of actions. */
  readonly actions?: readonly number[];
  readonly faults?: readonly FaultKind[];
  readonly features?: readonly Feature[];
  /** Numbers of devices, from 0; at least one stays. */
  readonly devices?: readonly number[];
  /** Phases after this one. */
  readonly phasesAfter?: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly without?: Without;
  readonly noFaults?: boolean;
  /** Switches this device off at that disk call of its own. */
  readonly crash?: { readonly device: number; readonly atCall: number };
}

export interface WorldReport {
  readonly seed: number;
  /** Hash of everything that happened, in order: equal for equal seeds. */
  readonly logHash: string;
  readonly log: readonly string[];
  readonly violations: readonly string[];
  readonly deeds: number;
  /** Numbers of the actions that did something. */
  readonly actions: readonly number[];
  readonly phases: number;
  readonly crashes: number;
  readonly requests: number;
  /** Faults by kind and call. */
  readonly faults: ReadonlyMap<string, number>;
  readonly features: readonly Feature[];
  /** Decision cells that plans used, and how often. */
  readonly cells: ReadonlyMap<Cell, number>;
  /** Disk calls of each device at the start and at the end of the first activity. */
  readonly firstActivity: readonly { readonly from: number; readonly to: number }[];
}

/** `I4: twice there: …` is a violation of I4. */
export function invariantOf(violation: string): string {
  return violation.slice(0, Math.max(0, violation.indexOf(':')));
}
