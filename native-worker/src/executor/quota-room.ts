/**
 * Whether the quota has room for large files, asked before any of their bytes goes out. What was sent of a
 * file that is refused in the middle stays at the server, leased for a day, and counts: small files would
 * meet a quota that is full of what was never committed (docs/decisions/0018).
 */
import type { Digest } from '@coffer/protocol/core';
import { CONTENT_LEASE_MS, QUOTA_ROOM_BYTES_MIN } from '../limits.ts';

/** Stored bytes of the account at this moment; no total without a limit. */
export type AskUsage = (
  signal: AbortSignal,
) => Promise<{ readonly usedBytes: number; readonly totalBytes: number | null }>;

/** A file that is to be sent. */
export interface Candidate {
  readonly sha256: Digest | null;
  readonly size: number;
  /** Bytes of its content that the space is likely to have: the size of what it replaces. */
  readonly known: number;
}

/** What a try that came to no end left at the server. */
interface Attempt {
  readonly bytes: number;
  readonly wasRefused: boolean;
  readonly atMs: number;
}

/** What is known of the room in the quota, of one pair; in memory alone. */
export class QuotaRoom {
  readonly #ask: AskUsage | undefined;
  readonly #now: () => number;
  readonly #attempts = new Map<Digest, Attempt>();

  /** Without `ask` there is room for everything. `now`: Unix ms. */
  constructor(ask: AskUsage | undefined, now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /**
   * Those of `candidates` that have room, the smallest first where not all have; `besides`: bytes of small
   * files that go at the same time. Passes the faults of the request through.
   */
  async fitting<T extends Candidate>(
    candidates: readonly T[],
    besides: number,
    signal: AbortSignal,
  ): Promise<ReadonlySet<T>> {
    const usage = candidates.length === 0 ? undefined : await this.#ask?.(signal);
    if (usage === undefined || usage.totalBytes === null) return new Set(candidates);
    let free = usage.totalBytes - usage.usedBytes - besides;
    const fitting = new Set<T>();
    for (const candidate of candidates.toSorted((a, b) => a.size - b.size)) {
      const need = this.#needOf(candidate);
      // What needs nothing goes also where more is used than there is.
      if (need > Math.max(0, free)) continue;
      free -= need;
      fitting.add(candidate);
    }
    return fitting;
  }

  /** A try ended early, after at most `bytes` of the content were sent. */
  ended(sha256: Digest | null, bytes: number, wasRefused: boolean): void {
    if (sha256 !== null) this.#attempts.set(sha256, { bytes, wasRefused, atMs: this.#now() });
  }

  arrived(sha256: Digest | null): void {
    if (sha256 !== null) this.#attempts.delete(sha256);
  }

  /** The least that it can take: what was sent before, and what it replaces, is counted already. */
  #needOf({ sha256, size, known }: Candidate): number {
    const attempt = sha256 === null ? undefined : this.#attempts.get(sha256);
    if (attempt === undefined || this.#now() - attempt.atMs > CONTENT_LEASE_MS)
      return Math.max(0, size - known);
    const rest = Math.max(0, size - known - attempt.bytes);
    // There was no room for a pack of it.
    return attempt.wasRefused ? Math.max(rest, Math.min(size, QUOTA_ROOM_BYTES_MIN)) : rest;
  }
}
