import * as fs from 'node:fs';
import { mkdir, opendir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bytes, SpaceId } from '@coffer/protocol/core';
import { PackDamagedError, type PackStore, type Range } from './pack-store.ts';

// Plain descriptors: file handles cost twice the processor time for packs of a few KiB.
const open = promisify(fs.open);
const close = promisify(fs.close);
const read = promisify(fs.read);
const write = promisify(fs.write);
const fsync = promisify(fs.fsync);
const fdatasync = promisify(fs.fdatasync);

/**
 * Packs as files `<folder>/<space>/<uid>`, readable by their owner only. A pack is written to
 * `<folder>/incoming`, brought to the disk, and then moved to its place; what a crash leaves in
 * `incoming` goes at the next start. `isShared`: a server may be at work in the folder; nothing of its
 * uploads is touched.
 */
export async function openFilePackStore(
  folder: string,
  { isShared = false }: { readonly isShared?: boolean } = {},
): Promise<PackStore> {
  const incoming = join(folder, 'incoming');
  if (!isShared) await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming, { recursive: true, mode: 0o700 });
  const syncFolder = createFolderSync();
  const foldersMade = new Map<string, Promise<void>>();

  async function makeFolder(path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await syncFolder(folder);
  }

  /** Made once, by whoever needs it first. */
  async function folderOf(space: string): Promise<string> {
    const path = join(folder, space);
    let made = foldersMade.get(space);
    if (made === undefined) {
      made = makeFolder(path);
      foldersMade.set(space, made);
      made.catch(() => foldersMade.delete(space));
    }
    await made;
    return path;
  }

  return {
    put: async (space, uid, pack) => {
      const target = await folderOf(space);
      const temporary = join(incoming, uid);
      try {
        await writeDurably(temporary, pack);
        await rename(temporary, join(target, uid));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await syncFolder(target);
    },
    read: (space, uid, ranges) => readRanges(join(folder, space, uid), ranges),
    remove: (space, uid) => rm(join(folder, space, uid), { force: true }),
    sizeOf: async (space, uid) => (await statIfThere(join(folder, space, uid)))?.size,
    list: () => listPacks(folder),
  };
}

async function statIfThere(path: string): Promise<fs.Stats | undefined> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/** Names that a space or a pack can have; whatever else lies there is not ours. */
const SPACE_NAME = /^[0-9a-f]{32}$/;
const PACK_NAME = /^[0-9a-z]{1,64}$/;

async function* listPacks(
  folder: string,
): AsyncGenerator<{ readonly space: SpaceId; readonly pack: string }, void, void> {
  for await (const space of await opendir(folder)) {
    if (!space.isDirectory() || !SPACE_NAME.test(space.name)) continue;
    for await (const pack of await opendir(join(folder, space.name))) {
      if (!pack.isFile() || !PACK_NAME.test(pack.name)) continue;
      yield { space: space.name as SpaceId, pack: pack.name };
    }
  }
}

async function writeDurably(path: string, bytes: Bytes): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for (let at = 0; at < bytes.length;) {
      at += (await write(file, bytes, at, bytes.length - at, at)).bytesWritten;
    }
    await fdatasync(file);
  } finally {
    await close(file);
  }
}

async function readRanges(path: string, ranges: readonly Range[]): Promise<readonly Bytes[]> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw damageOf(cause, 'a pack is not there');
  });
  try {
    const parts: Bytes[] = [];
    for (const { offset, lengthBytes } of ranges) {
      const part = new Uint8Array(lengthBytes);
      let at = 0;
      while (at < lengthBytes) {
        const { bytesRead } = await read(file, part, at, lengthBytes - at, offset + at).catch(
          (cause: unknown) => {
            throw damageOf(cause, 'a pack cannot be read');
          },
        );
        if (bytesRead === 0) throw new PackDamagedError('a pack is cut off');
        at += bytesRead;
      }
      parts.push(part);
    }
    return parts;
  } finally {
    await close(file);
  }
}

/** What the disk says of the pack itself; all other errors may pass, and condemn nothing. */
function damageOf(cause: unknown, message: string): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'EIO' ? new PackDamagedError(message, { cause }) : cause;
}

/**
 * Brings the names in a folder to the disk. Callers that come while one is under way share the next:
 * the one under way may have begun before their rename.
 */
function createFolderSync(): (path: string) => Promise<void> {
  const runningByPath = new Map<string, Promise<void>>();
  const nextByPath = new Map<string, Promise<void>>();

  async function sync(path: string): Promise<void> {
    // Windows opens no folders, and keeps names in a journal of its own.
    if (process.platform === 'win32') return;
    const folder = await open(path, 'r');
    try {
      await fsync(folder);
    } finally {
      await close(folder);
    }
  }

  function start(path: string): Promise<void> {
    const running = sync(path).finally(() => {
      if (runningByPath.get(path) === running) runningByPath.delete(path);
    });
    runningByPath.set(path, running);
    return running;
  }

  return (path) => {
    const running = runningByPath.get(path);
    if (running === undefined) return start(path);
    let next = nextByPath.get(path);
    if (next === undefined) {
      next = running
        .catch(() => {})
        .then(() => {
          nextByPath.delete(path);
          return start(path);
        });
      nextByPath.set(path, next);
    }
    return next;
  };
}
