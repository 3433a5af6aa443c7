/** Builds `renderer/dist` when it is older than what it is made of: told by a digest of the sources, kept beside it. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${root}renderer/dist`;
const stampFile = `${folder}/sources.stamp`;
const SOURCES = [
  'package-lock.json',
  'renderer/index.html',
  'renderer/vite.config.ts',
  'renderer/src/**/*.{ts,svelte,css}',
  'resources/**/*.*',
];

/** Folder of the built page: built now if need be. */
export async function builtRenderer(): Promise<string> {
  const digest = digestOfSources();
  if (stampOf() !== digest) {
    const { build } = await import('vite');
    await build({ configFile: `${root}renderer/vite.config.ts` });
    writeFileSync(stampFile, digest);
  }
  return folder;
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

if (import.meta.main) {
  const began = performance.now();
  await builtRenderer();
  console.error(`renderer/dist is built (${((performance.now() - began) / 1000).toFixed(1)} s).`);
}
