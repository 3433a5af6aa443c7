/** What an operator asks of the store: who is there, how much there is, and whether it is all right. */
import type { BodyId } from '@coffer/protocol/api';
import type { AccountId, Bytes, SpaceId } from '@coffer/protocol/core';
import type { StoredPack } from './collection-store.ts';

export interface AccountSummary {
  readonly id: AccountId;
  readonly name: string;
  readonly createdAt: number;
  /** When one of its devices opened a session last. */
  readonly lastSeenAt: number | null;
  readonly devices: number;
  readonly usedBytes: number;
  /** Null: no limit. */
  readonly totalBytes: number | null;
}

export interface StoreStats {
  readonly accounts: number;
  readonly devices: number;
  readonly sessions: number;
  readonly spaces: number;
  readonly commits: number;
  readonly records: number;
  readonly packs: number;
  /** Of all packs, dead ones too. */
  readonly packBytes: number;
  readonly bodies: number;
  /** Of bodies that are looked up. */
  readonly liveBytes: number;
  /** Of bodies that count in the usage of somebody. */
  readonly usedBytes: number;
  readonly deadPacks: number;
  readonly damagedBodies: number;
  readonly era: number;
}

export interface AuditedSpace {
  readonly space: SpaceId;
  readonly owner: AccountId;
  readonly usedBytes: number;
}

export interface AuditedBody {
  readonly id: BodyId;
  readonly pack: string;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly refs: number;
  readonly leaseUntil: number;
  readonly isCounted: boolean;
  readonly isDamaged: boolean;
  /** Of a page. */
  readonly pageEntries: Bytes | null;
}

export interface AuditedPack extends StoredPack {
  readonly isDead: boolean;
}

export interface AuditStore {
  readonly listAccounts: (
    after: AccountId | undefined,
    limit: number,
  ) => Promise<readonly AccountSummary[]>;
  readonly stats: () => Promise<StoreStats>;
  /** What the store's check of its own files finds wrong. */
  readonly checkFiles: () => Promise<readonly string[]>;
  readonly listAllSpaces: () => Promise<readonly AuditedSpace[]>;
  /** Ascending by id. */
  readonly listBodies: (
    space: SpaceId,
    after: BodyId | undefined,
    limit: number,
  ) => Promise<readonly AuditedBody[]>;
  /** Ascending by `no`. */
  readonly listPacks: (after: number, limit: number) => Promise<readonly AuditedPack[]>;
  /**
   * Sets the references of all bodies of the space (0 where `refs` has none) and all that is counted
   * from them: leases of bodies that lose their last, usage, what lives in packs.
   */
  readonly recount: (
    space: SpaceId,
    refs: ReadonlyMap<BodyId, number>,
    now: number,
  ) => Promise<void>;
  /**
   * What was restored is under a new, higher era from now on: sessions and holds end, and every head
   * counts as moved. Answers the era. It is the time in seconds where that is higher than the next
   * number: so an era is not used twice when the same backup, or an older one, is restored again.
   */
  readonly beginEra: (now: number) => Promise<number>;
}
