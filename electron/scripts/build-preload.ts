/** Bundles the preload script: a sandboxed window takes one CommonJS file. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('../', import.meta.url));

/** Absolute path of the bundle. */
export async function builtPreload(): Promise<string> {
  const outfile = `${folder}dist/preload.cjs`;
  await build({
    entryPoints: [`${folder}src/preload/preload.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2023',
    external: ['electron'],
    logLevel: 'warning',
  });
  return outfile;
}

if (import.meta.main) console.error(`${await builtPreload()} is built.`);
