/**
 * From plaintext chunks to sealed ones, without sealing what is sealed already: chunks of the base
 * revision are kept under the epoch that they have (protocol §5), and chunks seen a moment ago are
 * recognised by their key.
 */
import { bytesToHex, CHUNK_SIZE_BYTES_MAX, Defect, type Bytes } from '../../core/index.ts';
import type { ContentSuite } from '../../crypto/index.ts';
import {
  chunkKey,
  padChunkInto,
  sealPaddedChunk,
  type ChunkRef,
  type SealedChunk,
} from './chunk.ts';

const RECENT_CHUNKS_MAX = 16_384;

export interface OutgoingChunk {
  readonly ref: ChunkRef;
  /** The stored bytes; sealed only now when the chunk was known. */
  readonly parts: () => SealedChunk['parts'];
}

/** The chunks of a base revision, to be found by key. */
export class BaseChunks {
  readonly #refByKey = new Map<string, ChunkRef>();
  readonly #plainLengths = new Set<number>();

  constructor(chunks: readonly ChunkRef[]) {
    for (const chunk of chunks) {
      this.#refByKey.set(bytesToHex(chunk.key), chunk);
      this.#plainLengths.add(chunk.plainLength);
    }
  }

  /** Whether it is worth deriving older keys for a chunk of this length. */
  hasLength(plainLength: number): boolean {
    return this.#plainLengths.has(plainLength);
  }

  find(key: string): ChunkRef | undefined {
    return this.#refByKey.get(key);
  }
}

export class ChunkSealer {
  readonly #suite: ContentSuite;
  readonly #contentKeys: () => readonly Bytes[];
  readonly #scratch = new Uint8Array(CHUNK_SIZE_BYTES_MAX);
  readonly #recent = new Map<string, ChunkRef>();

  /** `contentKeys`: of the space's epochs, newest first, as they are at the moment. */
  constructor(suite: ContentSuite, contentKeys: () => readonly Bytes[]) {
    this.#suite = suite;
    this.#contentKeys = contentKeys;
  }

  seal(plaintext: Bytes, base: BaseChunks | undefined): OutgoingChunk {
    const padded = padChunkInto(this.#scratch, plaintext);
    const [newest, ...older] = this.#contentKeys();
    if (newest === undefined) throw new Defect('a space has an epoch');
    const key = chunkKey(this.#suite, newest, padded);
    const keyText = bytesToHex(key);
    const known = base?.find(keyText) ?? this.#recent.get(keyText);
    if (known !== undefined) return this.#resealed(known, padded, plaintext.length);
    if (base?.hasLength(plaintext.length) === true) {
      for (const contentKey of older) {
        const olderKey = bytesToHex(chunkKey(this.#suite, contentKey, padded));
        const kept = base.find(olderKey);
        if (kept !== undefined) return this.#resealed(kept, padded, plaintext.length);
      }
    }
    const { ref, parts } = sealPaddedChunk(this.#suite, key, padded, plaintext.length);
    this.#remember(keyText, ref);
    return { ref, parts: () => parts };
  }

  /**
   * Sealing is deterministic: the same bytes come out as the first time. The plain length is this
   * chunk's own: contents that differ in zeros at the end alone are padded to one chunk.
   */
  #resealed(known: ChunkRef, scratch: Bytes, plainLength: number): OutgoingChunk {
    const padded = scratch.slice();
    return {
      ref: { ...known, plainLength },
      parts: () => sealPaddedChunk(this.#suite, known.key, padded, plainLength).parts,
    };
  }

  #remember(key: string, ref: ChunkRef): void {
    if (this.#recent.size >= RECENT_CHUNKS_MAX) this.#recent.clear();
    this.#recent.set(key, ref);
  }
}
