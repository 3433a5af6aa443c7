/** A server's content store in memory: keeps what packs bring, counts calls, and lies on demand. */
import { encodeMissing, encodeReadFrame, type BodyId } from '@coffer/protocol/api';
import { concatBytes, type Bytes } from '@coffer/protocol/core';
import { readPack } from '@coffer/protocol/content';
import type { VerifySuite } from '@coffer/protocol/crypto';
import type { ContentApi } from '../content-api.ts';

export class MemoryContentApi implements ContentApi {
  readonly bodies = new Map<BodyId, Bytes>();
  readonly missingCalls: number[] = [];
  readonly packSizes: number[] = [];
  readonly readCalls: (readonly BodyId[])[] = [];
  packsInFlight = 0;
  packsInFlightMax = 0;
  readsInFlight = 0;
  readsInFlightMax = 0;
  /** Runs before each call is answered; may wait or throw. */
  beforeMissing: (signal: AbortSignal) => Promise<void> | void = () => undefined;
  beforePack: (pack: Bytes, signal: AbortSignal) => Promise<void> | void = () => undefined;
  /** Changes the body of an answer to a read. */
  tamper: (answer: Bytes, ids: readonly BodyId[]) => Bytes = (answer) => answer;
  /** How many bytes of the answer come before the connection breaks. */
  breakReadAfter: (call: number) => number = () => Number.POSITIVE_INFINITY;
  sliceSizeBytes = 64 * 1024;
  readonly #suite: VerifySuite;

  constructor(suite: VerifySuite) {
    this.#suite = suite;
  }

  async missing(ids: readonly BodyId[], signal: AbortSignal): Promise<Bytes> {
    this.missingCalls.push(ids.length);
    await this.beforeMissing(signal);
    signal.throwIfAborted();
    return encodeMissing(ids.map((id) => !this.bodies.has(id)));
  }

  async putPack(pack: Bytes, signal: AbortSignal): Promise<void> {
    this.packSizes.push(pack.length);
    this.packsInFlight++;
    this.packsInFlightMax = Math.max(this.packsInFlightMax, this.packsInFlight);
    try {
      await this.beforePack(pack, signal);
      signal.throwIfAborted();
      for (const { id, bytes } of readPack(this.#suite, pack)) this.bodies.set(id, bytes);
    } finally {
      this.packsInFlight--;
    }
  }

  async *read(ids: readonly BodyId[], signal: AbortSignal): AsyncGenerator<Bytes> {
    const call = this.readCalls.push(ids) - 1;
    const frames = ids.flatMap((id) => {
      const body = this.bodies.get(id) ?? new Uint8Array(0);
      return [encodeReadFrame(id, body.length), body];
    });
    const answer = this.tamper(concatBytes(...frames), ids);
    const end = Math.min(answer.length, this.breakReadAfter(call));
    this.readsInFlight++;
    this.readsInFlightMax = Math.max(this.readsInFlightMax, this.readsInFlight);
    try {
      for (let at = 0; at < end; at += this.sliceSizeBytes) {
        await Promise.resolve();
        signal.throwIfAborted();
        yield answer.subarray(at, Math.min(at + this.sliceSizeBytes, end));
      }
      if (end < answer.length) throw new Error('the connection broke');
    } finally {
      this.readsInFlight--;
    }
  }
}
