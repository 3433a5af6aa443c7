/**
 * Choices of a simulated world: each is a hash of the seed and of what it is about (actor, action
 * number, kind of call), never the next number of a stream. Removing one action leaves all others as
 * they were, so that a failing world can be made smaller.
 */

/** 32-bit FNV-1a with a final avalanche. */
export function hashText(text: string, seed: number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) {
    h ^= text.charCodeAt(i);
    h = Math.imul(h, 0x01000193) >>> 0;
  }
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b) >>> 0;
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35) >>> 0;
  return (h ^ (h >>> 16)) >>> 0;
}

export class Choices {
  readonly seed: number;
  constructor(seed: number) {
    this.seed = seed >>> 0;
  }

  /** An integer from 0 to `below` − 1 for the choice named `key`. */
  roll(key: string, below: number): number {
    return hashText(key, this.seed) % below;
  }

  /** True in `perThousand` of a thousand cases. */
  chance(key: string, perThousand: number): boolean {
    return this.roll(key, 1000) < perThousand;
  }

  pick<T>(key: string, from: readonly [T, ...T[]]): T {
    return from[this.roll(key, from.length)] ?? from[0];
  }

  /** Bytes that look random and depend on `key` alone. */
  bytes(key: string, length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length);
    let state = hashText(key, this.seed) | 1;
    for (let i = 0; i < length; i++) {
      // Xorshift: a few operations for each byte, and never 0.
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      out[i] = state & 0xff;
    }
    return out;
  }
}
