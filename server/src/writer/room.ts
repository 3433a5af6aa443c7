/** Bounds what is in work at the same time, by its size; what comes past that waits in its turn. */
export class Room {
  readonly #sizeMax: number;
  readonly #waiting: { readonly size: number; readonly start: () => void }[] = [];
  #size = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Resolves when there is room, with what gives it back. What is larger than all of it comes in alone. */
  async enter(size: number): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#fits(size)) {
      await new Promise<void>((resolve) => {
        this.#waiting.push({ size, start: resolve });
      });
    } else {
      this.#size += size;
    }
    return () => this.#leave(size);
  }

  #fits(size: number): boolean {
    return this.#size === 0 || this.#size + size <= this.#sizeMax;
  }

  #leave(size: number): void {
    this.#size -= size;
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.size);) {
      this.#waiting.shift();
      this.#size += next.size;
      next.start();
      next = this.#waiting[0];
    }
  }
}
