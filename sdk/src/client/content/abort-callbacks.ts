/**
 * Callbacks for the end of a signal that thousands of calls share. A signal walks all its listeners
 * whenever one is added; here it has one.
 */
export class AbortCallbacks {
  readonly #callbacksBySignal = new WeakMap<AbortSignal, Set<() => void>>();

  /** `callback` runs once when `signal` aborts, unless the returned function is called before. */
  add(signal: AbortSignal, callback: () => void): () => void {
    const callbacks = this.#callbacksBySignal.get(signal) ?? this.#listen(signal);
    callbacks.add(callback);
    return () => {
      callbacks.delete(callback);
    };
  }

  #listen(signal: AbortSignal): Set<() => void> {
    const callbacks = new Set<() => void>();
    this.#callbacksBySignal.set(signal, callbacks);
    signal.addEventListener(
      'abort',
      () => {
        for (const callback of callbacks) callback();
        callbacks.clear();
      },
      { once: true },
    );
    return callbacks;
  }
}
