/**
 * Cutting files into chunks (protocol §5). Up to 1 MiB a file is one chunk; longer ones are cut
 * where their content says so, so that an edit changes the chunks around it alone.
 *
 * [Note: How cuts are chosen] A public gear hash over the last 32 bytes proposes about every 1024th
 * byte; a keyed function of the last 64 bytes picks among the proposed. Lengths of chunks are all
 * that the server sees of it, and without the key they tell nothing about known or guessed content.
 * Near the target size the threshold rises, which keeps lengths close to it.
 */
import {
  assert,
  CHUNK_SIZE_BYTES_MAX,
  CHUNK_SIZE_BYTES_MIN,
  CHUNK_SIZE_BYTES_TARGET,
  SINGLE_CHUNK_SIZE_BYTES_MAX,
  type Bytes,
} from '../../../core/index.ts';
import type { VerifySuite } from '../../../crypto/index.ts';
import { createCutScanner, SCAN_SIZE_BYTES_MAX, type CutScanner } from './cut-scanner.ts';

/** Of 2^16, for cuts that leave a chunk shorter than the target size. */
export const CUT_THRESHOLD_BELOW_TARGET = 48;
/** Of 2^16, for cuts that leave a chunk of the target size or longer. */
export const CUT_THRESHOLD_FROM_TARGET = 192;
/** What is taken in at once: after a cut at most this much moves to the front of the buffer. */
const INTAKE_SIZE_BYTES = 512 * 1024;

export interface Chunker {
  /** What decides about the cuts, so that others can cut the same; null where nothing does. */
  readonly chunkerKey: Bytes | null;
  /** Begins a file. Any number of files may be under way. */
  readonly start: () => FileChunker;
}

/** The chunks of one file, given its bytes in slices of any length. */
export interface FileChunker {
  /**
   * Takes in `bytes` (they are copied) and yields the chunks that are complete: views that hold
   * until the next step of the iteration, which is to be run to its end.
   */
  readonly push: (bytes: Bytes) => Iterable<Bytes>;
  /** Yields what is left; nothing may be pushed afterwards. */
  readonly end: () => Iterable<Bytes>;
}

/** Content-defined chunks under the chunker key of a space (32 bytes, the first 16 count). */
export function createChunker(suite: VerifySuite, chunkerKey: Bytes): Chunker {
  assert(chunkerKey.length >= 16, 'a chunker key has at least 16 bytes');
  const scanner = createCutScanner(suite, chunkerKey);
  return {
    chunkerKey,
    start: () => new BufferedChunker(contentCuts(scanner), SINGLE_CHUNK_SIZE_BYTES_MAX),
  };
}

/** Chunks of exactly 1 MiB, the last one shorter: content of others, which must reveal nothing. */
export function createFixedChunker(): Chunker {
  return { chunkerKey: null, start: () => new BufferedChunker(fixedCuts, 0) };
}

/**
 * Length of the chunk at the start of `held`, or 0 when the `filled` bytes hold no cut, of which the
 * first `scanned` are known to hold none.
 */
type FindCut = (held: Bytes, filled: number, scanned: number) => number;

class BufferedChunker implements FileChunker {
  readonly #findCut: FindCut;
  /** A file that ends at this length or before is not cut. */
  readonly #uncutLengthMax: number;
  #held = new Uint8Array(0);
  #filled = 0;
  #scanned = 0;
  #isLong = false;

  constructor(findCut: FindCut, uncutLengthMax: number) {
    this.#findCut = findCut;
    this.#uncutLengthMax = uncutLengthMax;
  }

  *push(bytes: Bytes): Iterable<Bytes> {
    for (let at = 0; at < bytes.length; at += INTAKE_SIZE_BYTES) {
      this.#append(bytes.subarray(at, at + INTAKE_SIZE_BYTES));
      this.#isLong ||= this.#filled > this.#uncutLengthMax;
      if (this.#isLong) yield* this.#cut();
    }
  }

  *end(): Iterable<Bytes> {
    const rest = this.#held.subarray(0, this.#filled);
    this.#held = new Uint8Array(0);
    this.#filled = 0;
    if (rest.length > 0) yield rest;
  }

  *#cut(): Iterable<Bytes> {
    for (;;) {
      const length = this.#findCut(this.#held, this.#filled, this.#scanned);
      this.#scanned = this.#filled;
      if (length === 0) return;
      yield this.#held.subarray(0, length);
      this.#held.copyWithin(0, length, this.#filled);
      this.#filled -= length;
      this.#scanned = 0;
    }
  }

  #append(bytes: Bytes): void {
    const filled = this.#filled + bytes.length;
    if (filled > this.#held.length) {
      // The first slice of a file is often all of it; a long file needs the largest chunk and more.
      const doubled = Math.min(this.#held.length * 2, CHUNK_SIZE_BYTES_MAX + INTAKE_SIZE_BYTES);
      const grown = new Uint8Array(Math.max(filled, doubled));
      grown.set(this.#held.subarray(0, this.#filled));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#filled);
    this.#filled = filled;
  }
}

/** No length below the minimum is tried, so that these bytes are not even hashed. */
function contentCuts(scanner: CutScanner): FindCut {
  return (held, filled, scanned) => {
    const end = Math.min(filled, CHUNK_SIZE_BYTES_MAX);
    let at = Math.max(scanned, CHUNK_SIZE_BYTES_MIN - 1);
    while (at < end) {
      // A byte at `at` would end a chunk of at + 1 bytes.
      const isBelowTarget = at + 1 < CHUNK_SIZE_BYTES_TARGET;
      const sameThresholdEnd = isBelowTarget ? CHUNK_SIZE_BYTES_TARGET - 1 : CHUNK_SIZE_BYTES_MAX;
      const size = Math.min(SCAN_SIZE_BYTES_MAX, Math.min(end, sameThresholdEnd) - at);
      const cut = scanner.scan(
        held,
        at,
        size,
        isBelowTarget ? CUT_THRESHOLD_BELOW_TARGET : CUT_THRESHOLD_FROM_TARGET,
      );
      if (cut > 0) return at + cut;
      at += size;
    }
    return end === CHUNK_SIZE_BYTES_MAX ? CHUNK_SIZE_BYTES_MAX : 0;
  };
}

function fixedCuts(_held: Bytes, filled: number): number {
  return filled >= CHUNK_SIZE_BYTES_TARGET ? CHUNK_SIZE_BYTES_TARGET : 0;
}
