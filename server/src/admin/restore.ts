/**
 * Brings a backup back into an empty folder, under a higher era: that is how devices tell an honest
 * restore from a server that went back in time (protocol §4). Until it is done a file says so, and no
 * server starts on the folder; running it again begins anew.
 */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { guardEntries, guardFolder, RESTORE_MARKER } from '../adapters/folder-guard.ts';
import { SetupError } from '../adapters/password-setup-file.ts';
import { nextTurn, systemClock } from '../adapters/platform.ts';
import { isSmallPack } from '../packs/small-packs.ts';
import { openDatabase } from '../stores/sqlite/open-database.ts';
import { createSqliteMetadataStore } from '../stores/sqlite/sqlite-metadata-store.ts';
import { MIGRATIONS } from '../stores/sqlite/migrations.ts';
import { livingPacks } from './living-packs.ts';
import { databaseFile, type AdminOptions } from './open-data.ts';
import {
  isOnlyPart,
  MANIFEST,
  MANIFEST_FORMAT,
  readManifest,
  refuseUsed,
  type Manifest,
} from './manifest.ts';
import {
  copyDurably,
  forEachOf,
  makeFolder,
  packPath,
  syncFolder,
  writeDurably,
} from './durable-copy.ts';

const COPIES_AT_ONCE = 8;

export interface RestoreResult {
  readonly era: number;
  readonly backupAt: number;
  readonly accounts: number;
  readonly spaces: number;
  readonly packs: number;
  readonly bytes: number;
}

export async function restore(
  options: AdminOptions,
  source: string,
  signal: AbortSignal,
): Promise<RestoreResult> {
  const { clock = systemClock } = options;
  const { folder, manifest } = await findBackup(source);
  const dataDir = await prepareData(options.dataDir, folder);
  const restored = join(dataDir, 'metadata.sqlite.restoring');
  await copyDurably(join(folder, 'metadata.sqlite'), restored);
  const store = createSqliteMetadataStore(openDatabase(restored), nextTurn);
  let era: number;
  try {
    const made = new Set<string>();
    await forEachOf(livingPacks(store), COPIES_AT_ONCE, async ({ space, pack, sizeBytes }) => {
      signal.throwIfAborted();
      if (isSmallPack(pack)) return;
      if (!made.has(space)) await makeFolder(join(dataDir, 'packs', space));
      made.add(space);
      await checkPack(packPath(folder, space, pack), sizeBytes);
      await copyDurably(packPath(folder, space, pack), packPath(dataDir, space, pack));
    });
    for (const space of made) await syncFolder(join(dataDir, 'packs', space));
    era = await store.beginEra(clock.now());
  } finally {
    await store.close();
  }
  await copyDurably(join(folder, 'password-setup'), join(dataDir, 'password-setup'));
  await rename(restored, databaseFile(dataDir));
  // Before the marker goes: without both, a server would begin with an empty database.
  await syncFolder(dataDir);
  await rm(join(dataDir, RESTORE_MARKER));
  await syncFolder(dataDir);
  const { at, accounts, spaces, packs, bytes } = manifest;
  return { era, backupAt: at, accounts, spaces, packs, bytes };
}

async function findBackup(
  source: string,
): Promise<{ readonly folder: string; readonly manifest: Manifest }> {
  const folder = await guardFolder(source);
  await guardEntries(folder, [
    { name: MANIFEST, kind: 'file' },
    { name: 'metadata.sqlite', kind: 'file' },
    { name: 'password-setup', kind: 'file' },
    { name: 'packs', kind: 'folder' },
  ]);
  const manifest = await readManifest(folder);
  if (manifest === undefined) {
    throw new SetupError(`${folder} is no finished backup: there is no ${MANIFEST} in it.`);
  }
  await refuseUsed(folder);
  if (manifest.format > MANIFEST_FORMAT || manifest.schema > MIGRATIONS.length) {
    throw new SetupError(
      `the backup in ${folder} is of a newer version. Restore it with that one.`,
    );
  }
  return { folder, manifest };
}

async function prepareData(path: string, source: string): Promise<string> {
  const dataDir = await guardFolder(path);
  if (`${dataDir}/`.startsWith(`${source}/`) || `${source}/`.startsWith(`${dataDir}/`)) {
    throw new SetupError(`${dataDir} and the backup lie in each other. Name another folder.`);
  }
  await makeFolder(dataDir);
  const entries = await readdir(dataDir);
  const isBegun = entries.includes(RESTORE_MARKER) || isOnlyPart(entries, RESTORE_MARKER);
  if (entries.length > 0 && !isBegun) {
    throw new SetupError(
      `${dataDir} is not empty. Nothing was changed: restore into an empty folder, and start the server on that.`,
    );
  }
  for (const name of entries) {
    if (name !== RESTORE_MARKER) await rm(join(dataDir, name), { recursive: true, force: true });
  }
  await writeDurably(join(dataDir, RESTORE_MARKER), 'A restore is under way. See the manual.\n');
  await makeFolder(join(dataDir, 'packs'));
  return dataDir;
}

async function checkPack(path: string, sizeBytes: number): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isFile() === true && status.size === sizeBytes) return;
  throw new SetupError(
    `the backup is not whole: ${path} is not there or has another size. Nothing was brought back.`,
  );
}
