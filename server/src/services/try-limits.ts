import type { AccountId } from '@coffer/protocol/core';
import { Failure } from '../failure.ts';
import { addressKey, RateLimit } from '../rate-limit.ts';
import { normalizeName } from './account-name.ts';
import type { Context } from './context.ts';

const WINDOW_MS = 15 * 60 * 1000;
/** Codes of a second factor: whoever tries them knows the password already. */
const SECOND_FACTOR_TRIES = 5;
const PAIRING_TRIES = 10;

/**
 * How often an address may try. A name is limited together with the address only: nobody can lock
 * somebody else out.
 */
export class TryLimits {
  readonly #context: Pick<Context, 'clock'>;
  readonly #perName: RateLimit;
  readonly #perAddress: RateLimit;
  readonly #signUps: RateLimit;
  readonly #secondFactors = new RateLimit(SECOND_FACTOR_TRIES, WINDOW_MS);
  readonly #pairings = new RateLimit(PAIRING_TRIES, WINDOW_MS);

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

  /** By account, whatever the address: the code alone is short. */
  secondFactor(account: AccountId): void {
    refuse(this.#secondFactors.take(account, this.#context.clock.now()) ?? 0);
  }

  /** It was a right code. */
  secondFactorShown(account: AccountId): void {
    this.#secondFactors.forgive(account);
  }

  /** A pairing that is not there was asked for. */
  pairing(address: string): void {
    refuse(this.#pairings.take(addressKey(address), this.#context.clock.now()) ?? 0);
  }
}

function nameKey(name: string, address: string): string {
  return `${addressKey(address)} ${normalizeName(name)}`;
}

function refuse(retryAfterMs: number): void {
  if (retryAfterMs > 0) throw new Failure('rate-limited', { retryAfterMs });
}
