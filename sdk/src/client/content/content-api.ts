/** What moving contents needs of the world: three calls to the server and a running hash. */
import type { Bytes } from '@coffer/protocol/core';
import type { BodyId } from '@coffer/protocol/api';

/**
 * The content calls of one space (docs/api.md). Bodies are raw bytes: everything in them is parsed
 * and checked here, not below. Faults (RemoteFault and its kin) pass through unchanged; an
 * implementation may have retried before it throws.
 */
export interface ContentApi {
  /** POST missing: at most 4,096 ids; answers the bitmap. What is present is leased. */
  readonly missing: (ids: readonly BodyId[], signal: AbortSignal) => Promise<Bytes>;
  /** POST packs: durable and leased when it settles. Safe to repeat. */
  readonly putPack: (pack: Bytes, signal: AbortSignal) => Promise<void>;
  /**
   * POST read: at most 4,096 distinct ids; answers frames in their order as the body comes, cut
   * anywhere. Returning from the iteration early ends the request.
   */
  readonly read: (
    ids: readonly BodyId[],
    signal: AbortSignal,
  ) => AsyncIterable<Bytes> | Promise<AsyncIterable<Bytes>>;
}

/** A SHA-256 in progress: `createHash('sha256')` of node:crypto fits. */
export interface RunningSha256 {
  readonly update: (bytes: Bytes) => unknown;
  readonly digest: () => Bytes;
}
