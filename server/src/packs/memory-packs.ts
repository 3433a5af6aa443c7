import type { Bytes, SpaceId } from '@coffer/protocol/core';
import { PackDamagedError, type PackStore } from './pack-store.ts';

/** Packs that end with the process. */
export function createMemoryPackStore(): PackStore {
  const packs = new Map<string, Bytes>();
  return {
    put: async (space, uid, pack) => void packs.set(`${space}/${uid}`, pack.slice()),
    read: async (space, uid, ranges) => {
      const pack = packs.get(`${space}/${uid}`);
      return ranges.map(({ offset, lengthBytes }) => {
        const end = offset + lengthBytes;
        if (pack === undefined || end > pack.length) throw new PackDamagedError(uid);
        return pack.slice(offset, end);
      });
    },
    remove: async (space, uid) => void packs.delete(`${space}/${uid}`),
    sizeOf: async (space, uid) => packs.get(`${space}/${uid}`)?.length,
    list: async function* () {
      for (const path of packs.keys()) {
        const [space = '', pack = ''] = path.split('/');
        yield { space: space as SpaceId, pack };
      }
    },
  };
}
