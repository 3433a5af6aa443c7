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

interface Running {
  readonly transfer: Transfer;
  readonly aborting: AbortController;
}

interface Held {
  readonly transfer: Readonly<Transfer>;
  readonly untilMs: number;
}

/** What travels now and what people hold back, for status and progress; in memory alone. */
export class TransferBoard {
  readonly #running = new Map<OperationId, Running>();
  readonly #held = new Map<OperationId, Held>();

  /** The signal aborts when somebody holds this transfer back. */
  start(transfer: Omit<Transfer, 'bytesDone'>): AbortSignal {
    const aborting = new AbortController();
    this.#running.set(transfer.id, { transfer: { ...transfer, bytesDone: 0 }, aborting });
    return aborting.signal;
  }

  advance(id: OperationId, bytes: number): void {
    const running = this.#running.get(id);
    if (running !== undefined) running.transfer.bytesDone += bytes;
  }

  end(id: OperationId): void {
    this.#running.delete(id);
  }

  /** Stops a transfer, which is not started again before `untilMs`. False when there is none with this id. */
  hold(id: OperationId, untilMs: number): boolean {
    const running = this.#running.get(id);
    const transfer = running?.transfer ?? this.#held.get(id)?.transfer;
    if (transfer === undefined) return false;
    this.#held.set(id, { transfer, untilMs });
    running?.aborting.abort(new DOMException('this transfer is held back', 'AbortError'));
    return true;
  }

  release(id: OperationId): boolean {
    return this.#held.delete(id);
  }

  isHeld(id: OperationId, nowMs: number): boolean {
    const held = this.#held.get(id);
    if (held === undefined) return false;
    if (held.untilMs > nowMs) return true;
    this.#held.delete(id);
    return false;
  }

  list(): readonly Readonly<Transfer>[] {
    return [...this.#running.values()].map(({ transfer }) => transfer);
  }

  /** Held back until a person, or their time, says otherwise. */
  heldBack(nowMs: number): readonly Readonly<Transfer>[] {
    return [...this.#held.values()]
      .filter(({ transfer }) => this.isHeld(transfer.id, nowMs) && !this.#running.has(transfer.id))
      .map(({ transfer }) => transfer);
  }
}
