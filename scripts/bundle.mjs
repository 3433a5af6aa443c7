// Makes the bundle of the command line: scripts/bundled.mjs says what for. Runs under Node 24.
import {
  existsSync,
  globSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import {
  bundleFolder,
  bundleLock,
  bundleRecord,
  freshBundle,
  LOCK_MS_MAX,
  readRecord,
  root,
} from './bundled.mjs';

const MAIN = 'cli/src/main.ts';
const THREADS = [
  'cli/src/daemon/engine-entry.ts',
  'native-worker/src/thread/engine-entry.ts',
  'native-worker/src/content/content-worker.ts',
  'server/src/writer/writer-entry.ts',
];
/** Packages of many modules, or slow ones. The others stay what they are: some look for files beside themselves. */
const TAKEN_IN =
  /^(@coffer|zod|@noble|@scure|libsodium-wrappers-sumo|libsodium-sumo|chokidar|readdirp)(\/|$)/;
/** From when a bundle was replaced: processes that run from it may still load parts of it. */
const KEPT_MS = 30 * 24 * 60 * 60_000;

/** @returns {boolean} */
function takeLock() {
  try {
    mkdirSync(bundleFolder, { recursive: true });
    const since = statSync(bundleLock, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > LOCK_MS_MAX)
      rmSync(bundleLock, { recursive: true });
    mkdirSync(bundleLock);
    return true;
  } catch {
    return false;
  }
}

/**
 * Sources find their neighbours by `import.meta.url`: threads among the entries here, other files where they are.
 * @param {string} out
 * @returns {import('esbuild').Plugin}
 */
const addresses = (out) => ({
  name: 'addresses',
  setup(made) {
    made.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || TAKEN_IN.test(path) ? undefined : { external: true },
    );
    made.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      // Named, the library stays whole, with every language that it speaks.
      const slim = source.replace("import { z } from 'zod'", "import * as z from 'zod'");
      const contents = slim.replaceAll(
        /new URL\('([\w-]+\.ts)', import\.meta\.url\)|import\.meta\.url/g,
        (_, neighbour) => {
          if (neighbour === undefined) return JSON.stringify(pathToFileURL(path));
          const thread = relative(root, resolve(dirname(path), neighbour));
          if (!THREADS.includes(thread)) throw new Error(`${thread} is no entry of the bundle`);
          const entry = `${out}/${thread.replace(/\.ts$/, '.mjs')}`;
          return `new URL(${JSON.stringify(pathToFileURL(entry))})`;
        },
      );
      return { contents, loader: 'ts' };
    });
  },
});

/**
 * `import` of node:http asks for each of its exports, and some of them load a second client: 35 ms for nothing.
 * @type {import('esbuild').Plugin}
 */
const plainHttp = {
  name: 'plain-http',
  setup(made) {
    made.onResolve({ filter: /^node:https?$/ }, ({ path }) => ({ path, namespace: 'plain-http' }));
    made.onLoad({ filter: /./, namespace: 'plain-http' }, ({ path }) => {
      const all = Object.getOwnPropertyDescriptors(process.getBuiltinModule(path));
      const names = Object.keys(all).filter((name) => all[name] && 'value' in all[name]);
      return {
        contents: `const it = process.getBuiltinModule(${JSON.stringify(path)});
export default it;
export const { ${names.join(', ')} } = it;`,
      };
    });
  },
};

/** @param {string} out */
async function bundle(out) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [MAIN, ...THREADS],
    outbase: root,
    outdir: out,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    keepNames: false,
    minifyWhitespace: true,
    minifySyntax: true,
    metafile: true,
    logLevel: 'silent',
    plugins: [plainHttp, addresses(out)],
  });
  const sources = Object.keys(metafile.inputs).filter((path) =>
    /^(?!node_modules\/).*\.ts$/.test(path),
  );
  const outputs = Object.entries(metafile.outputs).map(([path, { bytes }]) => [path, bytes]);
  return { sources, outputs };
}

/** What decides how imports are resolved counts, too. */
const DECIDING = [
  'package-lock.json',
  'node_modules/.package-lock.json',
  'scripts/bundle.mjs',
  ...globSync('*/package.json', { cwd: root }),
];

/** @param {number} beganMs */
async function make(beganMs) {
  const out = `${bundleFolder}${beganMs.toString(36)}`;
  const { sources, outputs } = await bundle(out);
  const paths = [...DECIDING, ...sources];
  const stats = paths.map((path) => ({ path, stat: statSync(root + path) }));
  if (stats.some(({ stat }) => stat.mtimeMs >= beganMs)) return; // Changed meanwhile: another time.
  const inputs = stats.map(({ path, stat }) => [path, stat.mtimeMs, stat.size]);
  noteReplaced();
  const entry = `${out}/${MAIN.replace(/\.ts$/, '.mjs')}`;
  writeFileSync(`${bundleRecord}.new`, JSON.stringify({ root, entry, outputs, inputs }));
  renameSync(`${bundleRecord}.new`, bundleRecord);
  removeOld(out);
}

/** Its days count from here: a process may have started from it just before. */
function noteReplaced() {
  const entry = readRecord()?.entry;
  if (!entry?.startsWith(bundleFolder) || !existsSync(entry)) return;
  const now = new Date();
  utimesSync(resolve(entry, '../../..'), now, now);
}

/** @param {string} current */
function removeOld(current) {
  for (const name of globSync('*/cli', { cwd: bundleFolder })) {
    const folder = bundleFolder + dirname(name);
    const isOld = Date.now() - statSync(folder).mtimeMs > KEPT_MS;
    if (isOld && basename(folder) !== basename(current)) rmSync(folder, { recursive: true });
  }
}

if (freshBundle() === undefined && takeLock()) {
  await make(Date.now());
  rmSync(bundleLock, { recursive: true });
}
