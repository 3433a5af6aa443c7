import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinStore } from '../../ports/index.ts';
import { readIfThere, writeAtomic } from './write-atomic.ts';

let saves = 0;

/** A file of mode 0600 for each space in `folder`, which is made (0700) on the first save. */
export function createPinFolder(folder: string): PinStore {
  const fileOf = (space: string): string => join(folder, `${space}.pin`);
  return {
    load: (space) => readIfThere(fileOf(space)),
    save: async (space, trusted) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Several drives, also of other processes, may share a folder.
      const staged = `${fileOf(space)}.${process.pid}-${saves++}.new`;
      await writeAtomic(fileOf(space), trusted, staged);
    },
  };
}
