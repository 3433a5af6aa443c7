/** `backup.json`: what a backup holds. Written last: a folder without it is no backup yet. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SetupError } from '../adapters/password-setup-file.ts';

export const MANIFEST = 'backup.json';
export const MANIFEST_FORMAT = 1;

export interface Manifest {
  readonly format: number;
  /** Of which server: half a digest of its set-up secret. */
  readonly server: string;
  readonly schema: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly era: number;
  readonly accounts: number;
  readonly spaces: number;
  readonly packs: number;
  readonly bytes: number;
}

const NUMBERS = ['format', 'schema', 'at', 'era', 'accounts', 'spaces', 'packs', 'bytes'] as const;
const SIZE_BYTES_MAX = 64 * 1024;

/** Undefined where there is none that can be read. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  try {
    const text = await readFile(join(folder, MANIFEST), 'utf8');
    if (text.length > SIZE_BYTES_MAX) return undefined;
    const found = JSON.parse(text) as Record<string, unknown>;
    const isWhole =
      typeof found['server'] === 'string' &&
      NUMBERS.every((name) => Number.isSafeInteger(found[name]));
    return isWhole ? (found as unknown as Manifest) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether nothing is there but what `writeDurably` of `name` had begun when it was killed. */
export function isOnlyPart(entries: readonly string[], name: string): boolean {
  return entries.length === 1 && entries[0] === `${name}.part`;
}

/** Throws SetupError when something has worked on the database of a backup itself. */
export async function refuseUsed(folder: string): Promise<void> {
  if (!(await readdir(folder)).includes('metadata.sqlite-wal')) return;
  throw new SetupError(
    `a program has worked on the database in ${folder} itself: it is no backup any more. Back up into another folder.`,
  );
}
