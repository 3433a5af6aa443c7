/** What fsck says. */
import type { AccountId, SpaceId } from '@coffer/protocol/core';
import type { JobContext } from './job.ts';

export type FindingKind =
  | 'files'
  | 'key-chain'
  | 'commits'
  | 'state'
  | 'members'
  | 'references'
  | 'usage'
  | 'body-missing'
  | 'body-damaged'
  | 'pack-missing'
  | 'pack-cut'
  | 'pack-stray';

/** Something that is not as it should be. Ids only: never a name. */
export interface Finding {
  readonly kind: FindingKind;
  readonly detail: string;
  /** What no repair brings back. */
  readonly isLoss: boolean;
  readonly isRepaired: boolean;
  readonly account?: AccountId;
  readonly space?: SpaceId;
  readonly pack?: string;
}

export interface FsckOptions {
  readonly isRepair: boolean;
  /** Read and hash every body, too. */
  readonly isDataRead: boolean;
}

export interface FsckReport {
  readonly findings: readonly Finding[];
  readonly checked: {
    readonly accounts: number;
    readonly spaces: number;
    readonly commits: number;
    readonly records: number;
    readonly bodies: number;
    readonly packs: number;
  };
}

export type FsckContext = Pick<JobContext, 'store' | 'packs' | 'suite' | 'clock'>;

export function nameSome(ids: readonly string[]): string {
  const more = ids.length > 5 ? ` and ${ids.length - 5} more` : '';
  return `${ids.slice(0, 5).join(', ')}${more}`;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
