/**
 * Entry of a content worker: reads, hashes, cuts and seals large files with synchronous calls, seals
 * chunks that its fellows cut, and opens chunks of downloads. It never talks to the network and keeps nothing.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { Defect, IntegrityError, type Bytes, type Digest } from '@coffer/protocol/core';
import { BaseChunks, ChunkSealer, createChunker, openChunk } from '@coffer/protocol/content/open';
import { createNodeContentSuite } from '@coffer/protocol/suites/node-content';
import type { SealingKeys } from '@coffer/sdk';
import { createNodeFileSystem } from '../adapters/node-file-system.ts';
import { FileChanged, readStably } from '../executor/stable-read.ts';
import { LocalFault } from '../ports/index.ts';
import type { FromWorker, ToWorker, WorkerFailure } from './messages.ts';

/** Chunks that were cut and are not taken yet. */
const UNTAKEN_BYTES_MAX = 8 * 1024 * 1024;
/** Enough that a helper never waits, not so many that they pile up. */
const GIVEN_PER_HELPER_MAX = 2;

interface Job {
  readonly keys: SealingKeys;
  readonly sealer: ChunkSealer;
  readonly base: BaseChunks | undefined;
  untakenBytes: number;
  givenCount: number;
  /** Called when something was taken, or the job has ended. */
  wake: () => void;
}

if (parentPort === null) throw new Defect('content workers run in worker threads');
const port = parentPort;
const jobs = new Map<number, Job>();
const fileSystem = createNodeFileSystem();
const suite = createNodeContentSuite();

port.on('message', (message: ToWorker) => {
  handle(message);
});

function handle(message: ToWorker): void {
  if (message.kind === 'open') {
    open(message);
    return;
  }
  if (message.kind === 'begin') {
    jobs.set(message.job, newJob(message.keys));
    return;
  }
  const job = jobs.get(message.job);
  if (job === undefined) return;
  switch (message.kind) {
    case 'read':
      void runRead(job, message);
      break;
    case 'seal':
      seal(job, message.job, message.index, message.plaintext);
      giveBack(message.plaintext);
      break;
    case 'taken':
      job.untakenBytes -= message.bytes;
      if (message.wasGiven) job.givenCount--;
      job.wake();
      break;
    case 'end':
      jobs.delete(message.job);
      job.wake();
      break;
  }
}

function newJob(keys: SealingKeys): Job {
  return {
    keys,
    sealer: new ChunkSealer(suite, () => keys.contentKeys),
    base: keys.base.length > 0 ? new BaseChunks(keys.base) : undefined,
    untakenBytes: 0,
    givenCount: 0,
    wake: () => undefined,
  };
}

async function runRead(job: Job, message: ToWorker & { kind: 'read' }): Promise<void> {
  try {
    await read(job, message);
  } catch (error) {
    post({ kind: 'failed', job: message.job, failure: failureOf(error) });
  }
}

async function read(job: Job, message: ToWorker & { kind: 'read' }): Promise<void> {
  const { job: id, path, expected, helpers } = message;
  const file = createChunker(suite, job.keys.chunkerKey).start();
  const hash = createHash('sha256');
  let size = 0;
  let chunkCount = 0;
  const pass = async (plaintext: Bytes) => {
    job.untakenBytes += plaintext.length;
    const index = chunkCount++;
    if (job.givenCount < helpers * GIVEN_PER_HELPER_MAX) {
      job.givenCount++;
      const copy = plaintext.slice();
      post({ kind: 'given', job: id, index, plaintext: copy }, [copy.buffer]);
    } else {
      seal(job, id, index, plaintext);
    }
    await room(job, id);
  };
  for (const block of readStably(fileSystem, path, expected)) {
    hash.update(block);
    size += block.length;
    for (const plaintext of file.push(block)) await pass(plaintext);
    giveBack(block); // The chunker has a copy.
    if (!jobs.has(id)) return;
  }
  for (const plaintext of file.end()) await pass(plaintext);
  post({ kind: 'read', job: id, size, sha256: hash.digest('hex') as Digest, chunkCount });
}

/** Lets messages in, and waits while too much of the job is not taken. */
async function room(job: Job, id: number): Promise<void> {
  await nextTurn();
  while (job.untakenBytes >= UNTAKEN_BYTES_MAX && jobs.has(id)) {
    const { promise, resolve } = Promise.withResolvers<void>();
    job.wake = resolve;
    await promise;
  }
}

function seal(job: Job, id: number, index: number, plaintext: Bytes): void {
  const { ref, parts } = job.sealer.seal(plaintext, job.base);
  const [prefix, body] = parts();
  post({ kind: 'sealed', job: id, index, ref, parts: [prefix, body] }, [bufferOf(body)]);
}

function open({ number, ref, stored }: ToWorker & { kind: 'open' }): void {
  try {
    const plaintext = openChunk(suite, ref, stored);
    giveBack(stored);
    // The padding goes along: it costs nothing.
    post({ kind: 'opened', number, plaintext }, [plaintext.buffer]);
  } catch (error) {
    post({ kind: 'not-opened', number, failure: failureOf(error) });
  }
}

/** Sealed bytes fill a buffer of their own, which goes to the other thread without a copy. */
function bufferOf(body: Bytes): ArrayBuffer {
  const { buffer, byteLength } = body;
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  if (!isOwn) throw new Defect('sealed bytes have a buffer of their own');
  return buffer;
}

/**
 * Frees the memory of bytes that nobody reads any more. Left to the collector, it would stay until there are
 * tens of MiB of it, in every worker.
 */
function giveBack({ buffer }: Bytes): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function failureOf(error: unknown): WorkerFailure {
  if (error instanceof FileChanged) return { kind: 'changed', message: error.message };
  if (error instanceof LocalFault) {
    return { kind: 'fault', code: error.code, message: error.message };
  }
  if (error instanceof IntegrityError) {
    const { code, message, whose } = error;
    return { kind: 'integrity', code, message, whose };
  }
  return { kind: 'defect', message: error instanceof Error ? error.message : String(error) };
}
