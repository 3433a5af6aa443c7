import type { OperationId } from '../planner/types.ts';

export interface Transfer {
  readonly id: OperationId;
  readonly pair: string;
  /** Relative to the pair's root. */
  readonly path: string;
  readonly direction: 'up' | 'down';
  readonly bytesTotal: number;
  readonly startedMs: number;
  bytesDone: number;
}

/** What travels now, for status and progress; in memory alone. */
export class TransferBoard {
  readonly #byId = new Map<OperationId, Transfer>();

  start(transfer: Omit<Transfer, 'bytesDone'>): void {
    this.#byId.set(transfer.id, { ...transfer, bytesDone: 0 });
  }

  advance(id: OperationId, bytes: number): void {
    const transfer = this.#byId.get(id);
    if (transfer !== undefined) transfer.bytesDone += bytes;
  }

  end(id: OperationId): void {
    this.#byId.delete(id);
  }

  list(): readonly Readonly<Transfer>[] {
    return [...this.#byId.values()];
  }
}
