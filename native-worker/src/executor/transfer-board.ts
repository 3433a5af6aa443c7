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
  /** Those that end with the same signal. */
  readonly siblings: Set<AbortController> | undefined;
}

interface Held {
  readonly transfer: Readonly<Transfer>;
  readonly untilMs: number;
}

/** What travels now and what people hold back, for status and progress; in memory alone. */
export class TransferBoard {
  readonly #running = new Map<OperationId, Running>();
  readonly #held = new Map<OperationId, Held>();
  /** One listener for the transfers of a signal: a signal made of two costs more than a small file. */
  readonly #under = new WeakMap<AbortSignal, Set<AbortController>>();

  /** The signal aborts when somebody holds this transfer back, and with `whole`. */
  start(transfer: Omit<Transfer, 'bytesDone'>, whole?: AbortSignal): AbortSignal {
    const aborting = new AbortController();
    if (whole?.aborted === true) aborting.abort(whole.reason);
    const siblings =
      whole === undefined ? undefined : (this.#under.get(whole) ?? this.#follow(whole));
    siblings?.add(aborting);
    const running = { transfer: { ...transfer, bytesDone: 0 }, aborting, siblings };
    this.#running.set(transfer.id, running);
    return aborting.signal;
  }

  advance(id: OperationId, bytes: number): void {
    const running = this.#running.get(id);
    if (running !== undefined) running.transfer.bytesDone += bytes;
  }

  end(id: OperationId): void {
    const running = this.#running.get(id);
    running?.siblings?.delete(running.aborting);
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

  #follow(whole: AbortSignal): Set<AbortController> {
    const transfers = new Set<AbortController>();
    this.#under.set(whole, transfers);
    const abort = (): void => {
      for (const aborting of transfers) aborting.abort(whole.reason);
    };
    whole.addEventListener('abort', abort, { once: true });
    return transfers;
  }
}
