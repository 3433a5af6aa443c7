import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import test from 'node:test';
import {
  concatBytes,
  IntegrityError,
  type Bytes,
  type DeviceId,
  type Digest,
  type IntegrityCode,
  type NodeId,
  type SpaceId,
} from '@coffer/protocol/core';
import { encodeReadFrame } from '@coffer/protocol/api';
import { pageId } from '@coffer/protocol/content';
import {
  openChunk,
  sealForeignChunk,
  sealPages,
  type ChunkRef,
  type SealedPages,
} from '@coffer/protocol/content/open';
import { createNodeOpenSuite } from '@coffer/protocol/suites/node-open';
import type { FetchSink, NodeView } from '../space-changes.ts';
import { fetchContents, type FileToFetch } from './fetch-contents.ts';
import { MemoryContentApi } from './testing/memory-content-api.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const suite = await createNodeOpenSuite();
const never = new AbortController().signal;
const space = '51'.repeat(16) as SpaceId;
const nodeKey = new Uint8Array(32).fill(3);
const options = {
  suite,
  startSha256: () => createHash('sha256'),
  yieldTurn: () => nextTurn(),
};

function seededBytes(seed: number, length: number): Uint8Array<ArrayBuffer> {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  return new Uint8Array(stream.update(Buffer.alloc(length)));
}

/** Chunks of `file`, each of `chunkSize` bytes, at the server. */
function storeChunks(api: MemoryContentApi, file: Bytes, chunkSize: number): ChunkRef[] {
  const refs: ChunkRef[] = [];
  for (let at = 0; at < file.length; at += chunkSize) {
    const { ref, parts } = sealForeignChunk(suite, file.subarray(at, at + chunkSize));
    api.bodies.set(ref.id, concatBytes(...parts));
    refs.push(ref);
  }
  return refs;
}

function nodeView(id: NodeId, file: Bytes): NodeView {
  return {
    id,
    parent: '52'.repeat(16) as NodeId,
    kind: 'file',
    rev: 1,
    name: 'file',
    size: file.length,
    sha256: createHash('sha256').update(file).digest('hex') as Digest,
    mtimeMs: 0,
    executable: false,
    target: null,
    contentId: null,
    copyOf: null,
    written: null,
    changed: { time: 0, device: '53'.repeat(16) as DeviceId },
    trashed: false,
    from: null,
    keepUntil: null,
  };
}

/** A file at the server, ready to be fetched. */
function storeFile(
  api: MemoryContentApi,
  index: number,
  file: Bytes,
  chunkSize = MIB,
): FileToFetch {
  return fileOf(api, index, file, storeChunks(api, file, chunkSize));
}

function fileOf(
  api: MemoryContentApi,
  index: number,
  file: Bytes,
  chunks: readonly ChunkRef[],
): FileToFetch {
  const node = (index + 1).toString(16).padStart(32, 'a') as NodeId;
  const sealed: SealedPages = sealPages(suite, { space, node, kr: 1, key: nodeKey }, chunks);
  for (const page of sealed.pages) api.bodies.set(pageId(suite, page), page);
  const keyOf = (kr: number) => (kr === 1 ? nodeKey : undefined);
  return {
    index,
    node: nodeView(node, file),
    content: sealed.content,
    place: { space, node, keyOf },
  };
}

class RecordingSink implements FetchSink {
  readonly calls: string[] = [];
  readonly slices = new Map<number, Bytes[]>();
  readonly errors = new Map<number, unknown>();
  onWrite: (index: number) => void = () => undefined;
  begin(index: number): void {
    this.calls.push(`begin ${index}`);
    this.slices.set(index, []);
  }
  write(index: number, plaintext: Bytes): void {
    this.slices.get(index)?.push(plaintext.slice());
    this.onWrite(index);
  }
  end(index: number): void {
    this.calls.push(`end ${index}`);
  }
  fail(index: number, error: unknown): void {
    this.calls.push(`fail ${index}`);
    this.errors.set(index, error);
  }
  has(index: number, file: Bytes): boolean {
    return Buffer.from(file).equals(concatBytes(...(this.slices.get(index) ?? [])));
  }
}

async function fetchAll(api: MemoryContentApi, files: readonly FileToFetch[]) {
  const sink = new RecordingSink();
  await fetchContents({ ...options, api }, files, sink, never);
  return sink;
}

function failedWith(sink: RecordingSink, index: number, code: IntegrityCode): void {
  const error = sink.errors.get(index);
  assert.ok(error instanceof IntegrityError, `file ${index}: ${String(error)}`);
  assert.equal(error.code, code);
}

test('files of any size come in order and whole', async () => {
  const api = new MemoryContentApi(suite);
  const contents = [0, 1, 5000, 3 * MIB, 0, 70_000].map((size, i) => seededBytes(i, size));
  const sink = await fetchAll(
    api,
    contents.map((file, i) => storeFile(api, i, file)),
  );
  assert.deepEqual(
    sink.calls,
    contents.flatMap((_, i) => [`begin ${i}`, `end ${i}`]),
  );
  for (const [i, file] of contents.entries()) assert.ok(sink.has(i, file));
  assert.equal(api.readCalls.length, 1);
});

test('thousands of small files come with a handful of requests', async () => {
  const api = new MemoryContentApi(suite);
  const contents = Array.from({ length: 9000 }, (_, i) => seededBytes(i, 100 + (i % 900)));
  const files = contents.map((file, i) => storeFile(api, i, file));
  const sink = await fetchAll(api, files);
  assert.equal(sink.errors.size, 0);
  for (const [i, file] of contents.entries()) assert.ok(sink.has(i, file));
  assert.deepEqual(
    api.readCalls.map((ids) => ids.length),
    [4096, 4096, 808],
  );
});

test('a long file comes in requests of about 16 MiB, at most three at once, pages first', async () => {
  const api = new MemoryContentApi(suite);
  const file = seededBytes(1, 64 * MIB);
  const sink = await fetchAll(api, [storeFile(api, 0, file)]);
  assert.ok(sink.has(0, file));
  assert.deepEqual(sink.calls, ['begin 0', 'end 0']);
  assert.equal(api.readCalls[0]?.length, 1, 'its page');
  for (const ids of api.readCalls.slice(1)) {
    const bytes = ids.reduce((sum, id) => sum + (api.bodies.get(id)?.length ?? 0), 0);
    assert.ok(bytes <= 16 * MIB);
  }
  assert.ok(api.readCalls.length <= 6);
  assert.equal(api.readsInFlightMax, 3);
});

test('long chunks are opened elsewhere, shared and short ones here', async () => {
  const api = new MemoryContentApi(suite);
  const file = seededBytes(8, 5 * MIB);
  const chunks = storeChunks(api, file, MIB);
  const part = seededBytes(9, MIB);
  const shared = storeChunks(api, part, MIB);
  const files = [
    fileOf(api, 0, file, chunks),
    fileOf(api, 1, concatBytes(part, part), [...shared, ...shared]),
    storeFile(api, 2, part.subarray(0, 5000)),
  ];
  const openedElsewhere: ChunkRef[] = [];
  const opener = {
    open: async (ref: ChunkRef, stored: Bytes) => {
      openedElsewhere.push(ref);
      await nextTurn();
      return openChunk(
        suite,
        ref,
        structuredClone(stored, { transfer: [stored.buffer as ArrayBuffer] }),
      );
    },
  };
  const sink = new RecordingSink();
  const last = api.bodies.get(chunks[4]?.id ?? ('' as never));
  await fetchContents({ ...options, api, opener }, files, sink, never);
  assert.ok(sink.has(0, file) && sink.has(1, concatBytes(part, part)));
  assert.deepEqual(openedElsewhere, chunks);
  assert.equal(sink.errors.size, 0);
  assert.ok(last);
  last[9000] = (last[9000] ?? 0) ^ 1;
  const again = new RecordingSink();
  await fetchContents({ ...options, api, opener }, files, again, never);
  failedWith(again, 0, 'digest-mismatch');
  assert.equal(again.errors.size, 1);
});

test('a file of many pages comes whole', async () => {
  const api = new MemoryContentApi(suite);
  const file = seededBytes(2, 3 * MIB);
  const stored = storeFile(api, 0, file, 300);
  assert.ok(stored.content.pages.length > 2);
  const sink = await fetchAll(api, [stored]);
  assert.ok(sink.has(0, file));
});

test('a chunk that many places share is asked for once', async () => {
  const api = new MemoryContentApi(suite);
  const part = seededBytes(3, 10_000);
  const [ref] = storeChunks(api, part, MIB);
  assert.ok(ref);
  const file = concatBytes(...Array.from({ length: 20 }, () => part));
  const files = Array.from({ length: 10 }, (_, i) =>
    fileOf(
      api,
      i,
      file,
      Array.from({ length: 20 }, () => ref),
    ),
  );
  const sink = await fetchAll(api, files);
  for (const { index } of files) assert.ok(sink.has(index, file));
  assert.deepEqual(api.readCalls, [[ref.id]]);
});

test('a lost chunk fails its file alone', async () => {
  const api = new MemoryContentApi(suite);
  const contents = [0, 1, 2].map((seed) => seededBytes(seed, 5000));
  const files = contents.map((file, i) => storeFile(api, i, file, 1000));
  const lost = storeChunks(api, seededBytes(9, 1000), MIB);
  files[1] = fileOf(api, 1, seededBytes(9, 1000), lost);
  for (const { id } of lost) api.bodies.delete(id);
  const sink = await fetchAll(api, files);
  failedWith(sink, 1, 'data-missing');
  assert.deepEqual(sink.calls, ['begin 0', 'end 0', 'begin 1', 'fail 1', 'begin 2', 'end 2']);
});

test('a chunk with a flipped bit fails its file alone', async () => {
  const api = new MemoryContentApi(suite);
  const contents = [0, 1, 2].map((seed) => seededBytes(seed, 5000));
  const files = contents.map((file, i) => storeFile(api, i, file));
  const body = [...api.bodies.values()][1];
  assert.ok(body);
  body[2000] = (body[2000] ?? 0) ^ 4;
  const sink = await fetchAll(api, files);
  failedWith(sink, 1, 'digest-mismatch');
  assert.ok(sink.has(0, contents[0] ?? body) && sink.has(2, contents[2] ?? body));
});

test('an announced length that is not the expected one fails the file and not the rest', async () => {
  const api = new MemoryContentApi(suite);
  const contents = [0, 1, 2].map((seed) => seededBytes(seed, 5000));
  const files = contents.map((file, i) => storeFile(api, i, file));
  const [, second] = api.bodies.keys();
  assert.ok(second);
  api.bodies.set(second, new Uint8Array(20 * MIB));
  const sink = await fetchAll(api, files);
  failedWith(sink, 1, 'malformed');
  assert.equal(sink.errors.size, 1);
  assert.equal(api.readCalls.length, 2);
});

test('chunks in another order than asked for are refused', async () => {
  const api = new MemoryContentApi(suite);
  const files = [0, 1, 2, 3, 4].map((i) => storeFile(api, i, seededBytes(i, 5000)));
  api.tamper = (_answer, ids) =>
    concatBytes(
      ...ids.toReversed().map((id) => {
        const body = api.bodies.get(id) ?? new Uint8Array(0);
        return concatBytes(encodeReadFrame(id, body.length), body);
      }),
    );
  const sink = await fetchAll(api, files);
  for (let i = 0; i < 4; i++) failedWith(sink, i, 'malformed');
  assert.ok(api.readCalls.length <= 3, 'a lying server is not asked for ever');
});

test('an answer that ends early is refused', async () => {
  const api = new MemoryContentApi(suite);
  const files = [0, 1].map((i) => storeFile(api, i, seededBytes(i, 5000)));
  api.tamper = (answer) => answer.subarray(0, 100);
  const sink = await fetchAll(api, files);
  failedWith(sink, 0, 'malformed');
  failedWith(sink, 1, 'malformed');
});

test('an answer that breaks off goes on where it stopped', async () => {
  const api = new MemoryContentApi(suite);
  const file = seededBytes(5, 9 * MIB);
  const stored = storeFile(api, 0, file);
  api.breakReadAfter = (call) => (call < 3 ? 3 * MIB : Number.POSITIVE_INFINITY);
  const sink = await fetchAll(api, [stored]);
  assert.ok(sink.has(0, file));
  assert.deepEqual(
    api.readCalls.map((ids) => ids.length),
    [9, 7, 5, 3],
  );
});

test('a connection that brings nothing fails the files that wait for it', async () => {
  const api = new MemoryContentApi(suite);
  const files = [0, 1].map((i) => storeFile(api, i, seededBytes(i, 5000)));
  api.breakReadAfter = () => 0;
  const sink = await fetchAll(api, files);
  assert.deepEqual([...sink.errors.values()].map(String), [
    'Error: the connection broke',
    'Error: the connection broke',
  ]);
});

test('a file that is not what its node says is refused at the end', async () => {
  const api = new MemoryContentApi(suite);
  const file = seededBytes(6, 5000);
  const stored = storeFile(api, 0, file);
  const otherHash = { ...stored, node: { ...stored.node, sha256: '00'.repeat(32) as Digest } };
  const shorter = { ...stored, index: 1, node: { ...stored.node, size: 4999 } };
  const longer = { ...stored, index: 2, node: { ...stored.node, size: 5001 } };
  const sink = await fetchAll(api, [otherHash, shorter, longer]);
  failedWith(sink, 0, 'digest-mismatch');
  failedWith(sink, 1, 'page-mismatch');
  failedWith(sink, 2, 'page-mismatch');
  assert.ok(!sink.calls.some((call) => call.startsWith('end')));
});

test('a lost or changed page fails its file alone', async () => {
  const api = new MemoryContentApi(suite);
  const contents = [0, 1, 2].map((seed) => seededBytes(seed, 50_000));
  const files = contents.map((file, i) => storeFile(api, i, file, 1000));
  const pageOf = (i: number) => files[i]?.content.pages[0];
  const [lost, changed] = [pageOf(0), pageOf(1)];
  assert.ok(lost && changed);
  api.bodies.delete(lost);
  const page = api.bodies.get(changed)?.slice();
  assert.ok(page);
  page[100] = (page[100] ?? 0) ^ 1;
  api.bodies.set(changed, page);
  const sink = await fetchAll(api, files);
  failedWith(sink, 0, 'data-missing');
  failedWith(sink, 1, 'page-mismatch');
  assert.deepEqual(sink.calls, ['fail 0', 'fail 1', 'begin 2', 'end 2']);
});

test('a sink that throws fails its file and the others go on', async () => {
  const api = new MemoryContentApi(suite);
  const files = [0, 1].map((i) => storeFile(api, i, seededBytes(i, 3 * MIB)));
  const sink = new RecordingSink();
  const full = new Error('the disk is full');
  sink.onWrite = (index) => {
    if (index === 0) throw full;
  };
  await fetchContents({ ...options, api }, files, sink, never);
  assert.deepEqual([...sink.errors], [[0, full]]);
  assert.deepEqual(sink.calls, ['begin 0', 'fail 0', 'begin 1', 'end 1']);
});

test('an abort ends the requests and calls the sink no more', async () => {
  const api = new MemoryContentApi(suite);
  const files = [storeFile(api, 0, seededBytes(7, 40 * MIB))];
  const aborter = new AbortController();
  const sink = new RecordingSink();
  sink.onWrite = () => {
    aborter.abort();
  };
  await assert.rejects(fetchContents({ ...options, api }, files, sink, aborter.signal), {
    name: 'AbortError',
  });
  assert.deepEqual(sink.calls, ['begin 0']);
  assert.equal(api.readsInFlight, 0);
});
