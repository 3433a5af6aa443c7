import { constants } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * A file of mode 0600, complete and on disk before it takes the old one's name. `staged`: where it is
 * written; another one for each of those that may write at the same time.
 */
export async function writeAtomic(
  path: string,
  content: string | Uint8Array,
  staged = `${path}.new`,
): Promise<void> {
  await rm(staged, { force: true });
  const file = await open(staged, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(staged, path);
  await syncFolder(dirname(path));
}

/** Makes a rename or removal in `folder` durable, where the system lets folders be opened. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
