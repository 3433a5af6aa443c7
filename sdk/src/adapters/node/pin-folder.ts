import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinStore } from '../../ports/index.ts';
import { readIfThere, writeAtomic } from './write-atomic.ts';

/** A file of mode 0600 for each space in `folder`, which is made (0700) on the first save. */
export function createPinFolder(folder: string): PinStore {
  const fileOf = (space: string): string => join(folder, `${space}.pin`);
  return {
    load: (space) => readIfThere(fileOf(space)),
    save: async (space, trusted) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeAtomic(fileOf(space), trusted);
    },
  };
}
