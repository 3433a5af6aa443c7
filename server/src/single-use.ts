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
