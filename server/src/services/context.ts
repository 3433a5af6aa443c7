import type { VerifySuite } from '@coffer/protocol/crypto';
import type { Bus } from '../bus/bus.ts';
import type { Metrics } from '../metrics.ts';
import type { PackStore } from '../packs/pack-store.ts';
import { SMALL_PACK_SIZE_BYTES_MAX } from '../packs/small-packs.ts';
import type { Clock, Log, PasswordProtocol, Random, Schedule } from '../ports.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';
import type { CommitJudge } from './commit-judge.ts';

/** What an operator can set. */
export interface Policy {
  /** Origins (`https://host[:port]`) that session proofs may name. */
  readonly origins: () => readonly string[];
  /** Of a new account; null: no limit. */
  readonly quotaBytes: number | null;
  /** Tries of a password or recovery key from one address: for one name, and in all. */
  readonly signInTriesPerName: number;
  readonly signInTriesPerAddress: number;
  readonly signUpTriesPerAddress: number;
  /** Packs up to this size rest beside their rows (packs/small-packs.ts). */
  readonly smallPackSizeBytesMax: number;
}

export const DEFAULT_POLICY: Omit<Policy, 'origins'> = {
  quotaBytes: null,
  signInTriesPerName: 10,
  signInTriesPerAddress: 100,
  signUpTriesPerAddress: 300,
  smallPackSizeBytesMax: SMALL_PACK_SIZE_BYTES_MAX,
};

/** Everything that the services work with. The server has no suite that could open anything. */
export interface Context {
  readonly store: MetadataStore;
  /** Where commits are judged and taken in: here, on `store`, if nowhere else. */
  readonly judge?: CommitJudge;
  readonly packs: PackStore;
  readonly bus: Bus;
  readonly passwords: PasswordProtocol;
  readonly suite: VerifySuite;
  readonly clock: Clock;
  readonly random: Random;
  /** When long work goes on that lets others have their turn. */
  readonly schedule: Schedule;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly policy: Policy;
}
