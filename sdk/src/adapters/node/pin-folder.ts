import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PinStore } from '../../ports/index.ts';
import { readIfThere, writeAtomic } from './write-atomic.ts';

/** What is older was left by a crash: a save takes milliseconds. */
const STAGED_MS_MAX = 60 * 60 * 1000;
const STAGED = /^[0-9a-f]+\.pin\.\d+-\d+\.new$/;

let saves = 0;

/**
 * A file of mode 0600 for each space in `folder`, which is made (0700) on the first save; what crashes
 * left in it is removed then.
 */
export function createPinFolder(folder: string): PinStore {
  const fileOf = (space: string): string => join(folder, `${space}.pin`);
  let made: Promise<void> | undefined;
  return {
    load: (space) => readIfThere(fileOf(space)),
    save: async (space, trusted) => {
      made ??= makeSwept(folder);
      await made;
      // Several drives, also of other processes, may share a folder.
      const staged = `${fileOf(space)}.${process.pid}-${saves++}.new`;
      await writeAtomic(fileOf(space), trusted, staged);
    },
  };
}

async function makeSwept(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    if (!STAGED.test(name)) continue;
    const path = join(folder, name);
    // Another program may have removed it, or given it its name, at this moment.
    const ageMs = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (ageMs > STAGED_MS_MAX) await rm(path, { force: true });
  }
}
