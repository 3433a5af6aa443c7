import type { Bytes, SpaceId } from '@coffer/protocol/core';
import type { PinStore } from '../ports/index.ts';

/** A PinStore that forgets with the process. */
export function createMemoryPinStore(): PinStore {
  const kept = new Map<SpaceId, Bytes>();
  return {
    load: (space) => Promise.resolve(kept.get(space)),
    save: async (space, trusted) => void kept.set(space, trusted.slice()),
  };
}
