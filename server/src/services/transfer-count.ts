import type { SpaceId } from '@coffer/protocol/core';
import type { Context } from './context.ts';

const WRITTEN_FROM_BYTES = 64 * 1024 * 1024;

/** Bytes that were read of each space. Written in large steps: a crash forgets the last one. */
export class TransferCount {
  readonly #context: Pick<Context, 'store'>;
  readonly #bytesBySpace = new Map<SpaceId, number>();

  constructor(context: Pick<Context, 'store'>) {
    this.#context = context;
  }

  async add(space: SpaceId, bytes: number): Promise<void> {
    const sum = (this.#bytesBySpace.get(space) ?? 0) + bytes;
    this.#bytesBySpace.set(space, sum);
    if (sum >= WRITTEN_FROM_BYTES) await this.#write(space);
  }

  async writeAll(): Promise<void> {
    await Promise.all([...this.#bytesBySpace.keys()].map((space) => this.#write(space)));
  }

  async #write(space: SpaceId): Promise<void> {
    const bytes = this.#bytesBySpace.get(space) ?? 0;
    this.#bytesBySpace.delete(space);
    if (bytes > 0) await this.#context.store.addTransfer(space, bytes);
  }
}
