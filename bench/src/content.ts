/** The files of the workloads: the same at every run. */
import { createCipheriv } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const MEDIAN_SIZE_BYTES = 4096;
const SIGMA = 1.35;
const SIZE_BYTES_MAX = 4 * 1024 * 1024;
const BLOCK_BYTES = 4 * 1024 * 1024;
/** Files of long ago, so that nothing waits for a file that was just written. */
const FILE_TIME_SECONDS = 1_700_000_000;

/** Bytes that no one can compress, and that come again with the same seed. */
class Stream {
  readonly #cipher;
  constructor(seed: string) {
    const key = Buffer.alloc(32);
    key.write(seed);
    this.#cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  }
  bytes(length: number): Uint8Array {
    return this.#cipher.update(Buffer.alloc(length));
  }
  /** From 0 to below 1. */
  number(): number {
    const [a = 0, b = 0, c = 0] = this.bytes(3);
    return (a * 0x1_0000 + b * 0x100 + c) / 0x100_0000;
  }
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.number())) * Math.cos(2 * Math.PI * this.number());
  }
}

/** Small files with log-normal sizes around 4 KiB; returns their bytes in all. */
export function writeSmallFiles(
  root: string,
  seed: string,
  files: number,
  folders: number,
): number {
  const stream = new Stream(seed);
  let bytes = 0;
  for (let i = 0; i < files; i++) {
    const folder = join(root, `folder-${i % folders}`);
    mkdirSync(folder, { recursive: true });
    const drawn = Math.round(MEDIAN_SIZE_BYTES * Math.exp(SIGMA * stream.normal()));
    const size = Math.min(SIZE_BYTES_MAX, Math.max(1, drawn));
    writeOld(join(folder, `file-${i}.bin`), stream.bytes(size));
    bytes += size;
  }
  return bytes;
}

/** Many tiny files: for scans, which read none of them. */
export function writeTinyFiles(root: string, files: number): void {
  const FILES_A_FOLDER = 200;
  for (let i = 0; i < files; i++) {
    const folder = join(root, `folder-${Math.floor(i / FILES_A_FOLDER)}`);
    mkdirSync(folder, { recursive: true });
    writeOld(join(folder, `file-${i}.txt`), Buffer.from(`${i}\n`));
  }
}

export function writeLargeFile(path: string, seed: string, bytes: number): void {
  const stream = new Stream(seed);
  const fd = openSync(path, 'w');
  for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
    writeSync(fd, stream.bytes(Math.min(left, BLOCK_BYTES)));
  }
  closeSync(fd);
  utimesSync(path, FILE_TIME_SECONDS, FILE_TIME_SECONDS);
}

export function insertInTheMiddle(path: string, seed: string, bytes: number): void {
  const before = readFileSync(path);
  const middle = Math.floor(before.length / 2);
  const inserted = new Stream(seed).bytes(bytes);
  const after = Buffer.concat([before.subarray(0, middle), inserted, before.subarray(middle)]);
  writeFileSync(path, after);
  utimesSync(path, FILE_TIME_SECONDS + 1, FILE_TIME_SECONDS + 1);
}

function writeOld(path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes);
  utimesSync(path, FILE_TIME_SECONDS, FILE_TIME_SECONDS);
}
