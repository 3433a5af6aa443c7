/**
 * What an account uses, for `status`: it is asked often, and its answer must not wait for the server
 * and, turn by turn, for the sync that runs in this thread.
 */
import type { Drive, Usage } from '@coffer/sdk';

/** How old an answer may be that is given without waiting for a new one. */
const RECENT_MS_MAX = 60_000;
/** How old an answer is at which a new one is asked for. */
const FRESH_MS_MAX = 5000;

export class RecentUsage {
  readonly #drive: Pick<Drive, 'usage'>;
  readonly #now: () => number;
  readonly #signal: AbortSignal;
  #known: { readonly usage: Usage; readonly atMs: number } | undefined;
  #asking: Promise<Usage> | undefined;

  /** `signal` ends with the drive; whoever asks may go before the answer comes. */
  constructor(drive: Pick<Drive, 'usage'>, now: () => number, signal: AbortSignal) {
    this.#drive = drive;
    this.#now = now;
    this.#signal = signal;
  }

  /** At most a minute old. Rejects as the drive does when it has to be asked for. */
  ask(): Promise<Usage> {
    const { usage, atMs } = this.#known ?? { usage: undefined, atMs: -Infinity };
    const age = this.#now() - atMs;
    if (usage !== undefined && age < FRESH_MS_MAX) return Promise.resolve(usage);
    const asked = this.#askDrive();
    if (usage === undefined || age >= RECENT_MS_MAX) return asked;
    // Who asks next hears of a failure.
    asked.catch(() => undefined);
    return Promise.resolve(usage);
  }

  #askDrive(): Promise<Usage> {
    this.#asking ??= this.#drive
      .usage(this.#signal)
      .then(
        (usage) => {
          this.#known = { usage, atMs: this.#now() };
          return usage;
        },
        (error: unknown) => {
          this.#known = undefined;
          throw error;
        },
      )
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }
}
