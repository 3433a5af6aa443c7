import type { AccountId } from '@coffer/protocol/core';
import { verifyKeyChain, type KeyChain } from '@coffer/protocol/model';
import type { Context } from './context.ts';

/** Chains verified and kept; each holds some 2 KiB an entry. */
const CHAINS_KEPT_MAX = 4096;

/**
 * Verified chains of accounts. They are asked for with every request, so they are kept: whoever adds
 * an entry says so with `forget`. (Servers that share a store have to tell each other.)
 */
export class KeyChains {
  readonly #context: Pick<Context, 'store' | 'suite'>;
  readonly #kept = new Map<AccountId, KeyChain>();
  #changes = 0;

  constructor(context: Pick<Context, 'store' | 'suite'>) {
    this.#context = context;
  }

  /** Undefined for an unknown account. */
  async load(account: AccountId): Promise<KeyChain | undefined> {
    const kept = this.#kept.get(account);
    if (kept !== undefined) return kept;
    const { store, suite } = this.#context;
    const changesBefore = this.#changes;
    const entries = await store.getChain(account, 0);
    if (entries.length === 0) return undefined;
    const chain = verifyKeyChain(suite, account, entries);
    // What was read while a chain changed may be from before the change.
    if (this.#changes !== changesBefore) return chain;
    this.#kept.set(account, chain);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > CHAINS_KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
    return chain;
  }

  /** The stored chain has changed, or may have. */
  forget(account: AccountId): void {
    this.#changes++;
    this.#kept.delete(account);
  }
}
