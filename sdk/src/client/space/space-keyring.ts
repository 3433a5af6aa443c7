/**
 * The epoch keys of one space. They come from the envelope in our own member record; opened once, they
 * rest in the store under the database key, so that a start needs no secrets from the server.
 */
import {
  concatBytes,
  IntegrityError,
  type AccountId,
  type Bytes,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import type { OpenSuite } from '@coffer/protocol/crypto';
import { open, seal } from '@coffer/protocol/crypto/open';
import { idToBytes } from '@coffer/protocol/core';
import type { MemberRecord, SpaceRecord } from '@coffer/protocol/model';
import { openOldEpochs, openSpaceKeys, type SpaceKeys } from '@coffer/protocol/model/open';
import type { SpaceStore } from '../../ports/index.ts';

export interface SpaceKeyringOptions {
  readonly space: SpaceId;
  readonly account: AccountId;
  readonly suite: OpenSuite;
  readonly store: SpaceStore;
  readonly databaseKey: Bytes;
  /** X-Wing seeds of the account, newest first; fetched and opened when they are needed. */
  readonly kemSeeds: (signal: AbortSignal) => Promise<readonly Bytes[]>;
}

const KEY_SIZE_BYTES = 32;

export class SpaceKeyring {
  readonly #options: SpaceKeyringOptions;
  #keys: SpaceKeys | undefined;

  constructor(options: SpaceKeyringOptions) {
    this.#options = options;
  }

  /** The keys that `load` opened last. */
  readonly current = (): SpaceKeys => {
    if (this.#keys === undefined) {
      throw new IntegrityError('open-failed', 'the keys of the space are not open');
    }
    return this.#keys;
  };

  /** Makes the keys of these records current. */
  async load(space: SpaceRecord, member: MemberRecord, signal: AbortSignal): Promise<void> {
    if (this.#keys?.epoch === space.epoch) return;
    const cached = this.#loadCached(space);
    if (cached !== undefined) {
      this.#keys = cached;
      return;
    }
    const { suite, kemSeeds } = this.#options;
    const seeds = await kemSeeds(signal);
    const keys = openSpaceKeys(await suite.whole(), space, member, seeds);
    this.#saveCached(keys);
    this.#keys = keys;
  }

  /** Opens the keys of these records whatever is kept; the returned function makes them current. */
  async loadAnew(
    space: SpaceRecord,
    member: MemberRecord,
    signal: AbortSignal,
  ): Promise<() => void> {
    const { suite, kemSeeds } = this.#options;
    const seeds = await kemSeeds(signal);
    const keys = openSpaceKeys(await suite.whole(), space, member, seeds);
    return () => {
      this.#saveCached(keys);
      this.#keys = keys;
    };
  }

  #loadCached(space: SpaceRecord): SpaceKeys | undefined {
    const { store, suite, databaseKey } = this.#options;
    const sealed = store.nodeKey(this.#options.space, this.#slot, space.epoch);
    if (sealed === undefined) return undefined;
    const opened = open(suite, databaseKey, 'local-key', this.#aad(space.epoch), sealed);
    const epochKey = opened.subarray(0, KEY_SIZE_BYTES);
    return openOldEpochs(suite, space, epochKey, opened.subarray(KEY_SIZE_BYTES));
  }

  #saveCached(keys: SpaceKeys): void {
    const { store, suite, databaseKey } = this.#options;
    const epochKey = keys.epochKeys.get(keys.epoch);
    if (epochKey === undefined) return;
    const secret = concatBytes(epochKey, keys.chunkerKey);
    const sealed = seal(suite, databaseKey, 'local-key', this.#aad(keys.epoch), secret);
    store.saveNodeKey(this.#options.space, this.#slot, keys.epoch, sealed);
  }

  /** The epoch keys stand where the root folder's key would: it is derived from them. */
  get #slot(): NodeId {
    return this.#options.space as string as NodeId;
  }

  #aad(epoch: number): readonly (Bytes | number)[] {
    return [idToBytes(this.#options.space), epoch];
  }
}
