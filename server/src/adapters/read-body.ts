import type { Readable } from 'node:stream';
import { PACK_SIZE_BYTES_MAX } from '@coffer/protocol/core';
import { Failure } from '../failure.ts';

/** What bodies under way may take together, and those of one account: eight packs. */
const BUDGET_BYTES = 512 * 1024 * 1024;
const BUDGET_BYTES_PER_SENDER = 8 * PACK_SIZE_BYTES_MAX;

/**
 * Bounds the memory of bodies that are on their way, however many connections send them and however
 * slowly: past it a request is told to come again.
 */
export class BodyBudget {
  readonly #bytesBySender = new Map<string, number>();
  readonly #bytesMax: number;
  readonly #bytesPerSenderMax: number;
  #bytes = 0;

  constructor(bytesMax = BUDGET_BYTES, bytesPerSenderMax = BUDGET_BYTES_PER_SENDER) {
    this.#bytesMax = bytesMax;
    this.#bytesPerSenderMax = bytesPerSenderMax;
  }

  /** Answers what gives the room back, once. Throws Failure `unavailable` when there is none. */
  reserve(sender: string, bytes: number): () => void {
    const own = this.#bytesBySender.get(sender) ?? 0;
    if (this.#bytes + bytes > this.#bytesMax || own + bytes > this.#bytesPerSenderMax) {
      throw new Failure('unavailable');
    }
    this.#add(sender, bytes);
    let isReserved = true;
    return () => {
      if (isReserved) this.#add(sender, -bytes);
      isReserved = false;
    };
  }

  #add(sender: string, bytes: number): void {
    this.#bytes += bytes;
    const own = (this.#bytesBySender.get(sender) ?? 0) + bytes;
    if (own === 0) this.#bytesBySender.delete(sender);
    else this.#bytesBySender.set(sender, own);
  }
}

/** Smaller bodies are left to the collector of garbage. */
const KEPT_FROM_BYTES = 64 * 1024;
/** What lies ready for the bodies to come: two of the largest packs. */
const KEPT_BYTES_MAX = 2 * PACK_SIZE_BYTES_MAX;

/**
 * Buffers for large bodies, used again: made anew for each pack, they would pile up faster than they
 * are collected. What is not kept is freed at once, for the same reason. A buffer is the borrower's
 * until it is given back.
 */
export class BodyBuffers {
  readonly #freeBySize = new Map<number, Buffer<ArrayBuffer>[]>();
  readonly #wholeByView = new WeakMap<Buffer, Buffer<ArrayBuffer>>();
  #freeBytes = 0;

  borrow(lengthBytes: number): Buffer {
    if (lengthBytes < KEPT_FROM_BYTES || lengthBytes > PACK_SIZE_BYTES_MAX) {
      return Buffer.allocUnsafeSlow(lengthBytes);
    }
    const size = sizeFor(lengthBytes);
    const kept = this.#freeBySize.get(size)?.pop();
    if (kept !== undefined) this.#freeBytes -= size;
    const whole = kept ?? Buffer.allocUnsafeSlow(size);
    const view = whole.subarray(0, lengthBytes);
    this.#wholeByView.set(view, whole);
    return view;
  }

  /** Nobody may look at `buffer` any more. */
  giveBack(buffer: Buffer): void {
    const whole = this.#wholeByView.get(buffer);
    if (whole === undefined) return;
    this.#wholeByView.delete(buffer);
    const size = whole.length;
    if (this.#freeBytes + size > KEPT_BYTES_MAX) {
      whole.buffer.transfer(0);
      return;
    }
    const free = this.#freeBySize.get(size) ?? [];
    free.push(whole);
    this.#freeBySize.set(size, free);
    this.#freeBytes += size;
  }
}

/** The power of two that has room: few sizes, so that buffers fit the bodies to come. */
function sizeFor(lengthBytes: number): number {
  let size = KEPT_FROM_BYTES;
  while (size < lengthBytes) size *= 2;
  return size;
}

/**
 * A request's body, of at most `sizeBytesMax`, in one buffer where its length was announced:
 * gathering parts and joining them would take twice the memory. Throws Failure.
 */
export async function readBody(
  stream: Readable,
  buffers: BodyBuffers,
  limits: { readonly announced: string | undefined; readonly sizeBytesMax: number },
): Promise<Buffer> {
  const { announced, sizeBytesMax } = limits;
  if (announced === undefined) return gather(stream, sizeBytesMax);
  const lengthBytes = Number(announced);
  if (!Number.isSafeInteger(lengthBytes)) throw new Failure('malformed');
  if (lengthBytes > sizeBytesMax) throw new Failure('too-large');
  const body = buffers.borrow(lengthBytes);
  try {
    let readBytes = 0;
    for await (const part of stream as AsyncIterable<Buffer>) {
      if (readBytes + part.length > lengthBytes) throw new Failure('malformed');
      part.copy(body, readBytes);
      readBytes += part.length;
    }
    if (readBytes !== lengthBytes) throw new Failure('malformed');
    return body;
  } catch (error) {
    buffers.giveBack(body);
    throw error;
  }
}

async function gather(stream: Readable, sizeBytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let readBytes = 0;
  for await (const part of stream as AsyncIterable<Buffer>) {
    readBytes += part.length;
    if (readBytes > sizeBytesMax) throw new Failure('too-large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}
