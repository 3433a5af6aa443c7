/**
 * Builds `renderer/dist` when it is older than what it is made of: told by a digest of the sources,
 * kept beside it. Several processes may ask at once: one builds, the others wait for it.
 */
import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { takeBuildLock } from './build-lock.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${root}renderer/dist`;
const stampFile = `${folder}/sources.stamp`;
const lockFolder = `${root}node_modules/.cache/renderer-build`;
const LOCK_POLL_MS = 100;
const SOURCES = [
  'package-lock.json',
  'renderer/index.html',
  'renderer/vite.config.ts',
  'renderer/src/**/*.{ts,svelte,css}',
  'resources/**/*.*',
];

/** Folder of the built page: built now if need be. */
export async function builtRenderer(): Promise<string> {
  await buildIfStale();
  return folder;
}

/** True when it had to be built. */
async function buildIfStale(): Promise<boolean> {
  const digest = digestOfSources();
  if (stampOf() === digest) return false;
  let taken = takeBuildLock(lockFolder);
  for (; taken === undefined; taken = takeBuildLock(lockFolder)) await sleep(LOCK_POLL_MS);
  using _lock = taken;
  if (stampOf() === digest) return false;
  const { build } = await import('vite');
  await build({ configFile: `${root}renderer/vite.config.ts` });
  writeFileSync(stampFile, digest);
  return true;
}

function digestOfSources(): string {
  const hash = createHash('sha256');
  const files = globSync(SOURCES, { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(root + file));
  return hash.digest('hex');
}

function stampOf(): string | undefined {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main && (await buildIfStale())) console.error('The page of the daemon is built.');
