/** Values that can be taken once, until they expire. At the limit the oldest is forgotten. */
export class SingleUse<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly expiresAt: number }>();
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  put(key: string, value: T, expiresAt: number): void {
    this.#entries.set(key, { value, expiresAt });
    if (this.#entries.size <= this.#entriesMax) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  take(key: string, now: number): T | undefined {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    return entry && entry.expiresAt > now ? entry.value : undefined;
  }
}

/** Keys that may be claimed once until they expire, in the order in which they expire. */
export class ClaimedOnce {
  readonly #expiryByKey = new Map<string, number>();

  /** True for the first claim of `key`, false for every other one. */
  claim(key: string, expiresAt: number, now: number): boolean {
    for (const [old, expiry] of this.#expiryByKey) {
      if (expiry > now) break;
      this.#expiryByKey.delete(old);
    }
    if (this.#expiryByKey.has(key)) return false;
    this.#expiryByKey.set(key, expiresAt);
    return true;
  }
}
