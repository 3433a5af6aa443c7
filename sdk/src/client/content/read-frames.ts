/**
 * The answer to a read, taken apart as it comes (protocol §6). What an id may be long is known before
 * it is asked for: nothing is kept beyond that, and nothing is read behind the last frame.
 */
import { decodeReadFrame, READ_FRAME_SIZE_BYTES, type BodyId } from '@coffer/protocol/api';
import { IntegrityError, type Bytes } from '@coffer/protocol/core';
import type { ContentApi } from './content-api.ts';

export interface WantedBody {
  readonly id: BodyId;
  /** Whether a body of this length can be the one that is wanted. */
  readonly isLength: (length: number) => boolean;
}

/**
 * The bodies of `wanted` in their order, null for an absent one. IntegrityError `malformed` for
 * another id than is due or a length that it cannot have; then, and on faults, the iteration ends.
 */
export async function* readFrames(
  api: ContentApi,
  wanted: readonly WantedBody[],
  signal: AbortSignal,
): AsyncGenerator<Bytes | null, void> {
  const answer = await api.read(
    wanted.map(({ id }) => id),
    signal,
  );
  const slices = answer[Symbol.asyncIterator]();
  const source = new SliceReader(slices);
  try {
    for (const { id, isLength } of wanted) {
      const frame = decodeReadFrame(await source.take(READ_FRAME_SIZE_BYTES));
      const { lengthBytes } = frame;
      if (frame.id !== id) throw malformed('another chunk than the one that was asked for');
      if (lengthBytes !== 0 && !isLength(lengthBytes)) throw malformed('a chunk of another length');
      yield lengthBytes === 0 ? null : await source.take(lengthBytes);
    }
  } finally {
    await slices.return?.();
  }
}

/** Takes exact lengths from slices of any length. */
class SliceReader {
  readonly #slices: AsyncIterator<Bytes>;
  #slice: Bytes = new Uint8Array(0);
  #at = 0;

  constructor(slices: AsyncIterator<Bytes>) {
    this.#slices = slices;
  }

  /** The next `length` bytes: a view where they lie in one slice. */
  async take(length: number): Promise<Bytes> {
    if (this.#at + length <= this.#slice.length) {
      this.#at += length;
      return this.#slice.subarray(this.#at - length, this.#at);
    }
    const out = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.#at === this.#slice.length) await this.#next();
      const part = this.#slice.subarray(this.#at, this.#at + length - filled);
      out.set(part, filled);
      filled += part.length;
      this.#at += part.length;
    }
    return out;
  }

  async #next(): Promise<void> {
    const next = await this.#slices.next();
    if (next.done === true) throw malformed('an answer that ends too early');
    this.#slice = next.value;
    this.#at = 0;
  }
}

function malformed(what: string): IntegrityError {
  return new IntegrityError('malformed', `the server sent ${what}`);
}
