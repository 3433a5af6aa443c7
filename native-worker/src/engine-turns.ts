/** One thing at a time, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `action` when its turn comes; rejects with the signal's reason if that is aborted first. */
  async take<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last;
    const turn = (async (): Promise<T> => {
      await before;
      signal?.throwIfAborted();
      return action();
    })();
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
