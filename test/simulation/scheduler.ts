/**
 * Simulated time and order. Every asynchronous call of the world is parked here and released one at a
 * time; which of the ready ones goes next is a choice of the seed. Time moves only when none is ready.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@coffer/sdk';
import type { Choices } from './choices.ts';

interface Parked {
  readonly key: string;
  readonly readyAt: number;
  readonly parkedAt: number;
  readonly run: () => Promise<void>;
}

const STEPS_MAX = 400_000;
/** Turns of the event loop after each step: enough for every promise chain without real input. */
const TURNS_PER_STEP = 2;
/** A call that is ready for this long goes first, so that none is parked for ever. */
const PATIENCE_MS = 60_000;

export class Scheduler {
  readonly #choices: Choices;
  readonly #parked = new Set<Parked>();
  #now: number;
  #steps = 0;
  #numbers = new Map<string, number>();

  constructor(choices: Choices, startMs: number) {
    this.#choices = choices;
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  /** Steps taken so far: a measure of how much happened. */
  get steps(): number {
    return this.#steps;
  }

  /** The `n` of the n-th call with this name: calls are named by what they are, not by when they come. */
  numberOf(name: string): number {
    const number = (this.#numbers.get(name) ?? 0) + 1;
    this.#numbers.set(name, number);
    return number;
  }

  /**
   * Runs `effect` at some later step, at least `delayMs` of simulated time away. `isDead` calls are
   * dropped: nobody waits for a crashed device's answers.
   */
  park<T>(
    name: string,
    delayMs: number,
    effect: () => T | Promise<T>,
    isDead?: () => boolean,
  ): Promise<T> {
    const key = `${name}#${this.numberOf(name)}`;
    return new Promise<T>((resolve, reject) => {
      this.#parked.add({
        key,
        parkedAt: this.#now,
        readyAt: this.#now + delayMs,
        run: async () => {
          if (isDead?.() === true) return;
          try {
            resolve(await effect());
          } catch (error) {
            reject(error);
          }
        },
      });
    });
  }

  /** A clock whose sleeps end by abort or at their time, as calls of `actor`. */
  clock(actor: string, isDead?: () => boolean): Clock {
    return {
      now: () => this.#now,
      sleep: (ms, signal) => {
        if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
        return new Promise<void>((resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          void this.park(`${actor} sleeps`, ms, () => undefined, isDead).then(resolve, reject);
        });
      },
    };
  }

  /** Releases parked calls until `isDone`, or nothing is parked, or `untilMs` is reached. */
  async run(isDone: () => boolean, untilMs = Number.POSITIVE_INFINITY): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < TURNS_PER_STEP; turn++) await nextTurn();
      if (isDone()) return;
      const next = this.#choose(untilMs);
      if (next === undefined) return;
      if (++this.#steps > STEPS_MAX)
        throw new Error(`the world does not come to rest in ${STEPS_MAX} steps`);
      this.#parked.delete(next);
      await next.run();
    }
  }

  #choose(untilMs: number): Parked | undefined {
    let ready = this.#ready();
    if (ready.length === 0) {
      if (this.#parked.size === 0) return undefined;
      const earliest = Math.min(...[...this.#parked].map(({ readyAt }) => readyAt));
      if (!(earliest <= untilMs)) {
        if (Number.isFinite(untilMs)) this.#now = Math.max(this.#now, untilMs);
        return undefined;
      }
      this.#now = earliest;
      ready = this.#ready();
    }
    const impatient = ready.find(({ readyAt }) => this.#now - readyAt > PATIENCE_MS);
    return impatient ?? ready.reduce((a, b) => (this.#rank(a) <= this.#rank(b) ? a : b));
  }

  #ready(): Parked[] {
    return [...this.#parked].filter(({ readyAt }) => readyAt <= this.#now);
  }

  #rank({ key }: Parked): number {
    return this.#choices.roll(`order ${key}`, 2 ** 30);
  }
}
