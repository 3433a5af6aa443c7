/**
 * New recovery words on their way to a person (docs/protocol.md §2): the change that they belong to is
 * proposed by one call, waits while the person writes them down, and is made by another. Whatever ends
 * in between, nothing has changed.
 */
import { bytesToHex } from '@coffer/protocol/core';
import type { ConfirmWords } from '@coffer/sdk';
import { ControlFailure, type FailureShape } from '../contract/index.ts';
import type { Clock, Random } from '../ports/index.ts';

/** Words that nobody confirms within this time count for nothing. */
const PENDING_MS_MAX = 3_600_000;
const CHANGE_ID_BYTES = 16;

/** Words that do not count yet. */
export interface ProposedWords {
  /** What `settle` is given. */
  readonly change: string;
  readonly recoveryWords: readonly string[];
}

interface Waiting {
  readonly change: string;
  readonly answer: PromiseWithResolvers<boolean>;
  readonly done: Promise<void>;
  readonly ending: AbortController;
  isKept: boolean;
}

/** One list at a time: a new one takes the place of one that was not confirmed. */
export class PendingWords implements Disposable {
  readonly #clock: Clock;
  readonly #random: Random;
  #waiting: Waiting | undefined;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Runs `action` until it has words; undefined when it was done without any. It goes on after the
   * answer of `settle`, by a signal of its own: whoever asked may be gone by then.
   */
  async propose(
    action: (confirmWords: ConfirmWords, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<ProposedWords | undefined> {
    signal.throwIfAborted();
    this.#dropUnconfirmed();
    const ending = new AbortController();
    const shown = Promise.withResolvers<readonly string[]>();
    const answer = Promise.withResolvers<boolean>();
    const confirmWords: ConfirmWords = (words) => {
      shown.resolve(words);
      return answer.promise;
    };
    const giveUp = (): void => ending.abort(signal.reason);
    signal.addEventListener('abort', giveUp);
    const done = action(confirmWords, ending.signal).finally(() => ending.abort());
    done.catch(() => undefined);
    const recoveryWords = await Promise.race([shown.promise, done.then(() => undefined)]).finally(
      () => signal.removeEventListener('abort', giveUp),
    );
    if (recoveryWords === undefined) return undefined;
    const change = bytesToHex(this.#random.bytes(CHANGE_ID_BYTES));
    const waiting = { change, answer, done, ending, isKept: false };
    // Another one may have come meanwhile.
    this.#dropUnconfirmed();
    this.#waiting = waiting;
    void this.#expire(waiting);
    return { change, recoveryWords };
  }

  /**
   * Makes the change, or drops it. Asked again for a change that is being made, or was, it tells how
   * that ended. Throws ControlFailure `not-found` for one that is not known: nothing was changed by it.
   */
  async settle(change: string, isKept: boolean): Promise<void> {
    const waiting = this.#waiting;
    if (waiting?.change !== change) throw new ControlFailure(UNKNOWN_CHANGE);
    if (isKept || waiting.isKept) {
      waiting.isKept = true;
      waiting.answer.resolve(true);
      return waiting.done;
    }
    this.#drop(waiting);
  }

  [Symbol.dispose](): void {
    if (this.#waiting !== undefined) this.#drop(this.#waiting);
  }

  async #expire(waiting: Waiting): Promise<void> {
    await this.#clock.sleep(PENDING_MS_MAX, waiting.ending.signal).catch(() => undefined);
    if (!waiting.isKept) this.#drop(waiting);
  }

  /** A change that is being made goes on to its end. */
  #dropUnconfirmed(): void {
    if (this.#waiting?.isKept === false) this.#drop(this.#waiting);
  }

  #drop(waiting: Waiting): void {
    waiting.answer.resolve(false);
    waiting.ending.abort();
    if (this.#waiting === waiting) this.#waiting = undefined;
  }
}

const UNKNOWN_CHANGE: FailureShape = {
  code: 'not-found',
  message: 'these new words are not known here any more: it took too long, or Coffer started anew',
  hint: 'The words just shown count for nothing. Begin again.',
};
