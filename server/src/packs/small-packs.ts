/**
 * Packs of a few bodies rest in the metadata, beside their rows: they are durable with the one
 * transaction that names them. A file of its own would cost each of them two more waits for the disk,
 * and eight calls of the system. Where a pack rests is said by its name.
 */
import type { ContentStore } from '../stores/metadata-store.ts';
import { PackDamagedError, type PackStore } from './pack-store.ts';

/** From here on a file costs less than writing the bytes twice: into the log of SQLite and its file. */
export const SMALL_PACK_SIZE_BYTES_MAX = 32 * 1024;

const PREFIX = 's-';

/** Name of a small pack; `uid` is never used again. */
export function smallPackName(uid: string): string {
  return PREFIX + uid;
}

export function isSmallPack(pack: string): boolean {
  return pack.startsWith(PREFIX);
}

/**
 * All packs: those in `files`, and the small ones in `store`. A small pack comes and goes with its row
 * (`registerPack`, `forgetPack`): nothing puts or removes it here, and none can be a stray.
 */
export function withSmallPacks(
  files: PackStore,
  store: Pick<ContentStore, 'readSmallPack'>,
): PackStore {
  return {
    put: files.put,
    read: async (space, uid, ranges) => {
      if (!isSmallPack(uid)) return files.read(space, uid, ranges);
      const pack = await store.readSmallPack(space, uid);
      return ranges.map(({ offset, lengthBytes }) => {
        const end = offset + lengthBytes;
        if (pack === undefined) throw new PackDamagedError('a small pack is not there');
        if (end > pack.length) throw new PackDamagedError('a small pack is cut off');
        return pack.subarray(offset, end);
      });
    },
    remove: async (space, uid) => {
      if (!isSmallPack(uid)) await files.remove(space, uid);
    },
    sizeOf: async (space, uid) =>
      isSmallPack(uid) ? (await store.readSmallPack(space, uid))?.length : files.sizeOf(space, uid),
    list: files.list,
  };
}
