/** One thing at a time, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #yielding: AbortController | undefined;

  /** Runs `action` when its turn comes; rejects with the signal's reason if that is aborted first. */
  async take<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#waiting++;
    this.#yielding?.abort(new DOMException('somebody waits for a turn', 'AbortError'));
    return this.#inTurn(async () => {
      this.#waiting--;
      signal?.throwIfAborted();
      return action();
    });
  }

  /**
   * A turn that ends early when somebody else asks for one: its signal aborts then. True: it was cut
   * short, and what was left of it is for the next turn.
   */
  async takeYielding(action: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#waiting > 0) return true;
      const yielding = new AbortController();
      this.#yielding = yielding;
      try {
        await action(yielding.signal);
        return yielding.signal.aborted;
      } catch (error) {
        if (yielding.signal.aborted && error === yielding.signal.reason) return true;
        throw error;
      } finally {
        this.#yielding = undefined;
      }
    });
  }

  /** Ends a yielding turn early. */
  interrupt(): void {
    this.#yielding?.abort(new DOMException('this turn is interrupted', 'AbortError'));
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(action);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
