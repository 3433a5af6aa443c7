/** So many tries in so many milliseconds for one key, counted from the first of them. */
export class RateLimit {
  readonly #triesMax: number;
  readonly #windowMs: number;
  readonly #windows = new Map<string, { tries: number; readonly endsAt: number }>();

  constructor(triesMax: number, windowMs: number) {
    this.#triesMax = triesMax;
    this.#windowMs = windowMs;
  }

  /** Counts a try. Answers how long to wait when it is one too many, else undefined. */
  take(key: string, now: number): number | undefined {
    this.#forgetEnded(now);
    const window = this.#windows.get(key) ?? { tries: 0, endsAt: now + this.#windowMs };
    this.#windows.set(key, window);
    window.tries++;
    return window.tries > this.#triesMax ? window.endsAt - now : undefined;
  }

  /** The tries for this key were well meant. */
  forgive(key: string): void {
    this.#windows.delete(key);
  }

  /** Windows end in the order in which they began, which is the order of the map. */
  #forgetEnded(now: number): void {
    for (const [key, { endsAt }] of this.#windows) {
      if (endsAt > now) return;
      this.#windows.delete(key);
    }
  }
}

/** What counts as one address: an IPv4 address, or the /64 network of an IPv6 one. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::', 2) ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const zeros = address.includes('::') ? Math.max(0, 8 - before.length - after.length) : 0;
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
