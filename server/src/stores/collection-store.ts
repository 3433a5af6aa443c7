/**
 * What the jobs ask of the store (protocol §6): which bodies nobody needs any more, where the bodies
 * of a pack are, which packs may go. Every method is one transaction and may be repeated.
 */
import type { BodyId } from '@coffer/protocol/api';
import type { SpaceId } from '@coffer/protocol/core';

export interface StoredPack {
  /** Grows from pack to pack: a place to go on from. */
  readonly no: number;
  readonly space: SpaceId;
  /** Name in the pack store. */
  readonly pack: string;
  readonly sizeBytes: number;
  /** Of the bodies that are still looked up here. */
  readonly liveBytes: number;
}

export interface PackedBody {
  readonly id: BodyId;
  readonly isPage: boolean;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly isDamaged: boolean;
}

export interface CollectedBodies {
  readonly bodies: number;
  readonly bytes: number;
}

export interface BodyMove {
  readonly from: string;
  /** A pack that is durable and that no row names yet. */
  readonly to: string;
  readonly sizeBytes: number;
  readonly bodies: readonly { readonly id: BodyId; readonly offset: number }[];
  readonly now: number;
}

export interface PackName {
  readonly space: SpaceId;
  readonly pack: string;
}

export interface JobRun {
  readonly nextAt: number;
  readonly finishedAt: number | null;
}

/** What a collection would do now. */
export interface CollectionOutlook extends CollectedBodies {
  readonly sparsePacks: number;
  readonly deadPacks: number;
  readonly deadBytes: number;
}

export interface CollectionStore {
  readonly collectionOutlook: (unneededSince: number, now: number) => Promise<CollectionOutlook>;
  /**
   * Takes leases that ended by `now` out of the usage, then forgets up to `limit` bodies without a
   * reference that nobody has needed since `unneededSince`. A commit that names one of them later is
   * told that it is missing. A pack that has no body left is dead from `now` on.
   */
  readonly collectBodies: (which: {
    readonly unneededSince: number;
    readonly now: number;
    readonly limit: number;
  }) => Promise<CollectedBodies>;
  /** Packs of which less than half lives, in the order of `no`, above `after`. */
  readonly listSparsePacks: (after: number, limit: number) => Promise<readonly StoredPack[]>;
  readonly listBodiesIn: (pack: string) => Promise<readonly PackedBody[]>;
  /**
   * Looks the bodies up in the new pack from now on, those that still were in the old one; answers how
   * many. None: the new pack stays unknown. An old pack that has none left is dead.
   */
  readonly moveBodies: (move: BodyMove) => Promise<number>;
  /** Packs that died at `deadSince` or earlier. */
  readonly listDeadPacks: (deadSince: number, limit: number) => Promise<readonly StoredPack[]>;
  /** Its file is gone. Nothing happens unless the pack is dead. */
  readonly forgetPack: (pack: string) => Promise<void>;

  /** Of `packs`, those that no row names. */
  readonly findStrays: (packs: readonly PackName[]) => Promise<readonly PackName[]>;
  /** Notes strays at `now`; those noted before keep their time. */
  readonly noteStrays: (packs: readonly PackName[], now: number) => Promise<void>;
  /** Strays noted at `seenAt` or earlier that are strays still; forgets those that are not. */
  readonly listStrays: (seenAt: number) => Promise<readonly PackName[]>;
  readonly forgetStray: (pack: string) => Promise<void>;

  /** Until then no pack is removed, whoever runs the jobs. False when the hold had ended by `now`. */
  readonly renewHold: (name: string, until: number, now: number) => Promise<boolean>;
  readonly startHold: (name: string, until: number) => Promise<void>;
  readonly endHold: (name: string) => Promise<void>;
  readonly isHeld: (now: number) => Promise<boolean>;

  /** Living packs, those first that were not looked at for longest, none since `scrubbedBefore`. */
  readonly listUnscrubbed: (
    scrubbedBefore: number,
    limit: number,
  ) => Promise<readonly StoredPack[]>;
  /** A pack was looked at: these of its bodies are damaged, all others in it are whole. */
  readonly noteScrub: (
    pack: string,
    found: { readonly damaged: readonly BodyId[]; readonly at: number },
  ) => Promise<void>;

  readonly getJobRun: (name: string) => Promise<JobRun | undefined>;
  readonly putJobRun: (name: string, run: JobRun) => Promise<void>;
}
