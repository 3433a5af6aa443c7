/** Doubles that let the process end at a chosen call, before or after its effect. */

export class Crashed extends Error {
  override readonly name = 'Crashed';
}

export class CrashPoint {
  #callsLeft: number;
  readonly #isAfter: boolean;
  #calls = 0;

  /** Ends at the call number `at`, counted from 0 over everything that is wrapped. */
  constructor(at: number, isAfter: boolean) {
    this.#callsLeft = at;
    this.#isAfter = isAfter;
  }

  get calls(): number {
    return this.#calls;
  }

  /** `target` until the point is reached; from then on nothing of it works. */
  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, key) => {
        const value: unknown = Reflect.get(object, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => this.#call(() => Reflect.apply(value, object, args));
      },
    });
  }

  #call(action: () => unknown): unknown {
    this.#calls++;
    const left = this.#callsLeft--;
    if (left > 0) return action();
    if (left < 0 || !this.#isAfter) throw new Crashed();
    const result = action();
    if (!(result instanceof Promise)) throw new Crashed();
    return result.then(() => {
      throw new Crashed();
    });
  }
}
