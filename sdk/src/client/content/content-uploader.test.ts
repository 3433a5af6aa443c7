import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import test from 'node:test';
import { concatBytes, IntegrityError, type Bytes, type Digest } from '@coffer/protocol/core';
import {
  createFixedChunker,
  openChunk,
  sealChunk,
  type ChunkRef,
} from '@coffer/protocol/content/open';
import type { SealingKeys, SelfSealingSource, UploadedContent } from '../space-changes.ts';
import type { MemoryContentApi } from './testing/memory-content-api.ts';
import { chunker, contentKey, seededBytes, setUp, suite } from './testing/test-uploader.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const never = new AbortController().signal;

function sha256(bytes: Bytes): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What opening every chunk at the server gives. */
function contentAt(api: MemoryContentApi, chunks: readonly ChunkRef[]): Bytes {
  return concatBytes(
    ...chunks.map((ref) => openChunk(suite, ref, api.bodies.get(ref.id) ?? new Uint8Array(0))),
  );
}

async function* slowly(slices: readonly Bytes[]): AsyncGenerator<Bytes> {
  for (const slice of slices) {
    await nextTurn();
    yield slice;
  }
}

test('a file of any size arrives as it was', async () => {
  for (const size of [0, 1, 300, 100_000, MIB, MIB + 1, 9 * MIB]) {
    const { api, uploader } = setUp();
    const file = seededBytes(size, size);
    const slices = [file.subarray(0, size / 3), file.subarray(size / 3)];
    const uploaded = await uploader.add(slowly(slices), never);
    assert.equal(uploaded.size, size);
    assert.equal(uploaded.sha256, sha256(file));
    if (size > 4 * MIB) assert.ok(uploaded.chunks.length > 1);
    assert.ok(Buffer.from(file).equals(contentAt(api, uploaded.chunks)));
  }
});

test('10,000 small files go in about ten packs and a few questions', async () => {
  const { api, uploader } = setUp();
  const all = seededBytes(20, 110 * MIB);
  const uploads: Promise<UploadedContent>[] = [];
  let at = 0;
  for (let i = 0; i < 10_000; i++) {
    const size = 200 + ((i * 7919) % 20_000);
    uploads.push(uploader.add([all.subarray(at, at + size)], never));
    at += size;
  }
  const uploaded = await Promise.all(uploads);
  assert.equal(new Set(uploaded.map(({ sha256 }) => sha256)).size, 10_000);
  assert.equal(api.bodies.size, 10_000);
  assert.ok(api.packSizes.length <= 12, `${api.packSizes.length} packs`);
  assert.ok(api.missingCalls.length <= 10, `${api.missingCalls.length} questions`);
});

test('what the server has is asked for and not sent', async () => {
  const { api, uploader } = setUp();
  const files = Array.from({ length: 500 }, (_, i) => seededBytes(i, 5000));
  await Promise.all(files.map((file) => uploader.add([file], never)));
  const packs = api.packSizes.length;
  const other = setUp({ api }).uploader;
  await Promise.all(files.map((file) => other.add([file], never)));
  assert.equal(api.packSizes.length, packs);
  assert.deepEqual(api.missingCalls, [500, 500]);
});

test('equal files in one batch travel once, and later not even as a question', async () => {
  const { api, uploader } = setUp();
  const file = seededBytes(30, 70_000);
  await Promise.all(Array.from({ length: 50 }, () => uploader.add([file], never)));
  await uploader.add([file], never);
  assert.deepEqual(api.missingCalls, [1]);
  assert.equal(api.packSizes.length, 1);
  assert.equal(api.bodies.size, 1);
});

test('a lone file is sent without a flush, and a flush sends at once', async () => {
  const { api, uploader } = setUp();
  await uploader.add([seededBytes(40, 100)], never);
  assert.equal(api.bodies.size, 1);
  const asleep = setUp({ clock: { now: () => 0, sleep: () => new Promise(() => undefined) } });
  const added = asleep.uploader.add([seededBytes(41, 100)], never);
  await nextTurn();
  assert.equal(asleep.api.bodies.size, 0);
  await asleep.uploader.flush();
  assert.equal(asleep.api.bodies.size, 1);
  await added;
});

test('files of synchronous sources that were added before a flush go in its packs', async () => {
  const { api, uploader } = setUp({
    clock: { now: () => 0, sleep: () => new Promise(() => undefined) },
  });
  function* source(seed: number): Generator<Bytes> {
    yield seededBytes(seed, 3000);
  }
  const adds = Array.from({ length: 500 }, (_, i) => uploader.add(source(i), never));
  await uploader.flush();
  assert.deepEqual([api.missingCalls, api.packSizes.length], [[500], 1]);
  await Promise.all(adds);
});

test('chunks that were sealed elsewhere arrive', async () => {
  const { api, uploader } = setUp();
  const refs = await uploader.addSealed(async (take) => {
    const sealed = [1, 2, 3].map((seed) => sealChunk(suite, contentKey, seededBytes(seed, 9000)));
    for (const chunk of sealed) await take(chunk);
    return sealed.map(({ ref }) => ref);
  }, never);
  assert.deepEqual(
    [...api.bodies.keys()],
    refs.map(({ id }) => id),
  );
  assert.equal(api.packSizes.length, 1);
});

test('a source that seals itself does so with the keys of the uploader', async () => {
  const { api, uploader } = setUp();
  const file = seededBytes(35, 3000);
  const { ref } = sealChunk(suite, contentKey, seededBytes(36, 10));
  const seen: SealingKeys[] = [];
  const source: SelfSealingSource = {
    *[Symbol.iterator]() {
      yield file;
    },
    sealChunks: async (keys, take) => {
      seen.push(keys);
      const chunk = sealChunk(suite, keys.contentKeys[0] ?? file, file);
      await take(chunk);
      return { size: file.length, sha256: sha256(file) as Digest, chunks: [chunk.ref] };
    },
  };
  const uploaded = await uploader.add(source, never, [ref]);
  assert.deepEqual(seen, [
    { chunkerKey: chunker.chunkerKey, contentKeys: [contentKey], base: [ref] },
  ]);
  assert.ok(Buffer.from(file).equals(contentAt(api, uploaded.chunks)));
  const foreign = setUp({ chunker: createFixedChunker() });
  await foreign.uploader.add(source, never);
  assert.equal(seen.length, 1, 'without a chunker key it is read like any source');
});

test('no more than three packs and 64 MiB are under way', async () => {
  const { api, uploader } = setUp();
  let arrived = 0;
  let produced = 0;
  let most = 0;
  const chunkOf = seededBytes(50, MIB);
  function* file(): Generator<Bytes> {
    for (let i = 0; i < 80; i++) {
      chunkOf[0] = i;
      chunkOf[600_000] = i;
      produced += chunkOf.length;
      most = Math.max(most, produced - arrived);
      yield chunkOf;
    }
  }
  api.beforePack = async (pack) => {
    await sleep(300);
    arrived += pack.length;
  };
  await uploader.add(file(), never);
  assert.equal(api.packsInFlightMax, 3);
  assert.ok(most <= 64 * MIB, `${most / MIB} MiB`);
  assert.ok(most > 40 * MIB, 'the bound was tested');
});

test('packs shrink on a slow connection and grow on a fast one', async () => {
  let now = 0;
  const clock = { now: () => now, sleep: () => nextTurn() };
  const { api, uploader } = setUp({ clock });
  let msPerMib = 8000;
  api.beforePack = (pack) => {
    now += (pack.length / MIB) * msPerMib;
  };
  await uploader.add([seededBytes(60, 20 * MIB)], never);
  assert.ok(Math.max(...api.packSizes.slice(3)) <= 4 * MIB + 64 * KIB);
  msPerMib = 10;
  api.packSizes.length = 0;
  await uploader.add([seededBytes(61, 60 * MIB)], never);
  assert.ok(Math.max(...api.packSizes) > 12 * MIB);
  assert.ok(Math.max(...api.packSizes) <= 16 * MIB);
});

test('a small pack that took a moment does not make the next ones small', async () => {
  let now = 0;
  const { api, uploader } = setUp({ clock: { now: () => now, sleep: () => nextTurn() } });
  api.beforePack = (pack) => {
    now += 50 + pack.length / 100_000;
  };
  await uploader.add([seededBytes(62, 100)], never);
  api.packSizes.length = 0;
  await uploader.add([seededBytes(63, 12 * MIB)], never);
  assert.ok((api.packSizes[0] ?? 0) > 2 * MIB, `${api.packSizes[0]} bytes`);
});

test('chunks of the base keep the epoch that they were sealed under', async () => {
  const oldKey = new Uint8Array(32).fill(8);
  const file = seededBytes(70, 8 * MIB);
  const before = setUp({ contentKeys: () => [oldKey] });
  const base = await before.uploader.add([file], never);
  const after = setUp({ api: before.api, contentKeys: () => [contentKey, oldKey] });
  const edited = concatBytes(
    file.subarray(0, 4 * MIB),
    seededBytes(71, 100),
    file.subarray(4 * MIB),
  );
  const revision = await after.uploader.add([edited], never, base.chunks);
  const baseIds = new Set(base.chunks.map(({ id }) => id));
  const added = revision.chunks.filter(({ id }) => !baseIds.has(id));
  assert.ok(added.length >= 1 && added.length <= 3, `${added.length} new chunks`);
  assert.ok(Buffer.from(edited).equals(contentAt(before.api, revision.chunks)));
  const withoutBase = setUp({ api: before.api, contentKeys: () => [contentKey, oldKey] });
  const fresh = await withoutBase.uploader.add([edited], never);
  assert.ok(fresh.chunks.every(({ id }) => !baseIds.has(id)));
});

test('a chunk of the base that the server lost is sent again as it was', async () => {
  const oldKey = new Uint8Array(32).fill(8);
  const file = seededBytes(72, 50_000);
  const { ref } = sealChunk(suite, oldKey, file);
  const { api, uploader } = setUp({ contentKeys: () => [contentKey, oldKey] });
  const uploaded = await uploader.add([file], never, [ref]);
  assert.deepEqual(uploaded.chunks, [ref]);
  assert.ok(Buffer.from(file).equals(contentAt(api, [ref])));
});

test('pages arrive and are not asked about', async () => {
  const { api, uploader } = setUp();
  const pages = [seededBytes(80, 500), seededBytes(81, 90_000)];
  await uploader.addPages(pages, never);
  assert.deepEqual([...api.bodies.values()].map(sha256).sort(), pages.map(sha256).sort());
  assert.deepEqual(api.missingCalls, []);
});

test('a failed request reaches every file that it concerns and no other', async () => {
  const { api, uploader } = setUp();
  const fault = new Error('quota exceeded');
  api.beforePack = () => {
    throw fault;
  };
  const failed = [1, 2].map((seed) => uploader.add([seededBytes(seed, 4000)], never));
  for (const result of await Promise.allSettled(failed)) {
    assert.deepEqual(result, { status: 'rejected', reason: fault });
  }
  api.beforePack = () => undefined;
  await uploader.add([seededBytes(1, 4000)], never);
  assert.equal(api.bodies.size, 1);
});

test('a malformed answer about missing chunks is an integrity error', async () => {
  const { api, uploader } = setUp();
  api.missing = () => Promise.resolve(new Uint8Array(9));
  await assert.rejects(
    uploader.add([seededBytes(1, 10)], never),
    (error) => error instanceof IntegrityError && error.code === 'malformed',
  );
});

test('a source that throws fails its file and leaves the others', async () => {
  const { api, uploader } = setUp();
  function* broken(): Generator<Bytes> {
    yield seededBytes(1, 2 * MIB);
    throw new Error('cannot be read');
  }
  const [one, other] = await Promise.allSettled([
    uploader.add(broken(), never),
    uploader.add([seededBytes(2, 100)], never),
  ]);
  assert.equal(one.status, 'rejected');
  assert.equal(other.status, 'fulfilled');
  assert.equal(api.bodies.size, 1, 'nothing of the broken file was sent');
});

test('an abort ends a request that serves nobody else, and only that', async () => {
  const { api, uploader } = setUp();
  const aborter = new AbortController();
  let ended = 0;
  api.beforePack = (_pack, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        ended++;
        reject(signal.reason as Error);
      });
      aborter.abort();
    });
  const file = seededBytes(90, 3000);
  await assert.rejects(uploader.add([file], aborter.signal), { name: 'AbortError' });
  assert.equal(ended, 1);

  api.beforePack = () => nextTurn();
  const second = new AbortController();
  const shared = [uploader.add([file], second.signal), uploader.add([file], never)] as const;
  await nextTurn();
  second.abort();
  await assert.rejects(shared[0], { name: 'AbortError' });
  assert.equal((await shared[1]).sha256, sha256(file));
  assert.equal(api.bodies.size, 1);
});

test('an abort releases a caller whose source hangs and the ones in line', async () => {
  const { uploader } = setUp();
  const aborter = new AbortController();
  async function* hanging(): AsyncGenerator<Bytes> {
    yield new Uint8Array(1);
    await new Promise(() => undefined);
  }
  const adds = Array.from({ length: 8 }, () => uploader.add(hanging(), aborter.signal));
  const settled = Promise.allSettled(adds);
  await nextTurn();
  aborter.abort();
  assert.ok((await settled).every(({ status }) => status === 'rejected'));
});
