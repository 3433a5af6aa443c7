import type {
  AccountListing,
  ActivityListing,
  ConflictListing,
  EngineStatus,
  FailureShape,
  HeldListing,
  PairListing,
  StallListing,
  UsageListing,
} from '@coffer/native-worker/contract';

/** All that a page knows, at one moment. What is undefined has not been told yet. */
export interface DriveSnapshot {
  readonly connection: 'connecting' | 'live' | 'lost';
  readonly account: AccountListing | undefined;
  readonly status: EngineStatus | undefined;
  readonly pairs: readonly PairListing[];
  readonly conflicts: readonly ConflictListing[];
  readonly held: readonly HeldListing[];
  readonly stalls: readonly StallListing[];
  /** Newest first. */
  readonly activity: readonly ActivityListing[] | undefined;
  /** As last told by the server. */
  readonly usage: UsageListing | undefined;
  /** Why the lists above could not be read. */
  readonly failure: FailureShape | undefined;
}

export const NOTHING_KNOWN: DriveSnapshot = {
  connection: 'connecting',
  account: undefined,
  status: undefined,
  pairs: [],
  conflicts: [],
  held: [],
  stalls: [],
  activity: undefined,
  usage: undefined,
  failure: undefined,
};

/** How many things wait for the person's decision: conflicts, held batches, stalls that need one. */
export function decisionCount({ conflicts, held, stalls }: DriveSnapshot): number {
  return conflicts.length + held.length + stalls.filter((stall) => stall.needsPerson).length;
}
