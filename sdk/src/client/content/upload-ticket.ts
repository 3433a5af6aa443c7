/** What one caller waits for: all the bodies that it handed in are at the server, or one failed. */
import type { OutgoingEntry } from './pack-sender.ts';

export class UploadTicket {
  /** Does not keep a body alive that everyone else has given up. */
  readonly isPassive: boolean;
  readonly entries = new Set<OutgoingEntry>();
  readonly #done = Promise.withResolvers<void>();
  #isComplete = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: { readonly isPassive: boolean } = { isPassive: false }) {
    this.isPassive = options.isPassive;
    // A failure is seen when `complete` is awaited or `throwIfFailed` asked, not before.
    this.#done.promise.catch(() => undefined);
  }

  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Nothing more will be handed in. Settles when it waits for no body; rejects when one failed. */
  complete(): Promise<void> {
    this.#isComplete = true;
    this.#settleIfDone();
    return this.#done.promise;
  }

  /** Waits for this body no longer: it arrived, or whoever wanted it gave it up. */
  release(entry: OutgoingEntry): void {
    this.entries.delete(entry);
    this.#settleIfDone();
  }

  failed(error: unknown): void {
    this.#failure ??= { error };
    this.#done.reject(error);
  }

  #settleIfDone(): void {
    if (this.#isComplete && this.entries.size === 0) this.#done.resolve();
  }
}
