import { Failure } from '../failure.ts';
import { addressKey, RateLimit } from '../rate-limit.ts';
import { normalizeName } from './account-name.ts';
import type { Context } from './context.ts';

const WINDOW_MS = 15 * 60 * 1000;

/**
 * How often an address may try. A name is limited together with the address only: nobody can lock
 * somebody else out.
 */
export class TryLimits {
  readonly #context: Pick<Context, 'clock'>;
  readonly #perName: RateLimit;
  readonly #perAddress: RateLimit;
  readonly #signUps: RateLimit;

  constructor(context: Pick<Context, 'clock' | 'policy'>) {
    const { policy } = context;
    this.#context = context;
    this.#perName = new RateLimit(policy.signInTriesPerName, WINDOW_MS);
    this.#perAddress = new RateLimit(policy.signInTriesPerAddress, WINDOW_MS);
    this.#signUps = new RateLimit(policy.signUpTriesPerAddress, WINDOW_MS);
  }

  /** Throws `rate-limited` when this is one try too many. */
  signIn(name: string, address: string): void {
    const now = this.#context.clock.now();
    const inAll = this.#perAddress.take(addressKey(address), now);
    const forName = this.#perName.take(nameKey(name, address), now);
    refuse(Math.max(inAll ?? 0, forName ?? 0));
  }

  /** It was the right password. */
  signedIn(name: string, address: string): void {
    this.#perName.forgive(nameKey(name, address));
  }

  signUp(address: string): void {
    refuse(this.#signUps.take(addressKey(address), this.#context.clock.now()) ?? 0);
  }
}

function nameKey(name: string, address: string): string {
  return `${addressKey(address)} ${normalizeName(name)}`;
}

function refuse(retryAfterMs: number): void {
  if (retryAfterMs > 0) throw new Failure('rate-limited', { retryAfterMs });
}
