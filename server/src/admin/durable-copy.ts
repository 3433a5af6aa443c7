/** Files that are on the disk when the call resolves. */
import { constants, copyFile, mkdir, open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Copies a plain file; afterwards all of it is at `to`, or nothing is. */
export async function copyDurably(from: string, to: string): Promise<void> {
  const temporary = `${to}.part`;
  await copyFile(from, temporary, constants.COPYFILE_FICLONE);
  await syncPath(temporary);
  await rename(temporary, to);
}

export async function writeDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.part`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await syncFolder(dirname(path));
}

export async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and keeps names in a journal of its own.
  if (process.platform !== 'win32') await syncPath(path);
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Runs `work` on each, at most `width` at a time; ends at the first failure. */
export async function forEachOf<T>(
  items: AsyncIterable<T> | Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let failure: { readonly reason: unknown } | undefined;
  for await (const item of items) {
    const done = work(item)
      .catch((reason: unknown) => {
        failure ??= { reason };
      })
      .finally(() => running.delete(done));
    running.add(done);
    if (running.size >= width) await Promise.race(running);
    if (failure !== undefined) break;
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.reason;
}

export function packPath(folder: string, space: string, pack: string): string {
  return join(folder, 'packs', space, pack);
}
