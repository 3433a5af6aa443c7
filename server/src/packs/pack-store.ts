import type { Bytes, SpaceId } from '@coffer/protocol/core';

export interface Range {
  readonly offset: number;
  readonly lengthBytes: number;
}

/** A pack, or a part of it, is not there although the metadata says so. */
export class PackDamagedError extends Error {
  override readonly name = 'PackDamagedError';
}

/**
 * Where packs rest. A pack is written once, whole, under a uid that is never used again, and never
 * changed. `packStoreContract` in testing/ is what every implementation has to pass.
 */
export interface PackStore {
  /** Durable when it resolves; after a crash before that, nothing is there under this uid. */
  readonly put: (space: SpaceId, uid: string, pack: Bytes) => Promise<void>;
  /** The bytes of each range, in order. Throws PackDamagedError when one of them is not there. */
  readonly read: (
    space: SpaceId,
    uid: string,
    ranges: readonly Range[],
  ) => Promise<readonly Bytes[]>;
  /** Nothing happens when there is none. */
  readonly remove: (space: SpaceId, uid: string) => Promise<void>;
  /** Undefined when there is none. */
  readonly sizeOf: (space: SpaceId, uid: string) => Promise<number | undefined>;
  /** All packs, in any order; those put or removed meanwhile may be in it or not. */
  readonly list: () => AsyncIterable<{ readonly space: SpaceId; readonly pack: string }>;
}
