/**
 * How fast a large file is read, hashed, cut and sealed, in one thread and in the content workers:
 * `node native-worker/src/content/testing/bench-content.ts [MiB] [workers]`. Runs in turn, prints MB/s.
 */
import { createHash, randomFillSync } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChunkSealer, createChunker } from '@coffer/protocol/content/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import type { SealingKeys } from '@coffer/sdk';
import { createNodeFileSystem } from '../../adapters/node-file-system.ts';
import { CONTENT_WORKERS_MAX, ContentPool } from '../index.ts';
import type { ExpectedFile } from '../messages.ts';
import { readStably } from '../../executor/stable-read.ts';

const MIB = 1024 * 1024;
const ROUNDS = 3;
const sizeMib = Number(process.argv[2] ?? 512);
const workers = Number(process.argv[3] ?? Math.min(CONTENT_WORKERS_MAX, availableParallelism()));
const keys: SealingKeys = {
  chunkerKey: new Uint8Array(32).fill(1),
  contentKeys: [new Uint8Array(32).fill(2)],
  base: [],
};
const fileSystem = createNodeFileSystem();
const suite = await createNodeOpenSuite();

function oneThread(path: string, expected: ExpectedFile): number {
  const sealer = new ChunkSealer(suite, () => keys.contentKeys);
  const chunker = createChunker(suite, keys.chunkerKey).start();
  const hash = createHash('sha256');
  let count = 0;
  for (const block of readStably(fileSystem, path, expected)) {
    hash.update(block);
    for (const plaintext of chunker.push(block))
      count += sealer.seal(plaintext, undefined).parts().length / 2;
  }
  for (const plaintext of chunker.end())
    count += sealer.seal(plaintext, undefined).parts().length / 2;
  hash.digest();
  return count;
}

async function inWorkers(pool: ContentPool, path: string, expected: ExpectedFile): Promise<number> {
  const { signal } = new AbortController();
  const take = () => Promise.resolve();
  return (await pool.sealFile(path, expected, keys, take, signal)).chunks.length;
}

const folder = mkdtempSync(join(tmpdir(), 'coffer-bench-'));
try {
  const path = join(folder, 'file');
  writeFileSync(path, '');
  for (let i = 0; i < sizeMib; i++) appendFileSync(path, randomFillSync(new Uint8Array(MIB)));
  const expected = fileSystem.lstat(path);
  if (expected === undefined) throw new Error('the file is gone');
  await using pool = new ContentPool(workers);
  await inWorkers(pool, path, expected); // Starts the threads.
  const report = (what: string, startedMs: number, cpu: NodeJS.CpuUsage, chunks: number): void => {
    const { user, system } = process.cpuUsage(cpu);
    const cpuSeconds = ((user + system) / 1e6).toFixed(2);
    const seconds = (performance.now() - startedMs) / 1000;
    const rate = (sizeMib * MIB) / 1e6 / seconds;
    console.log(
      `${what}: ${rate.toFixed(0)} MB/s, ${seconds.toFixed(2)} s, ${cpuSeconds} s of processors, ${chunks} chunks`,
    );
  };
  for (let round = 0; round < ROUNDS; round++) {
    let cpu = process.cpuUsage();
    let startedMs = performance.now();
    report('one thread', startedMs, cpu, oneThread(path, expected));
    cpu = process.cpuUsage();
    startedMs = performance.now();
    report(`${workers} workers`, startedMs, cpu, await inWorkers(pool, path, expected));
  }
} finally {
  rmSync(folder, { recursive: true });
}
