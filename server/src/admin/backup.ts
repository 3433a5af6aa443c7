/**
 * A backup of a server that may go on working. The metadata are copied as of one moment; the packs
 * that they name are copied after that, while a hold keeps them: packs are never changed, and those
 * that come later are not in that moment. What is in the folder is a whole backup at every time: the
 * new metadata replace the old ones last, and only then packs leave that they do not name.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { bytesToHex } from '@coffer/protocol/core';
import { guardEntries, guardFolder } from '../adapters/folder-guard.ts';
import { SetupError } from '../adapters/password-setup-file.ts';
import { openFilePackStore } from '../packs/file-packs.ts';
import { isSmallPack } from '../packs/small-packs.ts';
import { nextTurn } from '../adapters/platform.ts';
import { unnamedPacks } from '../jobs/unnamed-packs.ts';
import type { MetadataStore } from '../stores/metadata-store.ts';
import { openDatabase } from '../stores/sqlite/open-database.ts';
import { createSqliteMetadataStore } from '../stores/sqlite/sqlite-metadata-store.ts';
import { livingPacks } from './living-packs.ts';
import {
  databaseFile,
  openData,
  schemaVersionOf,
  type AdminData,
  type AdminOptions,
} from './open-data.ts';
import {
  isOnlyPart,
  refuseUsed,
  MANIFEST,
  MANIFEST_FORMAT,
  readManifest,
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

const MINUTE_MS = 60_000;
const HOLD_MS = 60 * MINUTE_MS;
const RENEW_AFTER_MS = MINUTE_MS;
const COPIES_AT_ONCE = 8;
/** The metadata of the backup that is being made. */
const FRESH = 'metadata.unfinished';
/** Made first and removed last: what lies beside it is ours. */
const BEGUN = 'backup-unfinished';

export interface BackupResult extends Manifest {
  /** Of these packs, files that were not in the folder yet. */
  readonly packsCopied: number;
  readonly bytesCopied: number;
}

/** Into a folder that is empty, not there yet, or has an earlier backup of the same server. */
export async function backup(
  options: AdminOptions,
  target: string,
  signal: AbortSignal,
): Promise<BackupResult> {
  await using data = await openData(options, 'beside');
  const folder = await prepareTarget(data, target);
  const hold = new Hold(data);
  await hold.start();
  try {
    const fresh = join(folder, FRESH);
    await removeDatabase(fresh);
    await copyMetadata(databaseFile(data.dataDir), fresh);
    const result = await copyPacks(data, { folder, fresh, hold }, signal);
    await copyDurably(join(data.dataDir, 'password-setup'), join(folder, 'password-setup'));
    await hold.renew();
    await copyDurably(fresh, join(folder, 'metadata.sqlite'));
    const { packsCopied, bytesCopied, ...manifest } = result;
    await writeDurably(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await removeUnnamed(folder, fresh);
    await removeDatabase(fresh);
    await rm(join(folder, BEGUN), { force: true });
    return { ...manifest, packsCopied, bytesCopied };
  } finally {
    await hold.end();
  }
}

/** Keeps every pack on the disk of the server, as long as it is renewed. */
class Hold {
  readonly #data: AdminData;
  readonly #name: string;
  #renewedAt = 0;

  constructor(data: AdminData) {
    this.#data = data;
    this.#name = `backup ${bytesToHex(data.random.bytes(8))}`;
  }

  async start(): Promise<void> {
    const now = this.#data.clock.now();
    await this.#data.store.startHold(this.#name, now + HOLD_MS);
    this.#renewedAt = now;
  }

  /** Throws when the hold has ended meanwhile: packs may be gone. */
  async renew(): Promise<void> {
    const now = this.#data.clock.now();
    if (now - this.#renewedAt < RENEW_AFTER_MS) return;
    if (!(await this.#data.store.renewHold(this.#name, now + HOLD_MS, now))) {
      throw new SetupError('the backup stood still for too long. Run it again: it goes on.');
    }
    this.#renewedAt = now;
  }

  end(): Promise<void> {
    return this.#data.store.endHold(this.#name);
  }
}

async function prepareTarget({ dataDir }: AdminData, target: string): Promise<string> {
  const folder = await guardFolder(target);
  if (`${folder}/`.startsWith(`${dataDir}/`) || `${dataDir}/`.startsWith(`${folder}/`)) {
    throw new SetupError(`${folder} and the data folder lie in each other. Name another folder.`);
  }
  await guardEntries(folder, [
    { name: 'metadata.sqlite', kind: 'file' },
    { name: FRESH, kind: 'file' },
    { name: BEGUN, kind: 'file' },
    { name: 'password-setup', kind: 'file' },
    { name: MANIFEST, kind: 'file' },
    { name: 'packs', kind: 'folder' },
  ]);
  await makeFolder(folder);
  await refuseUsed(folder);
  const isOwn = (await readManifest(folder))?.server === (await serverOf(dataDir));
  const entries = await readdir(folder);
  const isBegun = entries.includes(BEGUN) || isOnlyPart(entries, BEGUN);
  if (!isOwn && !isBegun && entries.length > 0) {
    throw new SetupError(
      `${folder} is not empty, and no backup of this server. Name another folder.`,
    );
  }
  await writeDurably(
    join(folder, BEGUN),
    'A backup is under way, or was broken off. Run it again.\n',
  );
  await makeFolder(join(folder, 'packs'));
  return folder;
}

/** With what SQLite keeps beside it: left behind, it would be taken for a part of the next one. */
async function removeDatabase(file: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) await rm(file + suffix, { force: true });
}

/** A name for the server that tells nothing: the digest of its set-up secret. */
async function serverOf(dataDir: string): Promise<string> {
  const secret = await readFile(join(dataDir, 'password-setup'));
  return createHash('sha256').update(secret).digest('hex').slice(0, 32);
}

/** The database as of one moment, by SQLite's backup interface; its writers go on. */
async function copyMetadata(from: string, to: string): Promise<void> {
  const database = new Database(from, { readonly: true });
  try {
    // In one read transaction: writes of others would begin the copy anew, again and again.
    database.exec('BEGIN');
    database.prepare('SELECT count(*) FROM counters').get();
    await database.backup(to, { progress: () => 10_000 });
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}

async function copyPacks(
  data: AdminData,
  to: { readonly folder: string; readonly fresh: string; readonly hold: Hold },
  signal: AbortSignal,
): Promise<BackupResult> {
  const copied = openCopy(to.fresh);
  const made = new Set<string>();
  const sums = { packs: 0, bytes: 0, packsCopied: 0, bytesCopied: 0 };
  try {
    await forEachOf(livingPacks(copied), COPIES_AT_ONCE, async (pack) => {
      signal.throwIfAborted();
      await to.hold.renew();
      sums.packs++;
      sums.bytes += pack.sizeBytes;
      // The metadata have it.
      if (isSmallPack(pack.pack)) return;
      const target = packPath(to.folder, pack.space, pack.pack);
      const there = await stat(target).catch(() => undefined);
      if (there?.size === pack.sizeBytes) return;
      if (!made.has(pack.space)) await makeFolder(join(to.folder, 'packs', pack.space));
      made.add(pack.space);
      await copyPack(packPath(data.dataDir, pack.space, pack.pack), target);
      sums.packsCopied++;
      sums.bytesCopied += pack.sizeBytes;
    });
    for (const space of made) await syncFolder(join(to.folder, 'packs', space));
    const { accounts, spaces, era } = await copied.stats();
    const server = await serverOf(data.dataDir);
    const schema = schemaVersionOf(to.fresh);
    const at = data.clock.now();
    return { format: MANIFEST_FORMAT, server, schema, at, era, accounts, spaces, ...sums };
  } finally {
    await copied.close();
  }
}

async function copyPack(from: string, to: string): Promise<void> {
  try {
    await copyDurably(from, to);
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (!isGone) throw error;
    throw new SetupError(
      `a stored pack is not there: ${from}. Run 'coffer admin fsck', which says what is lost; --repair lets devices send it again.`,
      { cause: error },
    );
  }
}

function openCopy(file: string): MetadataStore {
  schemaVersionOf(file);
  return createSqliteMetadataStore(openDatabase(file), nextTurn);
}

/** Packs of earlier backups. */
async function removeUnnamed(folder: string, fresh: string): Promise<void> {
  const store = openCopy(fresh);
  try {
    const packs = await openFilePackStore(join(folder, 'packs'), { isShared: true });
    for await (const strays of unnamedPacks(store, packs)) {
      for (const { space, pack } of strays) await packs.remove(space, pack);
    }
  } finally {
    await store.close();
  }
}
