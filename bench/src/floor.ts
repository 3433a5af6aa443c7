/** What no program can do without: the least work of each workload, measured in the same run. */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import { measureAction, measureCommand, type Cost } from './measure.ts';

const BLOCK_BYTES = 1024 * 1024;
const suite = await createNodeOpenSuite();

/** Every file below `from` (or `from` itself) copied to the new path `to`, each flushed to the disk. */
export function copyDurably(from: string, to: string): Cost {
  return measureAction(() => {
    copyTree(from, to);
  });
}

/** Every byte below `path` read, hashed with SHA-256 and sealed with XChaCha20-Poly1305. */
export function hashAndSeal(path: string): Cost {
  const key = randomBytes(32);
  const nonce = randomBytes(24);
  const block = Buffer.alloc(BLOCK_BYTES);
  return measureAction(() => {
    for (const file of filesBelow(path)) {
      const hash = createHash('sha256');
      const fd = openSync(file, 'r');
      for (let n = readSync(fd, block); n > 0; n = readSync(fd, block)) {
        hash.update(block.subarray(0, n));
        suite.aeadSeal(key, nonce, nonce, block.subarray(0, n));
      }
      closeSync(fd);
      hash.digest();
    }
  });
}

/** Name, size and times of everything below `path`. */
export function statAll(path: string): Cost {
  return measureCommand('find', [path, '-printf', '%s %T@ %C@ %i\\n']);
}

function* filesBelow(path: string): Generator<string, void, undefined> {
  if (!lstatSync(path).isDirectory()) {
    yield path;
    return;
  }
  for (const name of readdirSync(path)) yield* filesBelow(join(path, name));
}

function copyTree(from: string, to: string): void {
  if (lstatSync(from).isDirectory()) {
    mkdirSync(to, { recursive: true });
    for (const name of readdirSync(from)) copyTree(join(from, name), join(to, name));
    return;
  }
  const fd = openSync(to, 'w');
  const input = openSync(from, 'r');
  const block = Buffer.alloc(Math.min(BLOCK_BYTES, lstatSync(from).size + 1));
  for (let n = readSync(input, block); n > 0; n = readSync(input, block))
    writeSync(fd, block, 0, n);
  closeSync(input);
  fsyncSync(fd);
  closeSync(fd);
}

/** The two trees hold the same files with the same bytes; throws otherwise. */
export function requireSameContent(a: string, b: string): void {
  for (const file of filesBelow(a)) {
    const other = b + file.slice(a.length);
    if (!readFileSync(file).equals(readFileSync(other))) throw new Error(`${other} differs`);
  }
}
