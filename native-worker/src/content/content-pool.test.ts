import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { after } from 'node:test';
import { concatBytes, IntegrityError, type Bytes } from '@coffer/protocol/core';
import {
  ChunkSealer,
  createChunker,
  openChunk,
  sealChunk,
  type ChunkRef,
  type SealedChunk,
} from '@coffer/protocol/content/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import type { SealingKeys } from '@coffer/sdk';
import { createNodeFileSystem } from '../adapters/node-file-system.ts';
import { FileChanged } from '../executor/stable-read.ts';
import { LocalFault } from '../ports/index.ts';
import { ContentPool } from './content-pool.ts';
import { createPooledSource } from './pooled-source.ts';

const MIB = 1024 * 1024;
const suite = await createNodeOpenSuite();
const fileSystem = createNodeFileSystem();
const folder = mkdtempSync(join(tmpdir(), 'coffer-content-'));
const pool = new ContentPool(2, 0);
const never = new AbortController().signal;
const keys: SealingKeys = {
  chunkerKey: new Uint8Array(32).fill(1),
  contentKeys: [new Uint8Array(32).fill(2), new Uint8Array(32).fill(3)],
  base: [],
};

after(async () => {
  await pool[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function seededBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  return new Uint8Array(stream.update(Buffer.alloc(length)));
}

function writeFile(name: string, content: Bytes): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function expectedOf(path: string) {
  const stat = fileSystem.lstat(path);
  assert.ok(stat);
  return stat;
}

/** What sealing in this thread gives. */
function sealedHere(file: Bytes): ChunkRef[] {
  const sealer = new ChunkSealer(suite, () => keys.contentKeys);
  const chunker = createChunker(suite, keys.chunkerKey).start();
  const refs = Array.from(chunker.push(file), (chunk) => sealer.seal(chunk, undefined).ref);
  for (const chunk of chunker.end()) refs.push(sealer.seal(chunk, undefined).ref);
  return refs;
}

test('a file is sealed in the workers as it is in one thread', async () => {
  const file = seededBytes(1, 20 * MIB + 5);
  const path = writeFile('long', file);
  const stored = new Map<string, Bytes>();
  const take = async ({ ref, parts }: SealedChunk) => {
    await sleep(0);
    stored.set(ref.id, concatBytes(...parts));
  };
  const content = await pool.sealFile(path, expectedOf(path), keys, take, never);
  assert.equal(content.size, file.length);
  assert.equal(content.sha256, createHash('sha256').update(file).digest('hex'));
  assert.deepEqual(content.chunks, sealedHere(file));
  const opened = content.chunks.map((ref) =>
    openChunk(suite, ref, stored.get(ref.id) ?? new Uint8Array(0)),
  );
  assert.ok(Buffer.from(file).equals(concatBytes(...opened)));
});

test('several files at once do not mix, also empty and short ones', async () => {
  const files = [0, 1, 5000, 3 * MIB, 9 * MIB, 5 * MIB].map((size, i) => seededBytes(i + 10, size));
  const contents = await Promise.all(
    files.map((file, i) => {
      const path = writeFile(`several ${i}`, file);
      return pool.sealFile(path, expectedOf(path), keys, () => Promise.resolve(), never);
    }),
  );
  for (const [i, content] of contents.entries()) {
    assert.deepEqual(content.chunks, sealedHere(files[i] ?? new Uint8Array(0)));
  }
});

test('chunks of the base keep their epoch', async () => {
  const file = seededBytes(30, 500_000);
  const path = writeFile('base', file);
  const { ref } = sealChunk(suite, keys.contentKeys[1] ?? new Uint8Array(0), file);
  const withBase = { ...keys, base: [ref] };
  const taken: ChunkRef[] = [];
  const take = (chunk: SealedChunk) => Promise.resolve(void taken.push(chunk.ref));
  const content = await pool.sealFile(path, expectedOf(path), withBase, take, never);
  assert.deepEqual(content.chunks, [ref]);
  assert.deepEqual(taken, [ref]);
});

test('no more is read than may wait to be taken', async () => {
  const path = writeFile('slow', seededBytes(40, 40 * MIB));
  let offered = 0;
  const opened = Promise.withResolvers<void>();
  const sealing = pool.sealFile(
    path,
    expectedOf(path),
    keys,
    async ({ ref }) => {
      offered += ref.plainLength;
      await opened.promise;
    },
    never,
  );
  await until(() => offered >= 8 * MIB);
  await sleep(50);
  assert.ok(offered <= 13 * MIB, `${offered / MIB} MiB`);
  opened.resolve();
  assert.equal((await sealing).size, 40 * MIB);
});

test('a file that is not what was expected, changes, or is not there is refused', async () => {
  const take = () => Promise.resolve();
  const path = writeFile('changing', seededBytes(50, 40 * MIB));
  const expected = expectedOf(path);
  const other = { ...expected, mtimeNs: expected.mtimeNs + 1n };
  await assert.rejects(pool.sealFile(path, other, keys, take, never), FileChanged);
  let isCut = false;
  const cut = () => {
    if (!isCut) truncateSync(path, 39 * MIB);
    isCut = true;
    return Promise.resolve();
  };
  await assert.rejects(pool.sealFile(path, expected, keys, cut, never), FileChanged);
  await assert.rejects(
    pool.sealFile(join(folder, 'nothing'), expected, keys, take, never),
    (error) => error instanceof LocalFault && error.code === 'not-found',
  );
});

test('an abort, and a chunk that is not taken, end the reading', async () => {
  const path = writeFile('aborted', seededBytes(60, 30 * MIB));
  const aborter = new AbortController();
  let takenAfter = 0;
  const take = () => {
    if (aborter.signal.aborted) takenAfter++;
    aborter.abort();
    return Promise.resolve();
  };
  await assert.rejects(pool.sealFile(path, expectedOf(path), keys, take, aborter.signal), {
    name: 'AbortError',
  });
  const full = new Error('quota exceeded');
  const refuse = () => Promise.reject(full);
  await assert.rejects(pool.sealFile(path, expectedOf(path), keys, refuse, never), full);
  assert.equal(takenAfter, 0);
  const content = await pool.sealFile(path, expectedOf(path), keys, () => Promise.resolve(), never);
  assert.equal(content.size, 30 * MIB);
});

test('chunks are opened in the workers, and refused as here', async () => {
  const files = Array.from({ length: 12 }, (_, i) => seededBytes(80 + i, 200_000 + i));
  const opened = await Promise.all(
    files.map((file) => {
      const { ref, parts } = sealChunk(suite, keys.chunkerKey, file);
      return pool.open(ref, concatBytes(...parts));
    }),
  );
  assert.ok(files.every((file, i) => Buffer.from(file).equals(opened[i] ?? new Uint8Array(0))));
  const { ref, parts } = sealChunk(suite, keys.chunkerKey, seededBytes(90, 5000));
  const stored = concatBytes(...parts);
  stored[77] = (stored[77] ?? 0) ^ 1;
  await assert.rejects(
    pool.open(ref, stored.subarray()),
    (error) => error instanceof IntegrityError && error.code === 'digest-mismatch',
  );
});

test('a little is done in this thread, until it is worth the start of others', async () => {
  await using lazy = new ContentPool(2, 6 * MIB);
  const path = writeFile('little', seededBytes(71, 3 * MIB));
  const file = { path, expected: expectedOf(path), advanced: () => undefined };
  assert.ok(!('sealChunks' in createPooledSource(lazy, fileSystem, file)));
  const { ref, parts } = sealChunk(suite, keys.chunkerKey, seededBytes(72, 200_000));
  const stored = concatBytes(...parts);
  await lazy.open(ref, stored);
  assert.ok(stored.length > 0, 'the buffer was given to another thread');
  assert.ok('sealChunks' in createPooledSource(lazy, fileSystem, file));
  await lazy.rest();
  assert.ok(!('sealChunks' in createPooledSource(lazy, fileSystem, file)));
});

test('a pool of one seals alone, works again after a rest, and refuses once stopped', async () => {
  const single = new ContentPool(1, 0);
  const file = seededBytes(70, 6 * MIB);
  const path = writeFile('single', file);
  const source = createPooledSource(single, fileSystem, {
    path,
    expected: expectedOf(path),
    advanced: (bytes) => {
      advanced += bytes;
    },
  });
  let advanced = 0;
  assert.ok('sealChunks' in source);
  const content = await source.sealChunks(keys, () => Promise.resolve(), never);
  assert.deepEqual(content.chunks, sealedHere(file));
  assert.equal(advanced, file.length);
  assert.ok(Buffer.from(file).equals(concatBytes(...source)));
  await single.rest();
  assert.deepEqual(await source.sealChunks(keys, () => Promise.resolve(), never), content);
  await single[Symbol.asyncDispose]();
  await assert.rejects(
    source.sealChunks(keys, () => Promise.resolve(), never),
    {
      name: 'Defect',
    },
  );
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(5);
}
